//! The one place where transactions on PostgreSQL begin and end.

use std::time::Duration;

use diesel_async::{AnsiTransactionManager, TransactionManager};
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::Conn;
use super::connection::Connection;
use super::failure::{Failure, classify};
use crate::query_error::QueryError;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads see one point in time.
    Read,
    /// Each statement sees what was committed before it, so that what is read under a lock is true.
    Write,
    /// The same, where others wait behind it: no lock is waited for longer than this.
    Commit {
        /// In place of [`StoreOptions::wait_max`](crate::StoreOptions::wait_max).
        lock_max: Duration,
    },
}

impl Purpose {
    fn begin(self) -> String {
        const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        // PostgreSQL keeps the plans of when the tables were empty until somebody analyzes these, and for sets of rows they read
        // whole groups. So each use gets its own, and the orders of a batch share what that costs.
        const WRITE: &str =
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL plan_cache_mode = force_custom_plan";
        match self {
            Self::Read => READ.to_owned(),
            Self::Write => WRITE.to_owned(),
            // Zero would be no limit.
            Self::Commit { lock_max } => format!("{WRITE}; SET LOCAL lock_timeout = {}", lock_max.as_millis().max(1)),
        }
    }
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
///
/// Beginning costs the server nothing, so a connection on which it takes long is taken for a lost one: that is how a half-open one
/// is noticed soon. What comes after it is bounded by the time that one statement may take, on the server and on the wire.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(super) async fn transact<T>(
    conn: &mut Connection,
    purpose: Purpose,
    body: impl for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, QueryError>>,
) -> Result<T, Failed<T>> {
    let (bounds, wire) = (conn.bounds(), conn.wire().clone());
    wire.forget_error();
    let mut open = conn.open_transaction();
    let begin = purpose.begin();
    match timeout(bounds.begin_max, AnsiTransactionManager::begin_transaction_sql(open.conn(), &begin)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            // A standby cannot begin to write, and says that as "not supported".
            let standby = wire.last_error() == Some(*b"0A000");
            return Err(Failed::Before(match classify(error.into(), &wire) {
                _ if standby => Failure::Lost("the server is a standby, which cannot be written".to_owned()),
                failure => failure,
            }));
        }
        Err(_) => return Err(Failed::Before(Failure::Lost("the server did not answer in time".to_owned()))),
    }
    match body(open.conn()).await {
        Ok(value) => match timeout(bounds.commit_max, AnsiTransactionManager::commit_transaction(open.conn())).await {
            Ok(Ok(())) => {
                open.ended();
                Ok(value)
            }
            Ok(Err(error)) => Err(match classify(error.into(), &wire) {
                Failure::Lost(detail) => Failed::During(value, detail),
                failure => Failed::Before(failure),
            }),
            Err(_) => Err(Failed::During(value, "the server did not answer in time".to_owned())),
        },
        Err(error) => {
            let failure = classify(error, &wire);
            if !matches!(failure, Failure::Lost(_)) {
                let rolled_back = AnsiTransactionManager::rollback_transaction(open.conn());
                match timeout(bounds.begin_max, rolled_back).await {
                    Ok(Ok(())) => open.ended(),
                    Ok(Err(error)) => tracing::debug!(%error, "the transaction ended with its connection"),
                    Err(_) => tracing::debug!("the transaction ends with its connection"),
                }
            }
            Err(Failed::Before(failure))
        }
    }
}
