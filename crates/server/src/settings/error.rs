//! Why a server cannot run with its settings.

use std::net::SocketAddr;

/// Shorter secrets, in bytes, are refused.
pub(super) const SECRET_BYTES_ACCEPTED_MIN: usize = 16;

/// Why a server cannot run with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The address to listen on is invalid.
    #[error(
        "GROUPS_LISTEN: '{0}' is not a valid address and port, such as 127.0.0.1:8080, or a Unix socket, such as unix:/run/groups.sock"
    )]
    Listen(String),
    /// The mode of Unix sockets is invalid.
    #[error("GROUPS_UNIX_SOCKET_MODE: '{0}' is not an octal mode, such as 660")]
    UnixSocketMode(String),
    /// The address for operators is invalid.
    #[error("GROUPS_OPERATIONS_LISTEN: '{0}' is not a valid address and port, such as 127.0.0.1:9090")]
    OperationsListen(String),
    /// An unset variable of a container becomes an empty one; that does not ask for development mode.
    #[error(
        "GROUPS_JWT_SECRET is empty. Set it to the secret of the tokens, or unset it for development mode, \
         in which anybody can sign in as anybody"
    )]
    EmptySecret,
    /// The location of the keys is invalid. An unset variable of a container becomes an empty one; that does not ask for
    /// development mode.
    #[error("GROUPS_JWKS: {0:?} is neither a file nor a URL such as https://id.example.org/jwks.json: {1}")]
    Jwks(String, &'static str),
    /// Only keys of a URL can be unavailable.
    #[error(
        "GROUPS_JWKS_CACHE is set, but there is nothing to copy: set GROUPS_JWKS to a URL, or unset GROUPS_JWKS_CACHE"
    )]
    JwksCache,
    /// Such a secret can be guessed.
    #[error("GROUPS_JWT_SECRET has {0} bytes. Use at least 32 random bytes; fewer than {min} are refused", min = SECRET_BYTES_ACCEPTED_MIN)]
    ShortSecret(usize),
    /// An unset variable of a container becomes an empty one, and the operator believes that the claim is checked.
    #[error("{0} is empty, or has an empty part between commas. Set a value, or unset it to accept any")]
    EmptyClaim(&'static str),
    /// Development mode gives a token to everybody.
    #[error(
        "neither GROUPS_JWT_SECRET nor GROUPS_JWKS is set, so this is development mode, in which anybody can sign in as \
         anybody: it cannot listen on {0}, only on loopback"
    )]
    DevelopmentInPublic(SocketAddr),
    /// No page has an allowed origin as it is written.
    #[error("GROUPS_ALLOWED_ORIGINS: '{origin}' matches no page: {reason}. Example: https://chat.example.org")]
    Origin {
        /// What is in the list.
        origin: String,
        /// Why it matches no page.
        reason: &'static str,
    },
    /// A trusted proxy is not given by its address.
    #[error("GROUPS_TRUSTED_PROXIES: '{0}' is not an IP address, a network such as 10.0.0.0/8, or `unix`")]
    TrustedProxy(String),
    /// A certificate without a key, or the reverse.
    #[error("GROUPS_TLS_CERT and GROUPS_TLS_KEY must be set together")]
    TlsIncomplete,
    /// No peer is trusted to send a PROXY header.
    #[error("GROUPS_PROXY_PROTOCOL is on: set GROUPS_TRUSTED_PROXIES to the addresses of the proxies that use it")]
    ProxyProtocolAlone,
    /// The application has switched development mode off.
    #[error("development mode is switched off: set GROUPS_JWT_SECRET or GROUPS_JWKS, the keys for tokens")]
    NoKey,
    /// What `GroupsBuilder::prefix` was given.
    #[error(
        "'{0}' is not a path prefix: it begins with '/' and does not end with one, and its segments have letters, digits, \
         '-', '.', '_' and '~' only"
    )]
    Prefix(String),
    /// This program was built without NATS.
    #[error(
        "GROUPS_NATS_URL: this program was built without NATS. Build it with \
         `cargo build --release -p groups-server --features nats`"
    )]
    NatsMissing,
    /// This program was built without traces.
    #[error(
        "GROUPS_OTLP_ENDPOINT: this program was built without traces. Build it with \
         `cargo build --release -p groups-server --features otlp`"
    )]
    OtlpMissing,
    /// The ratio is not a number from 0 to 1.
    #[error("GROUPS_TRACES_RATIO: '{0}' is not a number from 0 to 1")]
    TracesRatio(String),
    /// Traces cannot be sent there.
    #[error("GROUPS_OTLP_ENDPOINT: '{0}' is not the URL of a collector, such as http://127.0.0.1:4318")]
    Otlp(String),
    /// With SQLite there is only one server.
    #[error("GROUPS_NATS_URL needs PostgreSQL: set DATABASE_URL=postgres://…")]
    NatsAlone,
    /// With SQLite there is no connection pooler.
    #[error("GROUPS_DATABASE_DIRECT_URL needs PostgreSQL: set DATABASE_URL=postgres://…")]
    DirectAlone,
    /// SQLite has no standby.
    #[error("GROUPS_REPLICA_URL needs PostgreSQL: set DATABASE_URL=postgres://…")]
    ReplicaAlone,
}
