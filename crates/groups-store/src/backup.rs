//! Copies a SQLite database to a file while a server uses it.

use std::path::Path;

#[cfg(feature = "sqlite")]
use crate::sqlite;
use crate::url::Target;
use crate::{BackupError, StoreOptions};

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
        Target::Sqlite(_) => {
            let _ = to;
            Err(crate::OpenError::not_compiled_in(&options.url, "sqlite").into())
        }
        Target::Postgres { .. } => Err(BackupError::NotSqlite),
    }
}
