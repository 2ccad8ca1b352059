//! What an operator may set. The program `groups-server` reads these from flags and the environment.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use groups_domain::Limits;
use groups_store::Quotas;

use crate::Secret;
use crate::identity::canonical;

/// The settings of a server. Every one has a default; without any key to check tokens the server is in development mode.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Address and port to listen on
    pub listen: String,

    /// Where the data lives: `sqlite://PATH`, a path, or `postgres://…`. `sqlite://PATH?mode=rw` makes no file
    pub database_url: String,

    /// Shared secret of the tokens (HS256), 32 bytes or more; fewer than 16 are refused. Without it: development mode, on loopback only
    pub jwt_secret: Option<Secret>,

    /// The issuer that tokens must name
    pub jwt_issuer: Option<String>,

    /// The audience that tokens must name
    pub jwt_audience: Option<String>,

    /// Seconds for which tokens are accepted after their `exp` and before their `nbf`. Without it: 5 seconds before `nbf`
    pub jwt_leeway_seconds: u32,

    /// The longest that a token may still be valid, in seconds; tokens with a later `exp` are refused. The default is 366 days
    pub jwt_max_lifetime_seconds: u32,

    /// Origins of other pages that may call, comma-separated: `https://chat.example.org`, `capacitor://localhost`
    pub allowed_origins: Vec<String>,

    /// Changing requests per second and user, with bursts of four times that; 0 is no limit
    pub rate_limit: u32,

    /// Seconds for which a connection is kept open between two requests; 0 closes it after each answer
    pub keep_alive_seconds: u32,

    /// Connections without a valid token, altogether; with more, the one that is silent for longest is closed. 0 is no limit
    pub max_anonymous_connections: usize,

    /// The same of one IPv4 address, or of one IPv6 network of 64 bits
    pub max_anonymous_connections_per_address: usize,

    /// WebSocket upgrades per second from one IPv4 address or one IPv6 network of 64 bits, with bursts of 20 times that; 0 is no limit.
    /// Set it only if clients connect directly: all users behind a proxy have its address
    pub max_upgrades_per_address: u32,

    /// WebSocket connections of one user at a time; one more is closed with 4502
    pub max_connections_per_user: u32,

    /// Seconds between two heartbeats of a WebSocket connection
    pub heartbeat_seconds: u32,

    /// The most members that a group may have
    pub max_members: u32,

    /// The most groups that one person may be in, created and joined; 0 is no limit
    pub max_groups_per_user: u32,

    /// The most groups that one user may create in a day (UTC); 0 is no limit. Without it: 1,000, or no limit with GROUPS_RATE_LIMIT=0
    pub max_groups_per_day: Option<u64>,

    /// The most rows that the changes of one user may write in a day (UTC): one for each change, and one for each member in it; 0 is
    /// no limit. Without it: 1,000,000, or no limit with GROUPS_RATE_LIMIT=0
    pub max_rows_per_day: Option<u64>,

    /// The most bytes that the changes of one user may write to the log in a day (UTC); 0 is no limit. Without it: 268,435,456
    /// (256 MiB), or no limit with GROUPS_RATE_LIMIT=0
    pub max_bytes_per_day: Option<u64>,

    /// Who may add whom to a group: anybody whose id they know, people with whom they share a group already, or nobody (people
    /// join by invitation only)
    pub add_policy: AddPolicy,

    /// Whose display names a member of a group sees: those of all members, or only those of members who have made a change in a
    /// group of the reader's themselves, so that nobody learns a name by adding an id to a group
    pub name_visibility: NameVisibility,

    /// How many days the log of changes is kept: as long a client may be away and catch up without reading its list anew
    pub log_days: u32,

    /// NATS between several servers on one PostgreSQL, in place of LISTEN and NOTIFY: `nats://…`, several with commas between them
    pub nats_url: Option<String>,

    /// Worker threads for HTTP and WebSocket; 0 is one for each core
    pub workers: usize,

    /// Seconds over which WebSocket clients are sent away when the server stops, so that they do not return as one wave
    pub drain_seconds: u32,
}

/// Who may add whom to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddPolicy {
    /// Anybody whose id they know
    Anybody,
    /// People with whom they share a group already
    SharedGroup,
    /// Nobody: people join by invitation only
    Invitation,
}

/// Whose display names a member of a group sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameVisibility {
    /// Those of all members
    Members,
    /// Those of members who have made a change in a group of the reader's themselves
    Acquainted,
}

impl std::fmt::Debug for Settings {
    /// What tells one server from another, without its secrets. A field that is added shows only if it is added here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("database_url", &groups_store::masked(&self.database_url))
            .field("nats_url", &self.nats_url.as_deref().map(groups_store::masked))
            .field("development", &self.is_development())
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    /// What the flags are where nobody sets them: development mode on port 8080, the data in `groups.db`.
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            database_url: "sqlite://groups.db".to_owned(),
            jwt_secret: None,
            jwt_issuer: None,
            jwt_audience: None,
            jwt_leeway_seconds: 0,
            jwt_max_lifetime_seconds: 31_622_400,
            allowed_origins: Vec::new(),
            rate_limit: 50,
            keep_alive_seconds: 90,
            max_anonymous_connections: 4_096,
            max_anonymous_connections_per_address: 1_024,
            max_upgrades_per_address: 0,
            max_connections_per_user: 20,
            heartbeat_seconds: 25,
            max_members: 100_000,
            max_groups_per_user: 10_000,
            max_groups_per_day: None,
            max_rows_per_day: None,
            max_bytes_per_day: None,
            add_policy: AddPolicy::Anybody,
            name_visibility: NameVisibility::Members,
            log_days: 30,
            nats_url: None,
            workers: 0,
            drain_seconds: 3,
        }
    }
}

/// Why a server cannot be run with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The address to listen on is none.
    #[error("GROUPS_LISTEN: '{0}' is not an address with a port")]
    Listen(String),
    /// An unset variable of a container becomes an empty one; that is no wish for development mode.
    #[error(
        "GROUPS_JWT_SECRET is empty: give it the key of the tokens, or unset it for development mode, \
         in which anybody may sign in as anybody"
    )]
    EmptySecret,
    /// Such a secret is found by trying.
    #[error("GROUPS_JWT_SECRET has {0} bytes: use at least 32 random bytes; fewer than {min} are refused", min = Settings::SECRET_BYTES_ACCEPTED_MIN)]
    ShortSecret(usize),
    /// An unset variable of a container becomes an empty one, and the operator believes that the claim is checked.
    #[error("{0} is empty, so the claim would not be checked: set a value, or unset it to accept any")]
    EmptyClaim(&'static str),
    /// Development mode hands a token to whoever asks.
    #[error(
        "without GROUPS_JWT_SECRET this is development mode, in which anybody may sign in as anybody: \
         it listens on loopback only, not on {0}"
    )]
    DevelopmentInPublic(SocketAddr),
    /// No page can have an allowed origin as it is written.
    #[error("GROUPS_ALLOWED_ORIGINS: '{origin}' matches no page: {reason}. Example: https://chat.example.org")]
    Origin {
        /// What is in the list.
        origin: String,
        /// Why it matches no page.
        reason: &'static str,
    },
    /// The application has switched development mode off.
    #[error("GROUPS_JWT_SECRET is not set, and development mode is switched off: set a key for the tokens")]
    NoKey,
    /// What `GroupsBuilder::prefix` was given.
    #[error(
        "'{0}' is not a path prefix: it begins with '/' and does not end with one, and its segments have letters, digits, \
         '-', '.', '_' and '~' only"
    )]
    Prefix(String),
    /// This program knows nothing of NATS.
    #[error(
        "GROUPS_NATS_URL: this program was built without NATS; build it with \
         `cargo build --release -p groups-server --features nats`"
    )]
    NatsMissing,
    /// NATS would connect this server with nobody.
    #[error(
        "GROUPS_NATS_URL is for several servers on one database, and that is PostgreSQL: DATABASE_URL=postgres://…"
    )]
    NatsAlone,
}

impl Settings {
    /// The shortest secret in bytes that cannot be guessed: as long as the hash, says RFC 7518 section 3.2.
    pub const SECRET_BYTES_MIN: usize = 32;

    /// Shorter secrets, in bytes, are refused. Those between this and [`SECRET_BYTES_MIN`](Self::SECRET_BYTES_MIN) are warned of.
    pub const SECRET_BYTES_ACCEPTED_MIN: usize = 16;

    /// Whether anybody may sign in as anybody, because no key is configured.
    pub fn is_development(&self) -> bool {
        self.secret().is_none()
    }

    /// The shared secret. An empty one is none, and [`check`](Self::check) refuses it.
    pub fn secret(&self) -> Option<&str> {
        self.jwt_secret.as_ref().map(Secret::expose).filter(|secret| !secret.is_empty())
    }

    /// Where to listen.
    ///
    /// # Errors
    /// [`SettingsError`] where it is no address, or one that development mode must not use.
    pub fn address(&self) -> Result<SocketAddr, SettingsError> {
        let not_an_address = || SettingsError::Listen(self.listen.clone());
        let mut addresses = self.listen.to_socket_addrs().map_err(|_| not_an_address())?;
        addresses.next().ok_or_else(not_an_address)
    }

    /// Checks what no single setting shows, for a server on this address.
    ///
    /// # Errors
    /// The first [`SettingsError`] found.
    pub fn check(&self, address: SocketAddr) -> Result<(), SettingsError> {
        self.check_tokens()?;
        if self.is_development() && !address.ip().is_loopback() {
            return Err(SettingsError::DevelopmentInPublic(address));
        }
        self.nats_url()?;
        self.origins().map(drop)
    }

    /// Checks that tokens are checked as the operator believes.
    pub(crate) fn check_tokens(&self) -> Result<(), SettingsError> {
        match self.jwt_secret.as_ref().map(|secret| secret.expose().len()) {
            Some(0) => return Err(SettingsError::EmptySecret),
            Some(bytes) if bytes < Self::SECRET_BYTES_ACCEPTED_MIN => return Err(SettingsError::ShortSecret(bytes)),
            _ => {}
        }
        let claims = [("GROUPS_JWT_ISSUER", &self.jwt_issuer), ("GROUPS_JWT_AUDIENCE", &self.jwt_audience)];
        match claims.into_iter().find(|(_, value)| value.as_deref().is_some_and(|value| value.trim().is_empty())) {
            Some((name, _)) => Err(SettingsError::EmptyClaim(name)),
            None => Ok(()),
        }
    }

    /// The origins that are allowed besides the server's own, as browsers write them.
    pub(crate) fn origins(&self) -> Result<Vec<String>, SettingsError> {
        let given = self.allowed_origins.iter().map(|origin| origin.trim()).filter(|origin| !origin.is_empty());
        let refused = |origin: &str, reason| SettingsError::Origin { origin: origin.to_owned(), reason };
        given.map(|origin| canonical(origin).map_err(|reason| refused(origin, reason))).collect()
    }

    /// Where NATS is, if it is to connect the servers.
    pub(crate) fn nats_url(&self) -> Result<Option<&str>, SettingsError> {
        let url = self.nats_url.as_deref().filter(|url| !url.is_empty());
        let several = ["postgres://", "postgresql://"].iter().any(|scheme| self.database_url.starts_with(scheme));
        match url {
            Some(_) if !cfg!(feature = "nats") => Err(SettingsError::NatsMissing),
            Some(_) if !several => Err(SettingsError::NatsAlone),
            url => Ok(url),
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
        }
    }

    /// The daily quotas of a user. Without a rate limit there are only those that are set.
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
    fn an_empty_secret_is_none_and_starts_nothing() {
        let settings = Settings { jwt_secret: Some("".into()), ..Settings::default() };
        assert!(settings.is_development());
        assert_eq!(settings.check(SocketAddr::from(([127, 0, 0, 1], 1))), Err(SettingsError::EmptySecret));
    }

    #[test]
    fn a_secret_that_is_found_by_trying_is_refused() {
        let with = |bytes: usize| {
            let settings = Settings { jwt_secret: Some("s".repeat(bytes).into()), ..Settings::default() };
            settings.check(SocketAddr::from(([127, 0, 0, 1], 1)))
        };
        assert_eq!(with(1), Err(SettingsError::ShortSecret(1)));
        assert_eq!(with(15), Err(SettingsError::ShortSecret(15)));
        assert_eq!((with(16), with(32)), (Ok(()), Ok(())));
    }

    #[test]
    fn a_claim_that_is_set_to_nothing_is_not_taken_for_one_that_is_not_checked() {
        for empty in ["", " "] {
            let (issuer, audience) = (
                Settings { jwt_issuer: Some(empty.to_owned()), ..Settings::default() },
                Settings { jwt_audience: Some(empty.to_owned()), ..Settings::default() },
            );
            assert_eq!(issuer.check_tokens(), Err(SettingsError::EmptyClaim("GROUPS_JWT_ISSUER")));
            assert_eq!(audience.check_tokens(), Err(SettingsError::EmptyClaim("GROUPS_JWT_AUDIENCE")));
        }
    }

    #[test]
    fn nats_is_for_several_servers_and_for_programs_that_know_it() {
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
