//! The settings of the server as flags and environment variables of the same name.

use std::ops::RangeInclusive;

use clap::builder::{BoolishValueParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum};
use server::{AddPolicy, JwtSubject, NameVisibility, Secret, Settings};

use crate::database_args::DatabaseArgs;

/// One flag and one variable for each setting of [`server::Settings`], which documents meaning and
/// default.
#[derive(Args)]
pub(crate) struct SettingsArgs {
    /// Addresses to listen on, comma-separated: address and port, or `unix:PATH`
    #[arg(
        long,
        alias = "groups-listen",
        env = "GROUPS_LISTEN",
        value_name = "ADDRESSES",
        default_value = "127.0.0.1:8080"
    )]
    listen: String,

    /// Mode of Unix sockets, in octal; `666` lets every user of the machine connect
    #[arg(
        long,
        alias = "groups-unix-socket-mode",
        env = "GROUPS_UNIX_SOCKET_MODE",
        value_name = "MODE",
        default_value = "660"
    )]
    unix_socket_mode: String,

    /// Certificate chain of the server in PEM format; then it serves HTTPS only. Read again when it changes
    #[arg(long, alias = "groups-tls-cert", env = "GROUPS_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<String>,

    /// Private key of `GROUPS_TLS_CERT` in PEM format
    #[arg(long, alias = "groups-tls-key", env = "GROUPS_TLS_KEY", value_name = "FILE")]
    tls_key: Option<String>,

    /// Address and port for `/metrics`, `/healthz` and `/readyz`; then `/metrics` is not served on the public address
    #[arg(long, alias = "groups-operations-listen", env = "GROUPS_OPERATIONS_LISTEN", value_name = "ADDRESS")]
    operations_listen: Option<String>,

    #[command(flatten)]
    database: DatabaseArgs,

    /// A streaming standby of the PostgreSQL database, without a connection pooler, from which the states of connecting clients are
    /// read when it has replayed enough. Default: none
    #[arg(long, alias = "groups-replica-url", env = "GROUPS_REPLICA_URL", value_name = "URL", hide_env_values = true)]
    replica_url: Option<String>,

    /// Shared secret of the tokens (HS256): 32 bytes or more; fewer than 16 are refused. Default: development mode, on loopback only
    #[arg(long, alias = "groups-jwt-secret", env = "GROUPS_JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    jwt_secret: Option<Secret>,

    /// Public keys of the tokens (EdDSA, ES256, PS256, RS256): a JSON Web Key Set, as a file or an `https://…` URL. May be set
    /// together with `GROUPS_JWT_SECRET`
    #[arg(long, alias = "groups-jwks", env = "GROUPS_JWKS", value_name = "FILE|URL")]
    jwks: Option<String>,

    /// File for a copy of the keys, with which the server starts if they cannot be fetched; for a URL only. Default: none
    #[arg(long, alias = "groups-jwks-cache", env = "GROUPS_JWKS_CACHE", value_name = "FILE")]
    jwks_cache: Option<String>,

    /// The `iss` that tokens must have; several comma-separated, of which they must have one. Default: not checked
    #[arg(long, alias = "groups-jwt-issuer", env = "GROUPS_JWT_ISSUER", value_name = "ISSUER")]
    jwt_issuer: Option<String>,

    /// The `aud` that tokens must have; several comma-separated, of which they must have one. Default: not checked
    #[arg(long, alias = "groups-jwt-audience", env = "GROUPS_JWT_AUDIENCE", value_name = "AUDIENCE")]
    jwt_audience: Option<String>,

    /// Which `sub` tokens can have: only UUIDs, or any text, from which the user's id is derived
    #[arg(
        long,
        alias = "groups-jwt-subject",
        env = "GROUPS_JWT_SUBJECT",
        value_name = "KIND",
        value_enum,
        default_value_t = JwtSubjectArg::Uuid
    )]
    jwt_subject: JwtSubjectArg,

    /// Seconds for which tokens are accepted after their `exp` and before their `nbf`, which has at least 5 seconds
    #[arg(long, alias = "groups-jwt-leeway-seconds", env = "GROUPS_JWT_LEEWAY_SECONDS", value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=60))]
    jwt_leeway_seconds: u32,

    /// The longest time that a token may still be valid, in seconds; tokens with a later `exp` are refused. Default: 366 days
    #[arg(long, alias = "groups-jwt-max-lifetime-seconds", env = "GROUPS_JWT_MAX_LIFETIME_SECONDS", value_name = "SECONDS", default_value_t = 31_622_400, value_parser = clap::value_parser!(u32).range(60..))]
    jwt_max_lifetime_seconds: u32,

    /// Other origins whose pages may use the server, comma-separated: `https://chat.example.org`, `capacitor://localhost`
    #[arg(
        long,
        alias = "groups-allowed-origins",
        env = "GROUPS_ALLOWED_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ','
    )]
    allowed_origins: Vec<String>,

    /// Proxies whose `Forwarded` and `X-Forwarded-For` headers name the client: IP addresses and networks (`10.0.0.0/8`),
    /// comma-separated; `unix` for proxies on a Unix socket
    #[arg(
        long,
        alias = "groups-trusted-proxies",
        env = "GROUPS_TRUSTED_PROXIES",
        value_name = "ADDRESSES",
        value_delimiter = ','
    )]
    trusted_proxies: Vec<String>,

    /// Whether trusted proxies announce their clients with the PROXY protocol (version 1 or 2); then they must: `on` or `off`
    #[arg(long, alias = "groups-proxy-protocol", env = "GROUPS_PROXY_PROTOCOL", value_name = "on|off", default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    proxy_protocol: bool,

    /// Changing requests per second and user, with bursts of four times that; 0: no limit
    #[arg(
        long,
        alias = "groups-rate-limit",
        env = "GROUPS_RATE_LIMIT",
        value_name = "PER_SECOND",
        default_value_t = 50
    )]
    rate_limit: u32,

    /// Seconds for which an idle connection stays open between requests; 0 closes it after each response
    #[arg(long, alias = "groups-keep-alive-seconds", env = "GROUPS_KEEP_ALIVE_SECONDS", value_name = "SECONDS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    keep_alive_seconds: u32,

    /// Seconds for a request head, a PROXY header or a TLS handshake
    #[arg(long, alias = "groups-header-timeout-seconds", env = "GROUPS_HEADER_TIMEOUT_SECONDS", value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    header_timeout_seconds: u32,

    /// Seconds for a request body
    #[arg(long, alias = "groups-body-timeout-seconds", env = "GROUPS_BODY_TIMEOUT_SECONDS", value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    body_timeout_seconds: u32,

    /// Client connections in total; 0: as many as the file descriptors allow
    #[arg(
        long,
        alias = "groups-max-connections",
        env = "GROUPS_MAX_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = 0
    )]
    max_connections: usize,

    /// Connections without a valid token, in total; beyond that, the one that has been silent longest is closed. 0: no limit
    #[arg(
        long,
        alias = "groups-max-anonymous-connections",
        env = "GROUPS_MAX_ANONYMOUS_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = 4_096
    )]
    max_anonymous_connections: usize,

    /// The same per IPv4 address or IPv6 /64
    #[arg(
        long,
        alias = "groups-max-anonymous-connections-per-address",
        env = "GROUPS_MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS",
        value_name = "COUNT",
        default_value_t = 1_024
    )]
    max_anonymous_connections_per_address: usize,

    /// WebSocket upgrades per second and IPv4 address or IPv6 /64, with bursts of 20 times that; 0: no limit.
    /// Behind a proxy, set it only together with `GROUPS_TRUSTED_PROXIES`
    #[arg(
        long,
        alias = "groups-max-upgrades-per-address",
        env = "GROUPS_MAX_UPGRADES_PER_ADDRESS",
        value_name = "PER_SECOND",
        default_value_t = 0
    )]
    max_upgrades_per_address: u32,

    /// Requests per second below `/v1` and IPv4 address or IPv6 /64, with bursts of 20 times that; 0: no limit.
    /// Behind a proxy, set it only together with `GROUPS_TRUSTED_PROXIES`
    #[arg(
        long,
        alias = "groups-max-requests-per-address",
        env = "GROUPS_MAX_REQUESTS_PER_ADDRESS",
        value_name = "PER_SECOND",
        default_value_t = 0
    )]
    max_requests_per_address: u32,

    /// Tokens without a valid signature per second and IPv4 address or IPv6 /64, with bursts of 20 times that; beyond, only
    /// tokens that were valid recently are checked. 0: no limit
    #[arg(
        long,
        alias = "groups-max-invalid-tokens-per-address",
        env = "GROUPS_MAX_INVALID_TOKENS_PER_ADDRESS",
        value_name = "PER_SECOND",
        default_value_t = 50
    )]
    max_invalid_tokens_per_address: u32,

    /// Concurrent WebSocket connections per user; one more is closed with 4502
    #[arg(
        long,
        alias = "groups-max-connections-per-user",
        env = "GROUPS_MAX_CONNECTIONS_PER_USER",
        value_name = "COUNT",
        default_value_t = 20
    )]
    max_connections_per_user: u32,

    /// Seconds between heartbeats of a WebSocket connection
    #[arg(long, alias = "groups-heartbeat-seconds", env = "GROUPS_HEARTBEAT_SECONDS", value_name = "SECONDS", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=3600))]
    heartbeat_seconds: u32,

    /// Maximum number of members of a group
    #[arg(long, alias = "groups-max-members", env = "GROUPS_MAX_MEMBERS", value_name = "COUNT", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_members: u32,

    /// Maximum number of groups that one user is in; 0: no limit
    #[arg(
        long,
        alias = "groups-max-groups-per-user",
        env = "GROUPS_MAX_GROUPS_PER_USER",
        value_name = "COUNT",
        default_value_t = 10_000
    )]
    max_groups_per_user: u32,

    /// Maximum number of invitations of a group that nobody has answered
    #[arg(long, alias = "groups-max-invitations", env = "GROUPS_MAX_INVITATIONS", value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_invitations: u32,

    /// Maximum number of requests to join a group that nobody has answered
    #[arg(long, alias = "groups-max-join-requests", env = "GROUPS_MAX_JOIN_REQUESTS", value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_join_requests: u32,

    /// Maximum number of users who are banned from a group
    #[arg(long, alias = "groups-max-bans", env = "GROUPS_MAX_BANS", value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_bans: u32,

    /// Maximum number of links of a group
    #[arg(long, alias = "groups-max-links", env = "GROUPS_MAX_LINKS", value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    max_links: u32,

    /// Maximum number of groups that one user creates in a day (UTC); 0: no limit. Default: 1,000, or no limit with GROUPS_RATE_LIMIT=0
    #[arg(long, alias = "groups-max-groups-per-day", env = "GROUPS_MAX_GROUPS_PER_DAY", value_name = "COUNT")]
    max_groups_per_day: Option<u64>,

    /// Maximum number of rows that the changes of one user write in a day (UTC): one per change, and one per member in it; 0: no
    /// limit. Default: 1,000,000, or no limit with GROUPS_RATE_LIMIT=0
    #[arg(long, alias = "groups-max-rows-per-day", env = "GROUPS_MAX_ROWS_PER_DAY", value_name = "COUNT")]
    max_rows_per_day: Option<u64>,

    /// Maximum number of bytes that the changes of one user write to the log in a day (UTC); 0: no limit. Default: 268,435,456
    /// (256 MiB), or no limit with GROUPS_RATE_LIMIT=0
    #[arg(long, alias = "groups-max-bytes-per-day", env = "GROUPS_MAX_BYTES_PER_DAY", value_name = "BYTES")]
    max_bytes_per_day: Option<u64>,

    /// Whom an admin can add to a group: anybody whose id they know, only people they already share a group with, or nobody
    /// (people join by invitation only)
    #[arg(
        long,
        alias = "groups-add-policy",
        env = "GROUPS_ADD_POLICY",
        value_name = "POLICY",
        value_enum,
        default_value_t = AddPolicyArg::Anybody
    )]
    add_policy: AddPolicyArg,

    /// Whose display names a member sees: those of all members, or only those of members who have made a change in one of the
    /// reader's groups, so that nobody learns a name by adding an id to a group
    #[arg(
        long,
        alias = "groups-name-visibility",
        env = "GROUPS_NAME_VISIBILITY",
        value_name = "OF",
        value_enum,
        default_value_t = NameVisibilityArg::Members
    )]
    name_visibility: NameVisibilityArg,

    /// Whether everybody can search for the groups that can be joined or asked to join, with `GET /v1/directory`: `on` or `off`
    #[arg(long, alias = "groups-directory", env = "GROUPS_DIRECTORY", value_name = "on|off", default_value = "on", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    directory: bool,

    /// Whether webhooks can be sent to addresses that are not public, such as 127.0.0.1 or 10.0.0.1: `on` or `off`
    #[arg(long, alias = "groups-webhook-allow-private", env = "GROUPS_WEBHOOK_ALLOW_PRIVATE", value_name = "on|off", default_value = "off", value_parser = on_or_off, action = ArgAction::Set)]
    webhook_allow_private: bool,

    /// Days for which the log of changes is kept. A client that was away for longer reads its list again
    #[arg(long, alias = "groups-log-days", env = "GROUPS_LOG_DAYS", value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    log_days: u32,

    /// Days for which revocations of tokens are kept: as long as tokens are valid
    #[arg(long, alias = "groups-revocation-days", env = "GROUPS_REVOCATION_DAYS", value_name = "DAYS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3_660))]
    revocation_days: u32,

    /// NATS between several servers on one PostgreSQL, instead of LISTEN and NOTIFY: `nats://…`, several comma-separated
    #[arg(long, alias = "groups-nats-url", env = "GROUPS_NATS_URL", value_name = "URL", hide_env_values = true)]
    nats_url: Option<String>,

    /// OpenTelemetry collector for traces, with OTLP over HTTP: `http://HOST:4318`. Default: no traces
    #[arg(long, alias = "groups-otlp-endpoint", env = "GROUPS_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,

    /// Part of the requests without a `traceparent` that are traced: 0 to 1. With one, the client decides
    #[arg(long, alias = "groups-traces-ratio", env = "GROUPS_TRACES_RATIO", value_name = "RATIO", default_value = "0")]
    traces_ratio: String,

    /// Worker threads for HTTP and WebSocket; 0: one per core
    #[arg(long, alias = "groups-workers", env = "GROUPS_WORKERS", value_name = "COUNT", default_value_t = 0)]
    workers: usize,

    /// SQLite: threads that read for requests, and as many for connecting clients
    #[arg(long, alias = "groups-sqlite-readers", env = "GROUPS_SQLITE_READERS", value_name = "COUNT", default_value_t = 2, value_parser = in_range(1..=64))]
    sqlite_readers: usize,

    /// PostgreSQL: connections of this server, without the two for LISTEN and NOTIFY
    #[arg(long, alias = "groups-postgres-connections", env = "GROUPS_POSTGRES_CONNECTIONS", value_name = "COUNT", default_value_t = 16, value_parser = in_range(4..=1_000))]
    postgres_connections: usize,

    /// PostgreSQL: batches that are committed at once; each has one of the connections
    #[arg(long, alias = "groups-postgres-lanes", env = "GROUPS_POSTGRES_LANES", value_name = "COUNT", default_value_t = 4, value_parser = in_range(1..=64))]
    postgres_lanes: usize,

    /// Changes that wait for the database (on PostgreSQL per lane); further ones get 429 or 503
    #[arg(long, alias = "groups-max-waiting-changes", env = "GROUPS_MAX_WAITING_CHANGES", value_name = "COUNT", default_value_t = 4_096, value_parser = in_range(16..=1_000_000))]
    max_waiting_changes: usize,

    /// The same in bytes
    #[arg(long, alias = "groups-max-waiting-change-bytes", env = "GROUPS_MAX_WAITING_CHANGE_BYTES", value_name = "BYTES", default_value_t = 33_554_432, value_parser = in_range(1_048_576..=4_294_967_296))]
    max_waiting_change_bytes: usize,

    /// Reads of each kind that wait for the database; further ones get 503
    #[arg(long, alias = "groups-max-waiting-reads", env = "GROUPS_MAX_WAITING_READS", value_name = "COUNT", default_value_t = 1_024, value_parser = in_range(16..=1_000_000))]
    max_waiting_reads: usize,

    /// Events that wait for one WebSocket connection, in bytes; beyond that it is closed with 4001
    #[arg(long, alias = "groups-max-connection-queue-bytes", env = "GROUPS_MAX_CONNECTION_QUEUE_BYTES", value_name = "BYTES", default_value_t = 65_536, value_parser = in_range(16_384..=16_777_216))]
    max_connection_queue_bytes: usize,

    /// Memory for groups that were read recently, in bytes; 0: none
    #[arg(long, alias = "groups-group-cache-bytes", env = "GROUPS_GROUP_CACHE_BYTES", value_name = "BYTES", default_value_t = 16_777_216, value_parser = in_range(0..=68_719_476_736))]
    group_cache_bytes: usize,

    /// Memory for recent changes, from which clients resume without the database, in bytes; 0: none
    #[arg(long, alias = "groups-resume-bytes", env = "GROUPS_RESUME_BYTES", value_name = "BYTES", default_value_t = 33_554_432, value_parser = in_range(0..=68_719_476_736))]
    resume_bytes: usize,

    /// Seconds for which a shutdown only makes `/readyz` return 503 before it begins, so that load balancers notice
    #[arg(long, alias = "groups-shutdown-delay-seconds", env = "GROUPS_SHUTDOWN_DELAY_SECONDS", value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=300))]
    shutdown_delay_seconds: u32,

    /// Seconds over which WebSocket connections are closed in a shutdown, so that clients do not reconnect all at once
    #[arg(long, alias = "groups-drain-seconds", env = "GROUPS_DRAIN_SECONDS", value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=5))]
    drain_seconds: u32,
}

/// `on` or `off`, as for other switches. Empty counts as `off`, so that a variable can be reset.
fn on_or_off(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "1" | "true" | "yes" => Ok(true),
        "off" | "0" | "false" | "no" | "" => Ok(false),
        _ => Err("must be `on` or `off`".to_owned()),
    }
}

/// A number of things or bytes within a range.
fn in_range(range: RangeInclusive<u64>) -> impl TypedValueParser<Value = usize> {
    clap::value_parser!(u64).range(range).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

/// Which `sub` tokens can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum JwtSubjectArg {
    /// A UUID, which is the user's id
    Uuid,
    /// Any text of 1 to 255 characters
    Any,
}

/// Whom an admin can add to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum AddPolicyArg {
    /// Anybody whose id they know
    Anybody,
    /// Only people they already share a group with
    SharedGroup,
    /// Nobody: people join by invitation only
    Invitation,
}

/// Whose display names a member of a group sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum NameVisibilityArg {
    /// Those of all members
    Members,
    /// Those of members who have made a change in one of the reader's groups
    Acquainted,
}

impl From<SettingsArgs> for Settings {
    fn from(args: SettingsArgs) -> Self {
        Self {
            listen: args.listen,
            unix_socket_mode: args.unix_socket_mode,
            tls_cert: args.tls_cert,
            tls_key: args.tls_key,
            operations_listen: args.operations_listen,
            database_url: args.database.url.database_url,
            database_direct_url: args.database.database_direct_url,
            replica_url: args.replica_url,
            jwt_secret: args.jwt_secret,
            jwks: args.jwks,
            jwks_cache: args.jwks_cache,
            jwt_issuer: args.jwt_issuer,
            jwt_audience: args.jwt_audience,
            jwt_subject: args.jwt_subject.into(),
            jwt_leeway_seconds: args.jwt_leeway_seconds,
            jwt_max_lifetime_seconds: args.jwt_max_lifetime_seconds,
            allowed_origins: args.allowed_origins,
            trusted_proxies: args.trusted_proxies,
            proxy_protocol: args.proxy_protocol,
            rate_limit: args.rate_limit,
            keep_alive_seconds: args.keep_alive_seconds,
            header_timeout_seconds: args.header_timeout_seconds,
            body_timeout_seconds: args.body_timeout_seconds,
            max_connections: args.max_connections,
            max_anonymous_connections: args.max_anonymous_connections,
            max_anonymous_connections_per_address: args.max_anonymous_connections_per_address,
            max_upgrades_per_address: args.max_upgrades_per_address,
            max_requests_per_address: args.max_requests_per_address,
            max_invalid_tokens_per_address: args.max_invalid_tokens_per_address,
            max_connections_per_user: args.max_connections_per_user,
            heartbeat_seconds: args.heartbeat_seconds,
            max_members: args.max_members,
            max_groups_per_user: args.max_groups_per_user,
            max_invitations: args.max_invitations,
            max_join_requests: args.max_join_requests,
            max_bans: args.max_bans,
            max_links: args.max_links,
            max_groups_per_day: args.max_groups_per_day,
            max_rows_per_day: args.max_rows_per_day,
            max_bytes_per_day: args.max_bytes_per_day,
            add_policy: args.add_policy.into(),
            name_visibility: args.name_visibility.into(),
            directory: args.directory,
            webhook_allow_private: args.webhook_allow_private,
            log_days: args.log_days,
            revocation_days: args.revocation_days,
            nats_url: args.nats_url,
            otlp_endpoint: args.otlp_endpoint,
            traces_ratio: args.traces_ratio,
            workers: args.workers,
            sqlite_readers: args.sqlite_readers,
            postgres_connections: args.postgres_connections,
            postgres_lanes: args.postgres_lanes,
            max_waiting_changes: args.max_waiting_changes,
            max_waiting_change_bytes: args.max_waiting_change_bytes,
            max_waiting_reads: args.max_waiting_reads,
            max_connection_queue_bytes: args.max_connection_queue_bytes,
            group_cache_bytes: args.group_cache_bytes,
            resume_bytes: args.resume_bytes,
            shutdown_delay_seconds: args.shutdown_delay_seconds,
            drain_seconds: args.drain_seconds,
        }
    }
}

impl From<JwtSubjectArg> for JwtSubject {
    fn from(subject: JwtSubjectArg) -> Self {
        match subject {
            JwtSubjectArg::Uuid => Self::Uuid,
            JwtSubjectArg::Any => Self::Any,
        }
    }
}

impl From<AddPolicyArg> for AddPolicy {
    fn from(policy: AddPolicyArg) -> Self {
        match policy {
            AddPolicyArg::Anybody => Self::Anybody,
            AddPolicyArg::SharedGroup => Self::SharedGroup,
            AddPolicyArg::Invitation => Self::Invitation,
        }
    }
}

impl From<NameVisibilityArg> for NameVisibility {
    fn from(visibility: NameVisibilityArg) -> Self {
        match visibility {
            NameVisibilityArg::Members => Self::Members,
            NameVisibilityArg::Acquainted => Self::Acquainted,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: SettingsArgs,
    }

    #[test]
    fn the_default_flags_match_the_default_settings() -> Result<(), clap::Error> {
        assert_eq!(Settings::from(Cli::try_parse_from(["groups-server"])?.settings), Settings::default());
        Ok(())
    }

    #[test]
    fn every_setting_is_documented_with_its_default() {
        let table = include_str!("../../../docs/settings.md");
        for setting in Cli::command().get_arguments() {
            let Some(name) = setting.get_env() else { continue };
            let row = format!("| `{}` |", name.display());
            let row = table.lines().find(|line| line.starts_with(&row));
            let default =
                setting.get_default_values().first().map_or_else(String::new, |value| value.display().to_string());
            assert!(row.is_some_and(|row| row.contains(&default)), "{} and its default {default:?}", name.display());
        }
    }

    #[test]
    fn flags_are_accepted_with_the_variable_names() -> Result<(), clap::Error> {
        let settings = Cli::try_parse_from(["groups-server", "--groups-rate-limit", "7", "--rate-limit", "8"]);
        assert!(settings.is_err(), "both names are one flag");
        assert_eq!(Cli::try_parse_from(["groups-server", "--groups-rate-limit", "7"])?.settings.rate_limit, 7);
        Ok(())
    }
}
