//! What can go wrong with a database, told apart by what one can do about it.

use groups_domain::Rejection;

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
use crate::url::masked;
use crate::{HookError, Quota};

/// Why nothing could be done now although it may be possible later. Nothing was changed, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// The queue in front of the database is full.
    #[error("too much is waiting for the database")]
    QueueFull,
    /// The user has too many orders in the queue in front of the database. Others still get in.
    #[error("too many orders of this user are waiting for the database")]
    ShareFull,
    /// The database did not answer in time, or others held its locks for too long.
    #[error("the database is busy")]
    Busy,
    /// There is no room left for the database.
    #[error("the disk of the database is full")]
    DiskFull,
    /// The database cannot be reached, or its disk failed.
    #[error("the database cannot be reached")]
    Unreachable,
    /// SQLite: the database file was removed or replaced while it is open. What would be written now could not be found again.
    #[error("the database file was removed or replaced")]
    FileReplaced,
    /// The connection was lost while committing: whether the change was made is not known. Repeating the request with its
    /// idempotency key gives the truth.
    #[error("the connection was lost while committing")]
    OutcomeUnknown,
    /// A list that is read piece by piece cannot be completed: a group of it has changed since, and its history is no longer kept.
    #[error("the list is too old to be completed")]
    Outdated,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl Reason {
    /// After how many seconds another attempt makes sense.
    pub const fn retry_after_seconds(self) -> u32 {
        match self {
            Self::QueueFull | Self::ShareFull | Self::Busy | Self::OutcomeUnknown | Self::Outdated => 1,
            Self::Unreachable | Self::Closed => 5,
            Self::DiskFull | Self::FileReplaced => 30,
        }
    }
}

/// Why the database gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not now.
    #[error("{0}")]
    Unavailable(Reason),
    /// The database has become another one, or one of an earlier time, since it was last read: what was read before means nothing.
    #[error("the database tells another history than before: everything has to be read again")]
    HistoryReplaced,
    /// Changes after the position were pruned: they cannot be read any more. A consumer has to read the current state instead.
    #[error("the position is older than the log: changes after it are no longer kept")]
    OlderThanLog,
    /// A row cannot be read: it was damaged, or written by something else.
    #[error("the row {id} of table {table} cannot be read: {detail}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row, as its key.
        id: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The database refused what it should not refuse: a defect of this program or of its schema.
    #[error("the database refused: {detail}")]
    Database {
        /// Its own words, for operators only: they may name tables and values.
        detail: String,
    },
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError {
    /// The rules refuse it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The actor has used this idempotency key within the last 24 hours, for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The actor has written as much as one user may in a day. Nothing was changed.
    #[error("the daily quota of {max} {quota} is used up")]
    QuotaExceeded {
        /// Which quota.
        quota: Quota,
        /// Its limit.
        max: u64,
        /// After how many seconds the next day begins.
        retry_after_seconds: u32,
    },
    /// The hook of [`Store::execute_with`](crate::Store::execute_with) kept the change from being made.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// Not now. Nothing was changed, unless the reason is [`Reason::OutcomeUnknown`].
    #[error("{reason}")]
    Unavailable {
        /// After how many seconds another attempt makes sense.
        retry_after_seconds: u32,
        /// Why.
        reason: Reason,
    },
    /// Something is wrong with the database.
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

/// Why a database could not be opened, as a sentence for operators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names no database that this store knows.
    #[error("{url:?} is not a database URL: use sqlite://PATH, a plain path, or postgres://…")]
    BadUrl {
        /// The URL without its password.
        url: String,
    },
    /// The URL is of a database for which this program was built without support.
    #[error("{url:?} needs the feature `{feature}` of groups-store, without which this program was built")]
    NotCompiledIn {
        /// The URL without its password.
        url: String,
        /// The feature: `sqlite` or `postgres`.
        feature: &'static str,
    },
    /// `host=… password=…`, which libpq accepts as well as URLs.
    #[error("the database URL looks like a connection string of libpq: write postgres://USER:PASSWORD@HOST/DATABASE")]
    ConnectionString,
    /// A parameter of the URL cannot mean here what it means elsewhere.
    #[error("the parameters of the database URL cannot be used: {detail}")]
    BadParameter {
        /// Which, and why.
        detail: String,
    },
    /// The file is not there, and the URL says not to make it.
    #[error("there is no database {path:?}: make it with mode=rwc, or correct the path")]
    Missing {
        /// The file.
        path: String,
    },
    /// Version 0.1 gave the file of this URL another name.
    #[error(
        "version 0.1 called the file of this URL {old_path:?}, and it is still there: rename it to {path:?}, and with it its -wal and \
         -shm if there are any"
    )]
    OldName {
        /// The file that is there.
        old_path: String,
        /// The file that the URL names now.
        path: String,
    },
    /// Another process, or another store of this one, works on the file.
    #[error(
        "{database:?} is in use by another server, or by `copy` or `migrate`: a SQLite database has one at a time, so stop it first"
    )]
    InUse {
        /// The file.
        database: String,
    },
    /// SQLite in memory has no file that the writer and the readers could share.
    #[error("SQLite in memory is not supported: name a file, in a temporary directory if it need not last")]
    InMemory,
    /// The directory of the file is not there.
    #[error("there is no directory {directory:?} for the database file")]
    DirectoryMissing {
        /// The directory.
        directory: String,
    },
    /// The file is something else than a database, or damaged at its head.
    #[error("{path:?} is not a SQLite database, or it is damaged")]
    NotADatabase {
        /// The file.
        path: String,
    },
    /// Another program has tables with names that this one needs.
    #[error("{database:?} has tables of another program with names that groups needs: use another database or schema")]
    Foreign {
        /// The file, or the database's name.
        database: String,
    },
    /// It cannot be written.
    #[error("{database:?} is read-only: check who owns it, its permissions and those of its directory")]
    ReadOnly {
        /// The file, or the database's name.
        database: String,
    },
    /// It keeps text in another encoding, in which not every name can be written.
    #[error(
        "{database:?} keeps text as {encoding}, in which not every name can be written: create the database with ENCODING 'UTF8'"
    )]
    NotUtf8 {
        /// The database's name.
        database: String,
        /// Its encoding, as PostgreSQL calls it.
        encoding: String,
    },
    /// A newer version of this program has written it.
    #[error("{database:?} was written by a newer version of groups (migration {migration}): update this program")]
    Newer {
        /// The file, or the database's name.
        database: String,
        /// The newest migration that this program does not know.
        migration: String,
    },
    /// There is no room for the database.
    #[error("the disk of {database:?} is full")]
    DiskFull {
        /// The file, or the database's name.
        database: String,
    },
    /// It did not answer, or refused to let us in.
    #[error("{database:?} cannot be opened: {detail}")]
    Unreachable {
        /// The file, or the database's name.
        database: String,
        /// The database's own words.
        detail: String,
    },
    /// The URL demands an encrypted connection, and this program was built without the feature `postgres-tls`.
    #[error(
        "an encrypted connection is demanded (sslmode), but this program was built without the feature postgres-tls"
    )]
    EncryptionMissing,
    /// What the URL demands of the connection's encryption cannot be done.
    #[error("the connection cannot be encrypted as demanded: {detail}")]
    Encryption {
        /// Why not.
        detail: String,
    },
    /// Its tables could not be brought up to date.
    #[error("the tables of {database:?} could not be brought up to date: {detail}")]
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
