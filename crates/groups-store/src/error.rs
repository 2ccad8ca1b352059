//! Errors of the store, grouped by what the caller can do about them.

use groups_domain::Rejection;

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
use crate::masked::masked;
use crate::{HookError, Quota};

/// Why the store is unavailable; a retry may succeed. Nothing was changed, except possibly with
/// [`OutcomeUnknown`](Self::OutcomeUnknown).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// The queue in front of the database is full.
    #[error("the database queue is full")]
    QueueFull,
    /// The user has too many orders in the queue in front of the database. Other users' orders are
    /// still accepted.
    #[error("this user has too many queued requests")]
    ShareFull,
    /// The database did not answer in time, or waiting for a lock timed out.
    #[error("the database is busy")]
    Busy,
    /// The disk is full.
    #[error("the disk of the database is full")]
    DiskFull,
    /// The database cannot be reached, or its disk failed.
    #[error("the database cannot be reached")]
    Unreachable,
    /// SQLite: the database file was removed or replaced while open. Anything written now would be
    /// lost.
    #[error("the database file was removed or replaced")]
    FileReplaced,
    /// The connection was lost during the commit, so it is unknown whether the change was made.
    /// Retrying the request with the same idempotency key returns the actual outcome.
    #[error("the connection was lost while committing")]
    OutcomeUnknown,
    /// A list that is read in pages cannot be completed: one of its groups has changed since, and
    /// its history has been pruned.
    #[error("the list is outdated and cannot be completed: read it again")]
    Outdated,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl Reason {
    /// How long to wait before a retry, in seconds.
    pub const fn retry_after_seconds(self) -> u32 {
        match self {
            Self::QueueFull | Self::ShareFull | Self::Busy | Self::OutcomeUnknown | Self::Outdated => 1,
            Self::Unreachable | Self::Closed => 5,
            Self::DiskFull | Self::FileReplaced => 30,
        }
    }
}

/// Why a store operation failed.
///
/// `detail` mentions the cause as text and is not its source, because one failure answers all orders
/// of a batch and all waiting readers, so the error must be cloneable and comparable. The text has
/// everything that the database said, including the SQLSTATE of PostgreSQL. It also keeps the driver
/// out of this crate's API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Unavailable; retry later.
    #[error("{0}")]
    Unavailable(Reason),
    /// The database was replaced or restored to an earlier state since it was last read. Everything
    /// read before is invalid.
    #[error("the database was replaced or restored to an earlier state: read everything again")]
    HistoryReplaced,
    /// Changes after the position have been pruned. The consumer must read the current state
    /// instead.
    #[error("the position is older than the log: changes after it have been pruned")]
    OlderThanLog,
    /// A row cannot be read: it is damaged, or another program wrote it.
    #[error("the row {id} of table {table} cannot be read: {detail}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row, as its key.
        id: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The database rejected a statement that should be valid: a bug in this program or its schema.
    #[error("the database refused: {detail}")]
    Database {
        /// The database's error message. For operators only: it may contain table names and values.
        detail: String,
    },
}

/// Why an order was not executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError {
    /// The rules reject it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The actor has used this idempotency key for a different request within the last 24 hours.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The actor has used up a daily quota. Nothing was changed.
    #[error("the daily quota of {max} {quota} is used up")]
    QuotaExceeded {
        /// Which quota.
        quota: Quota,
        /// Its limit.
        max: u64,
        /// Seconds until the next day begins.
        retry_after_seconds: u32,
    },
    /// The hook of [`Store::execute_with`](crate::Store::execute_with) prevented the change.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// Unavailable; retry later. Nothing was changed, unless the reason is
    /// [`Reason::OutcomeUnknown`].
    #[error("{reason}")]
    Unavailable {
        /// How long to wait before a retry, in seconds.
        retry_after_seconds: u32,
        /// Why.
        reason: Reason,
    },
    /// The database failed in another way.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ExecuteError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => {
                Self::Unavailable { retry_after_seconds: reason.retry_after_seconds(), reason }
            }
            error => Self::Store(error),
        }
    }
}

/// Why a database could not be opened. The messages are for operators.
///
/// `detail` mentions the cause as text, with the causes of the cause, and is not a source: see
/// [`StoreError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is not a supported database URL.
    #[error("{url:?} is not a database URL: use sqlite://PATH, a plain path, or postgres://…")]
    BadUrl {
        /// The URL without its password.
        url: String,
    },
    /// This program was built without support for the URL's database.
    #[error(
        "this program was built without support for {url:?}: build it with the feature `{feature}` of groups-store, or use another \
         database"
    )]
    NotCompiledIn {
        /// The URL without its password.
        url: String,
        /// The feature: `sqlite` or `postgres`.
        feature: &'static str,
    },
    /// `host=… password=…`, which libpq accepts as well as URLs.
    #[error("the database URL looks like a libpq connection string: use postgres://USER:PASSWORD@HOST/DATABASE")]
    ConnectionString,
    /// A parameter of the URL is not supported.
    #[error("the parameters of the database URL cannot be used: {detail}")]
    BadParameter {
        /// Which, and why.
        detail: String,
    },
    /// The file does not exist, and the URL says not to create it.
    #[error("there is no database {path:?}: create it with mode=rwc, or correct the path")]
    Missing {
        /// The file.
        path: String,
    },
    /// Version 0.1 used a different file name for this URL.
    #[error(
        "version 0.1 used the file {old_path:?} for this URL, and it still exists: rename it to {path:?}, together with its -wal and \
         -shm if there are any"
    )]
    OldName {
        /// The existing file.
        old_path: String,
        /// The file that the URL names now.
        path: String,
    },
    /// Another process, or another store in this process, has the file open.
    #[error(
        "{database:?} is in use by another server, or by `copy` or `migrate`: only one can use a SQLite database at a time, so stop it first"
    )]
    InUse {
        /// The file.
        database: String,
    },
    /// In-memory SQLite is not supported: it has no file that the writer and the readers could
    /// share.
    #[error("SQLite in memory is not supported: use a file, for example in a temporary directory")]
    InMemory,
    /// The directory of the file does not exist.
    #[error("there is no directory {directory:?} for the database file: create it, or correct the path")]
    DirectoryMissing {
        /// The directory.
        directory: String,
    },
    /// The file is not a SQLite database, or its header is damaged.
    #[error("{path:?} is not a SQLite database, or it is damaged: correct the path, or restore a backup")]
    NotADatabase {
        /// The file.
        path: String,
    },
    /// The database has tables of another program whose names this one needs.
    #[error("{database:?} has tables of another program with names that groups needs: use another database or schema")]
    Foreign {
        /// The file, or the database's name.
        database: String,
    },
    /// The database is read-only.
    #[error("{database:?} is read-only: check its owner, its permissions and those of its directory")]
    ReadOnly {
        /// The file, or the database's name.
        database: String,
    },
    /// The database encoding is not UTF-8, so it cannot store every name.
    #[error(
        "the encoding of {database:?} is {encoding}, which cannot store every name: create the database with ENCODING 'UTF8'"
    )]
    NotUtf8 {
        /// The database's name.
        database: String,
        /// Its encoding, as PostgreSQL calls it.
        encoding: String,
    },
    /// A newer version of this program has migrated the database.
    #[error("{database:?} was written by a newer version of groups (migration {migration}): update this program")]
    Newer {
        /// The file, or the database's name.
        database: String,
        /// The newest migration that this program does not know.
        migration: String,
    },
    /// The disk is full.
    #[error("the disk of {database:?} is full: free some space")]
    DiskFull {
        /// The file, or the database's name.
        database: String,
    },
    /// The database did not answer, or refused the connection.
    #[error("{database:?} cannot be opened; check the URL, and that the database is available: {detail}")]
    Unreachable {
        /// The file, or the database's name.
        database: String,
        /// The database's error message.
        detail: String,
    },
    /// The URL leads to a connection pooler in transaction mode, through which neither migrations nor
    /// notifications work.
    #[error(
        "{database:?} is reached through a connection pooler in transaction mode: set GROUPS_DATABASE_DIRECT_URL to a URL that leads \
         to PostgreSQL directly"
    )]
    TransactionPooling {
        /// The database's name.
        database: String,
    },
    /// The URL requires an encrypted connection, but this program was built without the feature
    /// `postgres-tls`.
    #[error(
        "the URL requires an encrypted connection (sslmode), but this program was built without encryption: build it with the feature \
         `postgres-tls` of groups-store, or use sslmode=disable"
    )]
    EncryptionMissing,
    /// The connection cannot be encrypted as the URL requires.
    #[error("the connection cannot be encrypted as required: {detail}")]
    Encryption {
        /// Why not.
        detail: String,
    },
    /// A migration failed.
    #[error("the tables of {database:?} could not be migrated: {detail}")]
    Migration {
        /// The file, or the database's name.
        database: String,
        /// What went wrong.
        detail: String,
    },
}

impl OpenError {
    /// The URL is of a database whose `feature` is off.
    #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
    pub(crate) fn not_compiled_in(url: &str, feature: &'static str) -> Self {
        Self::NotCompiledIn { url: masked(url), feature }
    }
}
