//! Options for opening a store: the database, and its limits.

use std::time::Duration;

use groups_domain::Limits;
use groups_supervisor::Supervisor;

use crate::Quotas;
use crate::intake::QueueLimits;
use crate::masked::masked;

/// How to open a [`Store`](crate::Store). All limits have defaults.
#[derive(Clone)]
pub struct StoreOptions {
    /// `sqlite://PATH`, `sqlite:PATH` or a plain path, `postgres://…` or `postgresql://…`.
    ///
    /// SQLite URLs follow the usual Rust conventions: the path may contain percent escapes.
    /// `?mode=rwc` (default) creates the file if it is missing, `?mode=rw` does not. Other
    /// parameters are rejected.
    ///
    /// For PostgreSQL, the parameters `sslmode` and `sslrootcert` work as in libpq
    /// (<https://www.postgresql.org/docs/current/libpq-ssl.html>), with the feature `postgres-tls`:
    ///
    /// | `sslmode` | encrypted | the server's certificate |
    /// |---|---|---|
    /// | `disable` | never | |
    /// | `prefer`, the default | if the server offers it | any |
    /// | `require` | always | any; with `sslrootcert`, same as `verify-ca` |
    /// | `verify-ca` | always | signed by a trusted authority |
    /// | `verify-full` | always | signed by a trusted authority, for the host name; the only mode that prevents impersonation |
    ///
    /// Trusted authorities are read from the PEM file `sslrootcert`. Default: those of the system.
    /// `prefer` does not fall back to a plaintext connection if the TLS handshake fails. Client
    /// certificates, revocation lists and channel binding are not supported. Without the feature,
    /// connections are plaintext, and `require` and stricter modes return
    /// [`OpenError::EncryptionMissing`](crate::OpenError::EncryptionMissing).
    pub url: String,
    /// Limits of groups and of a user's memberships, and the policy for adding people.
    pub limits: Limits,
    /// How much one user may write in a day. Default: no limit.
    pub quotas: Quotas,
    /// Whose display names a member of a group sees. Default: those of all members.
    pub name_visibility: NameVisibility,
    /// Queue capacity of each writer, in orders. Default: 4,096. One actor may have as many orders
    /// queued as there are free slots; the next one is rejected with
    /// [`ShareFull`](crate::Reason::ShareFull). If there is no free slot, an order is rejected with
    /// [`QueueFull`](crate::Reason::QueueFull).
    pub queue_orders_max: usize,
    /// Queue capacity of each writer in bytes, shared in the same way. Default: 32 MiB.
    pub queue_bytes_max: usize,
    /// Maximum number of orders in one commit. Default: 256.
    pub batch_orders_max: usize,
    /// A [`Tail`](crate::Tail) returns what it has once it has this many entries. It may exceed the
    /// limit by one commit of this process. Default: 256.
    pub tail_entries_max: u32,
    /// A [`Tail`](crate::Tail) returns what it has read once the stored changes reach this many
    /// bytes. It may exceed the limit by one commit of this process, or by one other change (on
    /// SQLite by 16). Default: 4 MiB.
    pub tail_bytes_max: usize,
    /// Memory for the newest commits of this process, which its [`Tail`](crate::Tail)s get without
    /// reading the log. A tail that is further behind reads the log. Default: 4 MiB. With 0 every
    /// tail reads the log.
    pub recent_bytes_max: usize,
    /// Memory for the groups that were read most recently, each with its JSON: lists that contain
    /// them need not read them again. Default: 16 MiB, enough for about 20,000 groups. With 0 every
    /// list reads all its groups.
    pub group_cache_bytes_max: usize,
    /// Retention of changes, ended memberships and deleted groups. Default: 30 days. Minimum: 24
    /// hours, the retention of idempotency keys.
    pub log_kept: Duration,
    /// SQLite: number of reader threads for requests, and the same number for connecting clients.
    /// One more thread follows the log and runs health checks. Default: 2.
    pub sqlite_readers: usize,
    /// SQLite: maximum file size in pages of 4 KiB. At the limit, writes fail as if the disk were
    /// full. Default: unlimited.
    pub sqlite_pages_max: Option<u32>,
    /// Maximum number of queued reads per class. The classes are: following the log and health
    /// checks; connecting clients; requests. The next read is rejected with
    /// [`QueueFull`](crate::Reason::QueueFull). Default: 1,024.
    pub queue_reads_max: usize,
    /// Maximum wait for a lock or a free connection. Default: 5 seconds.
    pub wait_max: Duration,
    /// PostgreSQL: maximum number of connections, in addition to those of
    /// [`postgres_notify`](Self::postgres_notify). Each lane has one. Of the rest, a sixth is
    /// reserved for following the log and health checks and a third for connecting clients;
    /// requests use what remains. Each class gets at least one. Default: 16.
    pub postgres_connections_max: usize,
    /// PostgreSQL: the schema for the tables, so that the store can share a database with an
    /// application or with other stores. It is created if it does not exist. At most 48 bytes.
    /// Default: the first schema of the role's `search_path`.
    ///
    /// On SQLite there are no schemas. An application can have its own tables in the same file: see
    /// the crate documentation.
    pub postgres_schema: Option<String>,
    /// PostgreSQL: a URL that leads to the same database without a connection pooler. It is needed if
    /// [`url`](Self::url) leads to a pooler in transaction mode, such as PgBouncer: for the
    /// migrations, and for LISTEN and NOTIFY. If both URLs are given and `url` leads to a pooler, no
    /// statement that is sent through it has a name or relies on the session. Default: `url`.
    pub postgres_direct_url: Option<String>,
    /// PostgreSQL: a URL that leads to a streaming standby of the same database, without a connection
    /// pooler. Initial states of connecting clients are then read from the standby, at the same point
    /// in time at which the primary would have read them; the primary only says which point that is.
    /// If the standby is late, unavailable or no standby, the primary reads. Default: none.
    pub postgres_replica_url: Option<String>,
    /// PostgreSQL: maximum number of connections to the replica. Default: 8.
    pub postgres_replica_connections_max: usize,
    /// PostgreSQL: how many batches are committed concurrently. Default: 4.
    pub postgres_lanes: usize,
    /// PostgreSQL: timeout of one statement. Default: 10 seconds.
    pub postgres_statement_max: Duration,
    /// PostgreSQL: whether the servers on one database wake each other with LISTEN and NOTIFY,
    /// which uses two more connections. Default: true; set it to false if the application wakes the
    /// store itself with [`Store::wake`](crate::Store::wake).
    pub postgres_notify: bool,
    /// How often a tail polls the log if nothing wakes it. Default: 1 second.
    pub tail_poll: Duration,
    /// Notified when a thread or task of the store ends unexpectedly. Their names: `sqlite writer`,
    /// `sqlite reader request-1` and so on; `postgres lane 1` and so on, `postgres notify`,
    /// `postgres listen`. Default: a new supervisor that is not read.
    pub supervisor: Supervisor,
}

/// Whose display names a member of a group sees. Users always see their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameVisibility {
    /// Those of all members.
    #[default]
    Members,
    /// Those of members who have acted in a group that the reader is also in: this one, or one of
    /// the 100 newest in which they have acted. Acting means making a change in the group since
    /// joining it; creating the group counts. Being added does not count, so nobody can look up the
    /// name for an id by adding it to groups.
    Acquainted,
}

impl StoreOptions {
    /// The default options for a database URL.
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
            recent_bytes_max: 4 * 1024 * 1024,
            group_cache_bytes_max: 16 * 1024 * 1024,
            log_kept: Duration::from_secs(30 * 24 * 60 * 60),
            sqlite_readers: 2,
            sqlite_pages_max: None,
            queue_reads_max: 1_024,
            wait_max: Duration::from_secs(5),
            postgres_connections_max: 16,
            postgres_schema: None,
            postgres_direct_url: None,
            postgres_replica_url: None,
            postgres_replica_connections_max: 8,
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
    /// Omits the password of the URL.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions").field("url", &masked(&self.url)).finish_non_exhaustive()
    }
}
