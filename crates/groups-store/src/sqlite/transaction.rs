//! The only place where SQLite transactions begin and end.

use super::failure::classify;
use crate::connection::SqliteConn;
use crate::query_error::QueryError;
use crate::{Reason, StoreError};

/// The purpose of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads one snapshot and blocks nobody.
    Read,
    /// Takes the write lock at the start, so that the rows read do not change before the write.
    Write,
}

/// Runs `body` and commits, or rolls back.
pub(super) async fn transact<T>(
    conn: &mut SqliteConn,
    purpose: Purpose,
    body: impl AsyncFnOnce(&mut SqliteConn) -> Result<T, QueryError>,
) -> Result<T, StoreError> {
    begin(conn, purpose)?;
    let done = body(conn).await;
    end(conn, done)
}

/// The same with a body that keeps its result itself, so that it is compiled once for all of them.
pub(super) fn transact_in_place(
    conn: &mut SqliteConn,
    purpose: Purpose,
    body: &mut dyn FnMut(&mut SqliteConn) -> Result<(), QueryError>,
) -> Result<(), StoreError> {
    begin(conn, purpose)?;
    let done = body(conn);
    end(conn, done)
}

fn begin(conn: &mut SqliteConn, purpose: Purpose) -> Result<(), StoreError> {
    let begin = match purpose {
        Purpose::Read => "BEGIN DEFERRED",
        Purpose::Write => "BEGIN IMMEDIATE",
    };
    conn.batch_execute(begin).map_err(|error| classify(error.into()))
}

/// Commits, or rolls back after an error.
fn end<T>(conn: &mut SqliteConn, done: Result<T, QueryError>) -> Result<T, StoreError> {
    match done {
        Ok(value) => match conn.batch_execute("COMMIT") {
            Ok(()) => Ok(value),
            Err(error) => {
                roll_back(conn);
                Err(match classify(error.into()) {
                    // The commit may have reached the disk before the disk failed.
                    StoreError::Unavailable(Reason::Unreachable) => StoreError::Unavailable(Reason::OutcomeUnknown),
                    error => error,
                })
            }
        },
        Err(error) => {
            roll_back(conn);
            Err(classify(error))
        }
    }
}

/// Rolls back a transaction that may have ended already: SQLite rolls back automatically if the
/// disk is full.
pub(super) fn roll_back(conn: &mut SqliteConn) {
    if let Err(error) = conn.batch_execute("ROLLBACK") {
        tracing::debug!(%error, "nothing to roll back");
    }
}
