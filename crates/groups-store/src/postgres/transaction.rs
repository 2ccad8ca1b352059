//! The one place where transactions on PostgreSQL begin and end.

use diesel_async::{AnsiTransactionManager, TransactionManager};
use futures_util::future::BoxFuture;

use super::{Conn, Failure, classify};
use crate::query_error::QueryError;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads see one point in time.
    Read,
    /// Each statement sees what was committed before it, so that what is read under a lock is true.
    Write,
}

/// How a transaction failed.
#[derive(Debug)]
pub(super) enum Failed<T> {
    /// Nothing was written.
    Before(Failure),
    /// The connection was lost while committing; the value holds if the commit was made.
    During(T, String),
}

/// Runs `body` and commits, or leaves everything as it was. Dropping the future breaks the connection, and the pool then discards it.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(super) async fn transact<T>(
    conn: &mut Conn,
    purpose: Purpose,
    body: impl for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, QueryError>>,
) -> Result<T, Failed<T>> {
    let begin = match purpose {
        Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        // PostgreSQL keeps the plans of when the tables were empty until somebody analyzes these, and for sets of rows they read
        // whole groups. So each use gets its own, and the orders of a batch share what that costs.
        Purpose::Write => {
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL plan_cache_mode = force_custom_plan"
        }
    };
    let begun = AnsiTransactionManager::begin_transaction_sql(conn, begin).await;
    begun.map_err(|error| Failed::Before(classify(error.into())))?;
    match body(conn).await {
        Ok(value) => match AnsiTransactionManager::commit_transaction(conn).await {
            Ok(()) => Ok(value),
            Err(error) => Err(match classify(error.into()) {
                Failure::Lost(detail) => Failed::During(value, detail),
                failure => Failed::Before(failure),
            }),
        },
        Err(error) => {
            if let Err(error) = AnsiTransactionManager::rollback_transaction(conn).await {
                tracing::debug!(%error, "the transaction ended with its connection");
            }
            Err(Failed::Before(classify(error)))
        }
    }
}
