//! What an operator may set. The program `groups-server` reads these from flags and the environment.

mod error;

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use groups_domain::Limits;
use groups_store::Quotas;

pub use self::error::SettingsError;
use crate::Secret;
use crate::client::TrustedProxies;
use crate::http_client::check_url;
use crate::identity::{Location, Subjects, canonical};
use crate::limiter::Rates;
use crate::listeners::ListenAddress;

/// The settings of a server. Every one has a default; without any key to check tokens the server is in development mode.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Addresses to listen on, comma-separated: address and port, or `unix:PATH`
    pub listen: String,

    /// Mode of Unix sockets, in octal; `666` lets every user of the machine connect
    pub unix_socket_mode: String,

    /// Certificate chain of the server in PEM format; then it serves HTTPS only. Read again when it changes
    pub tls_cert: Option<String>,

    /// Private key of `tls_cert` in PEM format
    pub tls_key: Option<String>,

    /// Address and port for `/metrics`, `/healthz` and `/readyz`; then `/metrics` is not served on the public address
    pub operations_listen: Option<String>,

    /// The database: `sqlite://PATH`, a path, or `postgres://…`. With `sqlite://PATH?mode=rw` the file must exist
    pub database_url: String,

    /// PostgreSQL without a connection pooler, if `DATABASE_URL` leads to one in transaction mode: for migrations, LISTEN and NOTIFY
    pub database_direct_url: Option<String>,

    /// A streaming standby of the PostgreSQL database, without a connection pooler, from which the states of connecting clients are
    /// read when it has replayed enough. Default: none
    pub replica_url: Option<String>,

    /// Shared secret of the tokens (HS256): 32 bytes or more; fewer than 16 are refused. Default: development mode, on loopback only
    pub jwt_secret: Option<Secret>,

    /// Public keys of the tokens (EdDSA, ES256, PS256, RS256): a JSON Web Key Set, as a file or an `https://…` URL. May be set
    /// together with `GROUPS_JWT_SECRET`
    pub jwks: Option<String>,

    /// File for a copy of the keys, with which the server starts if they cannot be fetched; for a URL only. Default: none
    pub jwks_cache: Option<String>,

    /// The `iss` that tokens must have; several comma-separated, of which they must have one. Default: not checked
    pub jwt_issuer: Option<String>,

    /// The `aud` that tokens must have; several comma-separated, of which they must have one. Default: not checked
    pub jwt_audience: Option<String>,

    /// Which `sub` tokens can have: only UUIDs, or any text, from which the user's id is derived
    pub jwt_subject: JwtSubject,

    /// Seconds for which tokens are accepted after their `exp` and before their `nbf`, which has at least 5 seconds
    pub jwt_leeway_seconds: u32,

    /// The longest time that a token may still be valid, in seconds; tokens with a later `exp` are refused. Default: 366 days
    pub jwt_max_lifetime_seconds: u32,

    /// Other origins whose pages may use the server, comma-separated: `https://chat.example.org`, `capacitor://localhost`
    pub allowed_origins: Vec<String>,

    /// Proxies whose `Forwarded` and `X-Forwarded-For` headers name the client: IP addresses and networks (`10.0.0.0/8`),
    /// comma-separated; `unix` for proxies on a Unix socket
    pub trusted_proxies: Vec<String>,

    /// Whether trusted proxies announce their clients with the PROXY protocol (version 1 or 2); then they must: `on` or `off`
    pub proxy_protocol: bool,

    /// Changing requests per second and user, with bursts of four times that; 0: no limit
    pub rate_limit: u32,

    /// Seconds for which an idle connection stays open between requests; 0 closes it after each response
    pub keep_alive_seconds: u32,

    /// Seconds for a request head, a PROXY header or a TLS handshake
    pub header_timeout_seconds: u32,

    /// Seconds for a request body
    pub body_timeout_seconds: u32,

    /// Client connections in total; 0: as many as the file descriptors allow
    pub max_connections: usize,

    /// Connections without a valid token, in total; beyond that, the one that has been silent longest is closed. 0: no limit
    pub max_anonymous_connections: usize,

    /// The same per IPv4 address or IPv6 /64
    pub max_anonymous_connections_per_address: usize,

    /// WebSocket upgrades per second and IPv4 address or IPv6 /64, with bursts of 20 times that; 0: no limit.
    /// Behind a proxy, set it only together with `trusted_proxies`
    pub max_upgrades_per_address: u32,

    /// Requests per second below `/v1` and IPv4 address or IPv6 /64, with bursts of 20 times that; 0: no limit.
    /// Behind a proxy, set it only together with `trusted_proxies`
    pub max_requests_per_address: u32,

    /// Tokens without a valid signature per second and IPv4 address or IPv6 /64, with bursts of 20 times that; beyond, only
    /// tokens that were valid recently are checked. 0: no limit
    pub max_invalid_tokens_per_address: u32,

    /// Concurrent WebSocket connections per user; one more is closed with 4502
    pub max_connections_per_user: u32,

    /// Seconds between heartbeats of a WebSocket connection
    pub heartbeat_seconds: u32,

    /// Maximum number of members of a group
    pub max_members: u32,

    /// Maximum number of groups that one user is in; 0: no limit
    pub max_groups_per_user: u32,

    /// Maximum number of invitations of a group that nobody has answered
    pub max_invitations: u32,

    /// Maximum number of requests to join a group that nobody has answered
    pub max_join_requests: u32,

    /// Maximum number of users who are banned from a group
    pub max_bans: u32,

    /// Maximum number of links of a group
    pub max_links: u32,

    /// Maximum number of groups that one user creates in a day (UTC); 0: no limit. Default: 1,000, or no limit with GROUPS_RATE_LIMIT=0
    pub max_groups_per_day: Option<u64>,

    /// Maximum number of rows that the changes of one user write in a day (UTC): one per change, and one per member in it; 0: no
    /// limit. Default: 1,000,000, or no limit with GROUPS_RATE_LIMIT=0
    pub max_rows_per_day: Option<u64>,

    /// Maximum number of bytes that the changes of one user write to the log in a day (UTC); 0: no limit. Default: 268,435,456
    /// (256 MiB), or no limit with GROUPS_RATE_LIMIT=0
    pub max_bytes_per_day: Option<u64>,

    /// Whom an admin can add to a group: anybody whose id they know, only people they already share a group with, or nobody
    /// (people join by invitation only)
    pub add_policy: AddPolicy,

    /// Whose display names a member sees: those of all members, or only those of members who have made a change in one of the
    /// reader's groups, so that nobody learns a name by adding an id to a group
    pub name_visibility: NameVisibility,

    /// Whether everybody can search for the groups that can be joined or asked to join, with `GET /v1/directory`: `on` or `off`
    pub directory: bool,

    /// Whether webhooks can be sent to addresses that are not public, such as 127.0.0.1 or 10.0.0.1: `on` or `off`
    pub webhook_allow_private: bool,

    /// Days for which the log of changes is kept. A client that was away for longer reads its list again
    pub log_days: u32,

    /// Days for which revocations of tokens are kept: as long as tokens are valid
    pub revocation_days: u32,

    /// NATS between several servers on one PostgreSQL, instead of LISTEN and NOTIFY: `nats://…`, several comma-separated
    pub nats_url: Option<String>,

    /// OpenTelemetry collector for traces, with OTLP over HTTP: `http://HOST:4318`. Default: no traces
    pub otlp_endpoint: Option<String>,

    /// Part of the requests without a `traceparent` that are traced: 0 to 1. With one, the client decides
    pub traces_ratio: String,

    /// Worker threads for HTTP and WebSocket; 0: one per core
    pub workers: usize,

    /// SQLite: threads that read for requests, and as many for connecting clients
    pub sqlite_readers: usize,

    /// PostgreSQL: connections of this server, without the two for LISTEN and NOTIFY
    pub postgres_connections: usize,

    /// PostgreSQL: batches that are committed at once; each has one of the connections
    pub postgres_lanes: usize,

    /// Changes that wait for the database (on PostgreSQL per lane); further ones get 429 or 503
    pub max_waiting_changes: usize,

    /// The same in bytes
    pub max_waiting_change_bytes: usize,

    /// Reads of each kind that wait for the database; further ones get 503
    pub max_waiting_reads: usize,

    /// Events that wait for one WebSocket connection, in bytes; beyond that it is closed with 4001
    pub max_connection_queue_bytes: usize,

    /// Memory for groups that were read recently, in bytes; 0: none
    pub group_cache_bytes: usize,

    /// Memory for recent changes, from which clients resume without the database, in bytes; 0: none
    pub resume_bytes: usize,

    /// Seconds for which a shutdown only makes `/readyz` return 503 before it begins, so that load balancers notice
    pub shutdown_delay_seconds: u32,

    /// Seconds over which WebSocket connections are closed in a shutdown, so that clients do not reconnect all at once
    pub drain_seconds: u32,
}

/// Which `sub` tokens can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtSubject {
    /// A UUID, which is the user's id
    Uuid,
    /// Any text of 1 to 255 characters. If it is not a UUID, the user's id is derived from it and `iss`
    Any,
}

/// Whom an admin can add to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddPolicy {
    /// Anybody whose id they know
    Anybody,
    /// Only people they already share a group with
    SharedGroup,
    /// Nobody: people join by invitation only
    Invitation,
}

/// Whose display names a member of a group sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameVisibility {
    /// Those of all members
    Members,
    /// Those of members who have made a change in one of the reader's groups
    Acquainted,
}

impl std::fmt::Debug for Settings {
    /// What tells one server from another, without its secrets. A field that is added shows only if it is added here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("database_url", &groups_store::masked(&self.database_url))
            .field("database_direct_url", &self.database_direct_url.as_deref().map(groups_store::masked))
            .field("replica_url", &self.replica_url.as_deref().map(groups_store::masked))
            .field("nats_url", &self.nats_url.as_deref().map(groups_store::masked))
            .field("development", &self.is_development())
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    /// Development mode on port 8080, with the data in `groups.db`.
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            unix_socket_mode: "660".to_owned(),
            tls_cert: None,
            tls_key: None,
            operations_listen: None,
            database_url: "sqlite://groups.db".to_owned(),
            database_direct_url: None,
            replica_url: None,
            jwt_secret: None,
            jwks: None,
            jwks_cache: None,
            jwt_issuer: None,
            jwt_audience: None,
            jwt_subject: JwtSubject::Uuid,
            jwt_leeway_seconds: 0,
            jwt_max_lifetime_seconds: 31_622_400,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            rate_limit: 50,
            keep_alive_seconds: 90,
            header_timeout_seconds: 10,
            body_timeout_seconds: 30,
            max_connections: 0,
            max_anonymous_connections: 4_096,
            max_anonymous_connections_per_address: 1_024,
            max_upgrades_per_address: 0,
            max_requests_per_address: 0,
            max_invalid_tokens_per_address: 50,
            max_connections_per_user: 20,
            heartbeat_seconds: 25,
            max_members: 100_000,
            max_groups_per_user: 10_000,
            max_invitations: 10_000,
            max_join_requests: 10_000,
            max_bans: 10_000,
            max_links: 100,
            max_groups_per_day: None,
            max_rows_per_day: None,
            max_bytes_per_day: None,
            add_policy: AddPolicy::Anybody,
            name_visibility: NameVisibility::Members,
            directory: true,
            webhook_allow_private: false,
            log_days: 30,
            revocation_days: 1,
            nats_url: None,
            otlp_endpoint: None,
            traces_ratio: "0".to_owned(),
            workers: 0,
            sqlite_readers: 2,
            postgres_connections: 16,
            postgres_lanes: 4,
            max_waiting_changes: 4_096,
            max_waiting_change_bytes: 33_554_432,
            max_waiting_reads: 1_024,
            max_connection_queue_bytes: 65_536,
            group_cache_bytes: 16_777_216,
            resume_bytes: 33_554_432,
            shutdown_delay_seconds: 0,
            drain_seconds: 3,
        }
    }
}

impl Settings {
    /// The shortest secure secret, in bytes: as long as the hash (RFC 7518 section 3.2).
    pub const SECRET_BYTES_MIN: usize = 32;

    /// Shorter secrets, in bytes, are refused. Those between this and [`SECRET_BYTES_MIN`](Self::SECRET_BYTES_MIN) are warned of.
    pub const SECRET_BYTES_ACCEPTED_MIN: usize = error::SECRET_BYTES_ACCEPTED_MIN;

    /// Whether anybody can sign in as anybody, because no key is configured.
    pub fn is_development(&self) -> bool {
        self.secret().is_none() && self.jwks.is_none()
    }

    /// The shared secret. An empty one counts as missing, and [`check`](Self::check) refuses it.
    pub fn secret(&self) -> Option<&str> {
        self.jwt_secret.as_ref().map(Secret::expose).filter(|secret| !secret.is_empty())
    }

    /// The addresses to listen on.
    ///
    /// # Errors
    /// [`SettingsError::Listen`] if one is not an address with a port or a Unix socket, or its name cannot be resolved.
    pub fn addresses(&self) -> Result<Vec<ListenAddress>, SettingsError> {
        let address = |entry: &str| match entry.strip_prefix("unix:") {
            Some(path) if !path.is_empty() => Some(ListenAddress::Unix(path.into())),
            Some(_) => None,
            None => resolve(entry).map(ListenAddress::Tcp),
        };
        let entries = self.listen.split(',').map(str::trim);
        entries.map(|entry| address(entry).ok_or_else(|| SettingsError::Listen(entry.to_owned()))).collect()
    }

    /// The mode of Unix sockets.
    pub(crate) fn unix_socket_mode(&self) -> Result<u32, SettingsError> {
        let mode = u32::from_str_radix(&self.unix_socket_mode, 8).ok().filter(|mode| *mode <= 0o777);
        mode.ok_or_else(|| SettingsError::UnixSocketMode(self.unix_socket_mode.clone()))
    }

    /// The address for operators, if it is set.
    pub fn operations_address(&self) -> Result<Option<SocketAddr>, SettingsError> {
        let Some(listen) = &self.operations_listen else { return Ok(None) };
        resolve(listen).map(Some).ok_or_else(|| SettingsError::OperationsListen(listen.clone()))
    }

    /// Checks the settings together, for a server that listens on this address.
    ///
    /// # Errors
    /// The first [`SettingsError`] found.
    pub fn check(&self, address: SocketAddr) -> Result<(), SettingsError> {
        self.check_all(&[ListenAddress::Tcp(address)])
    }

    /// The same for several addresses.
    ///
    /// # Errors
    /// The first [`SettingsError`] found.
    pub fn check_all(&self, addresses: &[ListenAddress]) -> Result<(), SettingsError> {
        self.check_tokens()?;
        let public = addresses.iter().find(|address| !address.is_local());
        if let (true, Some(ListenAddress::Tcp(address))) = (self.is_development(), public) {
            return Err(SettingsError::DevelopmentInPublic(*address));
        }
        self.unix_socket_mode()?;
        self.tls()?;
        self.operations_address()?;
        self.nats_url()?;
        self.database_direct_url()?;
        self.replica_url()?;
        if self.trusted_proxies()? == TrustedProxies::default() && self.proxy_protocol {
            return Err(SettingsError::ProxyProtocolAlone);
        }
        self.origins().map(drop)
    }

    /// The issuers of which a token must have one. Empty: not checked.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &str> {
        parts(self.jwt_issuer.as_deref())
    }

    /// The audiences of which a token must have one. Empty: not checked.
    pub(crate) fn audiences(&self) -> impl Iterator<Item = &str> {
        parts(self.jwt_audience.as_deref())
    }

    pub(crate) fn subjects(&self) -> Subjects {
        match self.jwt_subject {
            JwtSubject::Uuid => Subjects::Uuid,
            JwtSubject::Any => Subjects::Any,
        }
    }

    /// Where the public keys for tokens are.
    pub(crate) fn jwks(&self) -> Result<Option<Location>, SettingsError> {
        let parse = |text: &String| Location::parse(text).map_err(|reason| SettingsError::Jwks(text.clone(), reason));
        self.jwks.as_ref().map(parse).transpose()
    }

    /// The file with a copy of the public keys.
    pub(crate) fn jwks_cache(&self) -> Result<Option<PathBuf>, SettingsError> {
        match (self.jwks_cache.as_deref().filter(|path| !path.is_empty()), self.jwks()?) {
            (None, _) => Ok(None),
            (Some(path), Some(Location::Url(_))) => Ok(Some(path.into())),
            (Some(_), _) => Err(SettingsError::JwksCache),
        }
    }

    /// Whether the public keys come unencrypted over a network, where somebody could replace them.
    pub fn has_exposed_keys(&self) -> bool {
        self.jwks().is_ok_and(|location| location.is_some_and(|location| location.is_exposed()))
    }

    /// Checks that tokens are verified as the operator expects.
    pub(crate) fn check_tokens(&self) -> Result<(), SettingsError> {
        match self.jwt_secret.as_ref().map(|secret| secret.expose().len()) {
            Some(0) => return Err(SettingsError::EmptySecret),
            Some(bytes) if bytes < Self::SECRET_BYTES_ACCEPTED_MIN => return Err(SettingsError::ShortSecret(bytes)),
            _ => {}
        }
        self.jwks_cache()?;
        let claims = [("GROUPS_JWT_ISSUER", &self.jwt_issuer), ("GROUPS_JWT_AUDIENCE", &self.jwt_audience)];
        let empty = |value: &str| value.split(',').any(|part| part.trim().is_empty());
        match claims.into_iter().find(|(_, value)| value.as_deref().is_some_and(empty)) {
            Some((name, _)) => Err(SettingsError::EmptyClaim(name)),
            None => Ok(()),
        }
    }

    /// The origins that are allowed in addition to the server's own, as browsers write them.
    pub(crate) fn origins(&self) -> Result<Vec<String>, SettingsError> {
        let given = self.allowed_origins.iter().map(|origin| origin.trim()).filter(|origin| !origin.is_empty());
        let refused = |origin: &str, reason| SettingsError::Origin { origin: origin.to_owned(), reason };
        given.map(|origin| canonical(origin).map_err(|reason| refused(origin, reason))).collect()
    }

    /// Whether connections to `listen` are encrypted.
    pub fn uses_tls(&self) -> bool {
        self.tls().is_ok_and(|tls| tls.is_some())
    }

    /// The files of the certificate and its key, if the server uses TLS.
    pub(crate) fn tls(&self) -> Result<Option<(PathBuf, PathBuf)>, SettingsError> {
        let given = |file: &Option<String>| file.clone().filter(|file| !file.is_empty()).map(PathBuf::from);
        match (given(&self.tls_cert), given(&self.tls_key)) {
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            (None, None) => Ok(None),
            _ => Err(SettingsError::TlsIncomplete),
        }
    }

    /// The proxies that may name the client of a request.
    pub(crate) fn trusted_proxies(&self) -> Result<TrustedProxies, SettingsError> {
        let parsed = TrustedProxies::parse(self.trusted_proxies.iter().map(String::as_str));
        parsed.map_err(|entry| SettingsError::TrustedProxy(entry.to_owned()))
    }

    /// The address of NATS, if it connects the servers.
    pub(crate) fn nats_url(&self) -> Result<Option<&str>, SettingsError> {
        let url = self.nats_url.as_deref().filter(|url| !url.is_empty());
        match url {
            Some(_) if !cfg!(feature = "nats") => Err(SettingsError::NatsMissing),
            Some(_) if !self.is_on_postgres() => Err(SettingsError::NatsAlone),
            url => Ok(url),
        }
    }

    /// Where traces are sent.
    pub(crate) fn otlp_endpoint(&self) -> Result<Option<hyper::Uri>, SettingsError> {
        let Some(endpoint) = self.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty()) else {
            return Ok(None);
        };
        if !cfg!(feature = "otlp") {
            return Err(SettingsError::OtlpMissing);
        }
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/')).parse();
        let url = url.ok().filter(|url| check_url(url).is_ok());
        url.map(Some).ok_or_else(|| SettingsError::Otlp(endpoint.to_owned()))
    }

    /// Part of the requests without a `traceparent` that are traced.
    pub(crate) fn traces_ratio(&self) -> Result<f64, SettingsError> {
        let ratio = self.traces_ratio.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio.ok_or_else(|| SettingsError::TracesRatio(self.traces_ratio.clone()))
    }

    /// The URL of PostgreSQL without a connection pooler, if there is one.
    pub(crate) fn database_direct_url(&self) -> Result<Option<&str>, SettingsError> {
        match self.database_direct_url.as_deref().filter(|url| !url.is_empty()) {
            Some(_) if !self.is_on_postgres() => Err(SettingsError::DirectAlone),
            url => Ok(url),
        }
    }

    /// The URL of a standby of PostgreSQL, if there is one.
    pub(crate) fn replica_url(&self) -> Result<Option<&str>, SettingsError> {
        match self.replica_url.as_deref().filter(|url| !url.is_empty()) {
            Some(_) if !self.is_on_postgres() => Err(SettingsError::ReplicaAlone),
            url => Ok(url),
        }
    }

    pub(crate) fn is_on_postgres(&self) -> bool {
        ["postgres://", "postgresql://"].iter().any(|scheme| self.database_url.starts_with(scheme))
    }

    pub(crate) fn rates(&self) -> Rates {
        Rates {
            changes: self.rate_limit,
            upgrades_per_address: self.max_upgrades_per_address,
            requests_per_address: self.max_requests_per_address,
            invalid_tokens_per_address: self.max_invalid_tokens_per_address,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            members_max: self.max_members,
            groups_per_user_max: (self.max_groups_per_user > 0).then_some(self.max_groups_per_user),
            add_policy: match self.add_policy {
                AddPolicy::Anybody => groups_domain::AddPolicy::Anybody,
                AddPolicy::SharedGroup => groups_domain::AddPolicy::SharedGroup,
                AddPolicy::Invitation => groups_domain::AddPolicy::Invitation,
            },
            invitations_max: self.max_invitations,
            join_requests_max: self.max_join_requests,
            bans_max: self.max_bans,
            links_max: self.max_links,
        }
    }

    /// The daily quotas of a user. Without a rate limit, only quotas that are set apply.
    pub(crate) fn quotas(&self) -> Quotas {
        let or_default = |set: Option<u64>, default| set.unwrap_or(if self.rate_limit > 0 { default } else { 0 });
        Quotas {
            groups_max: or_default(self.max_groups_per_day, 1_000),
            rows_max: or_default(self.max_rows_per_day, 1_000_000),
            bytes_max: or_default(self.max_bytes_per_day, 256 * 1024 * 1024),
        }
    }

    pub(crate) fn name_visibility(&self) -> groups_store::NameVisibility {
        match self.name_visibility {
            NameVisibility::Members => groups_store::NameVisibility::Members,
            NameVisibility::Acquainted => groups_store::NameVisibility::Acquainted,
        }
    }

    pub(crate) fn log_kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.log_days) * 24 * 60 * 60)
    }

    pub(crate) fn revocations_kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.revocation_days) * 24 * 60 * 60)
    }
}

fn resolve(listen: &str) -> Option<SocketAddr> {
    listen.to_socket_addrs().ok()?.next()
}

/// The parts of a list that is separated by commas.
fn parts(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.into_iter().flat_map(|list| list.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_rate_limit_only_explicit_quotas_apply() {
        let all = Quotas { groups_max: 1_000, rows_max: 1_000_000, bytes_max: 268_435_456 };
        let settings = Settings::default();
        assert_eq!(settings.quotas(), all);
        let unlimited_rows = Settings { max_rows_per_day: Some(0), ..settings.clone() };
        assert_eq!(unlimited_rows.quotas(), Quotas { rows_max: 0, ..all });
        let without_rate = Settings { rate_limit: 0, ..settings };
        assert_eq!(without_rate.quotas(), Quotas::default());
        let set = Settings { max_groups_per_day: Some(5), ..without_rate };
        assert_eq!(set.quotas(), Quotas { groups_max: 5, ..Quotas::default() });
    }

    #[test]
    fn development_mode_stays_on_loopback() {
        let settings = Settings::default();
        assert_eq!(settings.check(SocketAddr::from(([127, 0, 0, 1], 1))), Ok(()));
        let public = SocketAddr::from(([0, 0, 0, 0], 1));
        assert_eq!(settings.check(public), Err(SettingsError::DevelopmentInPublic(public)));
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = || "hunter2".to_owned();
        let settings = Settings {
            jwt_secret: Some(secret().into()),
            database_url: format!("postgres://ada:{0}@host/db?password={0}", secret()),
            nats_url: Some(format!("nats://ada:{0}@one,nats://{0}@two", secret())),
            ..Settings::default()
        };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && shown.contains("127.0.0.1:8080") && shown.contains("@two"), "{shown}");
    }

    #[test]
    fn an_empty_secret_is_refused() {
        let settings = Settings { jwt_secret: Some("".into()), ..Settings::default() };
        assert!(settings.is_development());
        assert_eq!(settings.check(SocketAddr::from(([127, 0, 0, 1], 1))), Err(SettingsError::EmptySecret));
    }

    #[test]
    fn a_short_secret_is_refused() {
        let with = |bytes: usize| {
            let settings = Settings { jwt_secret: Some("s".repeat(bytes).into()), ..Settings::default() };
            settings.check(SocketAddr::from(([127, 0, 0, 1], 1)))
        };
        assert_eq!(with(1), Err(SettingsError::ShortSecret(1)));
        assert_eq!(with(15), Err(SettingsError::ShortSecret(15)));
        assert_eq!((with(16), with(32)), (Ok(()), Ok(())));
    }

    #[test]
    fn an_empty_issuer_or_audience_is_refused() {
        for empty in ["", " ", "one,", "one, ,two"] {
            let (issuer, audience) = (
                Settings { jwt_issuer: Some(empty.to_owned()), ..Settings::default() },
                Settings { jwt_audience: Some(empty.to_owned()), ..Settings::default() },
            );
            assert_eq!(issuer.check_tokens(), Err(SettingsError::EmptyClaim("GROUPS_JWT_ISSUER")));
            assert_eq!(audience.check_tokens(), Err(SettingsError::EmptyClaim("GROUPS_JWT_AUDIENCE")));
        }
    }

    #[test]
    fn nats_requires_postgresql_and_the_feature() {
        let with = |database_url: &str, nats_url: &str| Settings {
            database_url: database_url.to_owned(),
            nats_url: Some(nats_url.to_owned()),
            ..Settings::default()
        };
        let (alone, several) =
            (with("groups.db", "nats://127.0.0.1"), with("postgres://127.0.0.1/g", "nats://127.0.0.1"));
        if cfg!(feature = "nats") {
            assert_eq!(alone.nats_url(), Err(SettingsError::NatsAlone));
            assert_eq!(several.nats_url(), Ok(Some("nats://127.0.0.1")));
        } else {
            assert_eq!(several.nats_url(), Err(SettingsError::NatsMissing));
        }
        assert_eq!(with("groups.db", "").nats_url(), Ok(None));
    }

    #[test]
    fn an_origin_has_a_scheme_and_no_path() {
        let with = |origin: &str| {
            let settings = Settings { allowed_origins: vec![origin.to_owned()], ..Settings::default() };
            settings.check(SocketAddr::from(([127, 0, 0, 1], 1)))
        };
        for good in ["https://chat.example.org", "HTTPS://Chat.example.org", "http://localhost:5173", "app://x", "null"]
        {
            assert_eq!(with(good), Ok(()));
        }
        for bad in ["chat.example.org", "https://", "https://chat.example.org/", "*", "https://*.example.org"] {
            let refused = with(bad);
            assert!(
                matches!(&refused, Err(SettingsError::Origin { origin, .. }) if origin == bad),
                "{bad}: {refused:?}"
            );
        }
    }
}
