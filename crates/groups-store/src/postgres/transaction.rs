//! The only place where PostgreSQL transactions begin and end.

use std::time::Duration;

use diesel_async::{AnsiTransactionManager, TransactionManager};
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::connection::Connection;
use super::failure::{Failure, classify};
use crate::connection::PostgresConn;
use crate::query_error::QueryError;

/// The purpose of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads one snapshot.
    Read,
    /// Each statement sees everything committed before it, so that rows read under a lock are
    /// current.
    Write,
    /// Same as `Write`, but with a shorter lock timeout, because others wait behind it.
    Commit {
        /// Replaces [`StoreOptions::wait_max`](crate::StoreOptions::wait_max).
        lock_max: Duration,
    },
}

impl Purpose {
    fn begin(self) -> String {
        const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        // PostgreSQL keeps plans made for empty tables until the tables are analyzed, and with sets
        // of rows those plans scan whole groups. So each execution is planned again; the orders of
        // a batch share the cost.
        const WRITE: &str =
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL plan_cache_mode = force_custom_plan";
        match self {
            Self::Read => READ.to_owned(),
            Self::Write => WRITE.to_owned(),
            // Zero would mean no limit.
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

/// Runs `body` and commits, or rolls back. Dropping the future breaks the connection, and the pool
/// then discards it.
///
/// BEGIN costs the server nothing, so a connection on which it takes long counts as lost. This
/// detects half-open connections early. Everything after it is bounded by the statement timeout, on
/// the server and on the wire.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(super) async fn transact<T>(
    conn: &mut Connection,
    purpose: Purpose,
    body: impl for<'c> FnOnce(&'c mut PostgresConn) -> BoxFuture<'c, Result<T, QueryError>>,
) -> Result<T, Failed<T>> {
    let (bounds, wire) = (conn.bounds(), conn.wire().clone());
    wire.forget_error();
    let mut open = conn.open_transaction();
    let begin = purpose.begin();
    match timeout(bounds.begin_max, AnsiTransactionManager::begin_transaction_sql(open.conn(), &begin)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            // A standby rejects a write transaction with "feature not supported".
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
