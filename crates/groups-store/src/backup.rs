//! Copies a SQLite database to a file while a server uses it.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "sqlite")]
use crate::sqlite;
use crate::url::Target;
use crate::{OpenError, StoreOptions};

/// Why a database could not be copied to a file. There is no file then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database cannot be read, or is not a database of groups.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database is not a SQLite file.
    #[error("only a SQLite database can be copied to a file: use pg_dump for PostgreSQL")]
    NotSqlite,
    /// The database file does not exist.
    #[error("there is no database at {}", .0.display())]
    Missing(PathBuf),
    /// The target exists. It is never overwritten.
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    /// The target cannot be written.
    #[error("{} cannot be written", .path.display())]
    Write {
        /// The target.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// SQLite could not copy the database, for example because the disk is full.
    #[error("the database could not be copied: {detail}")]
    Copy {
        /// SQLite's message.
        detail: String,
    },
    /// The copy is not intact, so the database is probably damaged.
    #[error("the copy is damaged, and was removed: {detail}")]
    Damaged {
        /// SQLite's message.
        detail: String,
    },
}

/// Copies a SQLite database to a new file, and returns its size in bytes. A server may use the
/// database meanwhile.
///
/// The copy shows the database at one point in time, has mode 0600, and was checked and flushed to
/// disk before the file gets its name. It has no free pages, so nothing that was deleted is in it.
/// To restore, put it in the place of the database while no server runs.
///
/// The call blocks for about as long as reading and writing the file takes; on an async runtime, use
/// `spawn_blocking`. The `-wal` file of the database grows meanwhile.
///
/// # Errors
/// [`BackupError`]. Changes nothing if it fails.
pub fn backup(options: &StoreOptions, to: &Path) -> Result<u64, BackupError> {
    match Target::parse(&options.url)? {
        #[cfg(feature = "sqlite")]
        Target::Sqlite(file) => sqlite::backup(file, options.wait_max, to),
        #[cfg(not(feature = "sqlite"))]
        Target::Sqlite(_) => Err(OpenError::not_compiled_in(&options.url, "sqlite").into()),
        Target::Postgres { .. } => Err(BackupError::NotSqlite),
    }
}
