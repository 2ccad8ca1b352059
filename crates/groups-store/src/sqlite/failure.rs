//! Classifies failures.

use crate::query_error::QueryError;
use crate::{Reason, StoreError};

/// Classifies a failure. Diesel does not expose SQLite's result codes, but it does expose its fixed
/// messages (`sqlite3ErrStr` in SQLite's source).
pub(crate) fn classify(error: QueryError) -> StoreError {
    let error = match error {
        QueryError::Store(error) => return error,
        QueryError::Hook(error) => return StoreError::Database { detail: error.to_string() },
        QueryError::Diesel(error) => error.to_string(),
    };
    match error.as_str() {
        "database or disk is full" => StoreError::Unavailable(Reason::DiskFull),
        "database is locked" | "database table is locked" => StoreError::Unavailable(Reason::Busy),
        "disk I/O error" | "unable to open database file" | "attempt to write a readonly database" => {
            tracing::error!(error, "the database file cannot be used");
            StoreError::Unavailable(Reason::Unreachable)
        }
        "database disk image is malformed" | "file is not a database" => {
            StoreError::Corrupt { table: "of any name", id: "unknown".to_owned(), detail: error }
        }
        _ => StoreError::Database { detail: error },
    }
}
