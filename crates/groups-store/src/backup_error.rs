//! Why a database could not be copied to a file.

use std::io;
use std::path::PathBuf;

use crate::OpenError;

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
