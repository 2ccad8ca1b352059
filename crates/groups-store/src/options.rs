//! Which database, and the limits of working with it.

use std::time::Duration;

use groups_domain::Limits;
use groups_supervisor::Supervisor;

use crate::Quotas;
use crate::intake::QueueLimits;
use crate::url::masked;

/// How to open a [`Store`](crate::Store). All limits have defaults.
#[derive(Clone)]
pub struct StoreOptions {
    /// `sqlite://PATH`, `sqlite:PATH` or a plain path, `postgres://…` or `postgresql://…`.
    ///
    /// URLs of SQLite mean what they mean elsewhere in Rust: the path may have percent escapes, and `?mode=rwc`, the default, makes the
    /// file if it is missing, `?mode=rw` does not. Other parameters are refused.
    ///
    /// For PostgreSQL, `sslmode` and `sslrootcert` among its parameters mean what they mean to libpq
    /// (<https://www.postgresql.org/docs/current/libpq-ssl.html>), with the feature `postgres-tls`:
    ///
    /// | `sslmode` | encrypted | the server's certificate |
    /// |---|---|---|
    /// | `disable` | never | |
    /// | `prefer`, the default | where the server offers it | any |
    /// | `require` | always | any; with `sslrootcert` as `verify-ca` |
    /// | `verify-ca` | always | of a trusted authority |
    /// | `verify-full` | always | of a trusted authority, for the host's name; only this one keeps an impostor out |
    ///
    /// Trusted authorities are those in the PEM file `sslrootcert`, otherwise those of the system. `prefer` does not fall back to a
    /// plain connection where encrypting one fails. Client certificates, revocation lists and channel binding are not supported.
    /// Without the feature connections are plain, and `require` and above are [`OpenError::EncryptionMissing`](crate::OpenError::EncryptionMissing).
    pub url: String,
    /// What limits a group.
    pub limits: Limits,
    /// How much one user may write in a day. Default: no limit.
    pub quotas: Quotas,
    /// Whose display names a member of a group sees. Default: those of all members.
    pub name_visibility: NameVisibility,
    /// How many orders may wait for each writer. Default: 4,096. One actor may have as many waiting as there are free places; their
    /// next one is [`ShareFull`](crate::Reason::ShareFull). Without a free place, an order is [`QueueFull`](crate::Reason::QueueFull).
    pub queue_orders_max: usize,
    /// How many bytes the waiting orders of each writer may take up, shared in the same way. Default: 32 MiB.
    pub queue_bytes_max: usize,
    /// How many orders share one commit at most. Default: 256.
    pub batch_orders_max: usize,
    /// How many entries a [`Tail`](crate::Tail) gives at once at most. Default: 256.
    pub tail_entries_max: u32,
    /// After how many bytes of stored changes a [`Tail`](crate::Tail) gives what it has read: it may exceed this by one change, on
    /// SQLite by 16. Default: 4 MiB.
    pub tail_bytes_max: usize,
    /// How long changes are kept, and with them closed memberships and deleted groups. Default: 30 days; never less than the 24
    /// hours for which idempotency keys are kept.
    pub log_kept: Duration,
    /// SQLite: how many threads read for requests, and how many for connecting clients. One more reads the log and checks the
    /// health. Default: 2.
    pub sqlite_readers: usize,
    /// SQLite: the largest size of the file, in pages of 4 KiB; above it the disk counts as full. Default: unlimited.
    pub sqlite_pages_max: Option<u32>,
    /// How many reads of each class may wait for the database: following the log and health checks, connecting clients,
    /// requests. The next one is [`QueueFull`](crate::Reason::QueueFull). Default: 1,024.
    pub queue_reads_max: usize,
    /// How long a lock or a free connection is waited for. Default: 5 seconds.
    pub wait_max: Duration,
    /// PostgreSQL: how many connections are held at most, in addition to those of [`postgres_notify`](Self::postgres_notify). Each
    /// lane has one. Of the rest, a sixth is reserved for following the log and health checks, a third for connecting clients;
    /// requests use what remains. At least one for each. Default: 16.
    pub postgres_connections_max: usize,
    /// PostgreSQL: the schema of the tables, so that the store shares a database with an application, or with other stores. It is
    /// made if it is missing. At most 48 bytes. Default: the first schema of the role's `search_path`.
    ///
    /// On SQLite a store has a file of its own: an application that needs both in one statement attaches it (`ATTACH`).
    pub postgres_schema: Option<String>,
    /// PostgreSQL: how many batches are committed side by side. Default: 4.
    pub postgres_lanes: usize,
    /// PostgreSQL: how long one statement may run. Default: 10 seconds.
    pub postgres_statement_max: Duration,
    /// PostgreSQL: whether the servers on one database wake each other by LISTEN and NOTIFY, which takes two connections more. Default:
    /// true; set it to false if [`Store::wake`](crate::Store::wake) is called by other means.
    pub postgres_notify: bool,
    /// How often a tail looks by itself, in case nothing woke it. Default: every second.
    pub tail_poll: Duration,
    /// Who is told when a thread or task of the store ends unexpectedly: `sqlite writer`, `sqlite reader request-1` and so on;
    /// `postgres lane 1` and so on, `postgres notify`, `postgres listen`. Default: a supervisor that nobody asks.
    pub supervisor: Supervisor,
}

/// Whose display names a member of a group sees. Everybody sees their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameVisibility {
    /// Those of all members.
    #[default]
    Members,
    /// Those of members who have acted in a group that the reader is in too: this one, or one of the 100 newest in which they have
    /// acted. To act is to make a change of the group, creating it included, since joining it. Being added is not an act, so nobody
    /// learns the name that belongs to an id by adding it to groups.
    Acquainted,
}

impl StoreOptions {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            limits: Limits::default(),
            quotas: Quotas::default(),
            name_visibility: NameVisibility::default(),
            queue_orders_max: 4_096,
            queue_bytes_max: 32 * 1024 * 1024,
            batch_orders_max: 256,
            tail_entries_max: 256,
            tail_bytes_max: 4 * 1024 * 1024,
            log_kept: Duration::from_secs(30 * 24 * 60 * 60),
            sqlite_readers: 2,
            sqlite_pages_max: None,
            queue_reads_max: 1_024,
            wait_max: Duration::from_secs(5),
            postgres_connections_max: 16,
            postgres_schema: None,
            postgres_lanes: 4,
            postgres_statement_max: Duration::from_secs(10),
            postgres_notify: true,
            tail_poll: Duration::from_secs(1),
            supervisor: Supervisor::new(),
        }
    }
}

impl StoreOptions {
    pub(crate) fn queue_limits(&self) -> QueueLimits {
        QueueLimits {
            items_max: self.queue_orders_max.max(1),
            bytes_max: self.queue_bytes_max,
            batch_items_max: self.batch_orders_max,
        }
    }
}

impl std::fmt::Debug for StoreOptions {
    /// Without the password of the URL.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions").field("url", &masked(&self.url)).finish_non_exhaustive()
    }
}
