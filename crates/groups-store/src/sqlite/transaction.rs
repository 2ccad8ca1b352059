//! The one place where transactions on SQLite begin and end.

use diesel_async::SimpleAsyncConnection;

use super::{Conn, classify};
use crate::query_error::QueryError;
use crate::{Reason, StoreError};

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads see one point in time, and block nobody.
    Read,
    /// The lock is taken at once, so that what is read is still true when it is written.
    Write,
}

/// Runs `body` and commits, or leaves everything as it was.
pub(super) async fn transact<T>(
    conn: &mut Conn,
    purpose: Purpose,
    body: impl AsyncFnOnce(&mut Conn) -> Result<T, QueryError>,
) -> Result<T, StoreError> {
    let begin = match purpose {
        Purpose::Read => "BEGIN DEFERRED",
        Purpose::Write => "BEGIN IMMEDIATE",
    };
    conn.batch_execute(begin).await.map_err(|error| classify(error.into()))?;
    match body(conn).await {
        Ok(value) => match conn.batch_execute("COMMIT").await {
            Ok(()) => Ok(value),
            Err(error) => {
                roll_back(conn).await;
                Err(match classify(error.into()) {
                    // What was written before the disk failed may be found after a crash.
                    StoreError::Unavailable(Reason::Unreachable) => StoreError::Unavailable(Reason::OutcomeUnknown),
                    error => error,
                })
            }
        },
        Err(error) => {
            roll_back(conn).await;
            Err(classify(error))
        }
    }
}

/// Ends a transaction that may have ended by itself: SQLite rolls back on its own where the disk is full.
pub(super) async fn roll_back(conn: &mut Conn) {
    if let Err(error) = conn.batch_execute("ROLLBACK").await {
        tracing::debug!(%error, "nothing to roll back");
    }
}
