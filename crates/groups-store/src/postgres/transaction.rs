//! The only place where PostgreSQL transactions begin and end.

use std::time::Duration;

use diesel_async::{AnsiTransactionManager, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join, pending, try_join};
use tokio::time::{sleep, timeout};

use super::connection::{Bounds, Connection, OpenTransaction};
use super::failure::{Failure, classify};
use super::statement::Prepared;
use super::wire::Wire;
use crate::connection::PostgresConn;
use crate::query_error::QueryError;

/// The purpose of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads one snapshot: see [`read`].
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
    /// `each`: statements at the beginning of each transaction.
    fn begin(self, each: &str) -> String {
        const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
        match self {
            Self::Read => format!("{READ}{each}"),
            // The best plan of some statements depends on the data.
            Self::Write => format!("{WRITE}{each}; SET LOCAL plan_cache_mode = force_custom_plan"),
            // Zero would mean no limit.
            Self::Commit { lock_max } => {
                format!("{WRITE}{each}; SET LOCAL lock_timeout = {}", lock_max.as_millis().max(1))
            }
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

/// Runs a transaction in two round trips: `read` is sent together with BEGIN, and what `decide`
/// returns is sent together with COMMIT. Returns what `decide` returns, and the result of the write.
///
/// The statements of a trip are sent in the order in which their futures are polled first. COMMIT is
/// a prepared statement like the others, so that it waits for its turn even if they have to be
/// prepared. If the write fails, COMMIT rolls back. `write` sends a single statement, so that part of
/// it is never committed.
pub(super) async fn transact_in_two_trips<R, V, S, W>(
    conn: &mut Connection,
    purpose: Purpose,
    read: impl for<'c> FnOnce(&'c PostgresConn) -> BoxFuture<'c, Result<R, QueryError>>,
    decide: impl for<'c> FnOnce(&'c mut PostgresConn, R) -> BoxFuture<'c, Result<(V, S), QueryError>>,
    write: impl for<'c> FnOnce(&'c PostgresConn, S) -> BoxFuture<'c, Result<W, QueryError>>,
) -> Result<(V, W), Failed<V>> {
    let (bounds, wire) = (conn.bounds(), conn.wire().clone());
    wire.forget_error();
    let begin = purpose.begin(&conn.each());
    let mut open = conn.open_transaction();
    let shared: &PostgresConn = open.conn();
    let begun = async {
        let begun = timeout(bounds.begin_max, async { (&mut &*shared).batch_execute(&begin).await }).await;
        begun.map_err(|_| Begun::Silent)?.map_err(Begun::Failed)
    };
    let reading = async { read(shared).await.map_err(Begun::ReadFailed) };
    let read = match try_join(begun, reading).await {
        Ok(((), read)) => read,
        Err(Begun::Silent) => return Err(Failed::Before(Failure::Lost(SILENT.to_owned()))),
        Err(Begun::Failed(error)) => return Err(Failed::Before(not_begun(error, &wire))),
        Err(Begun::ReadFailed(error)) => return Err(Failed::Before(roll_back(open, error, bounds, &wire).await)),
    };
    let (value, statements) = match decide(open.conn(), read).await {
        Ok(decided) => decided,
        Err(error) => return Err(Failed::Before(roll_back(open, error, bounds, &wire).await)),
    };
    let shared: &PostgresConn = open.conn();
    let commit = async { Prepared::<_, ()>::new("COMMIT").execute(&mut &*shared).await };
    match timeout(bounds.commit_max, join(write(shared, statements), commit)).await {
        Ok((Ok(written), Ok(_))) if wire.last_error().is_none() => {
            open.ended();
            Ok((value, written))
        }
        Ok((Ok(_), Ok(_))) => Err(Failed::During(value, "the server reported an error".to_owned())),
        Ok((Ok(_), Err(error))) => Err(match classify(error.into(), &wire) {
            Failure::Lost(detail) => Failed::During(value, detail),
            failure => Failed::Before(failure),
        }),
        Ok((Err(error), committed)) => Err(match classify(error, &wire) {
            // The COMMIT behind it may have been executed.
            Failure::Lost(detail) => Failed::During(value, detail),
            // The server has executed what it got: the statement or its answer was not understood here.
            failure if wire.last_error().is_none() => Failed::During(value, failure.into_error().to_string()),
            failure => {
                if committed.is_ok() {
                    open.ended();
                }
                Failed::Before(failure)
            }
        }),
        Err(_) => Err(Failed::During(value, SILENT.to_owned())),
    }
}

/// Why the first trip of a transaction failed.
enum Begun {
    Silent,
    Failed(diesel::result::Error),
    ReadFailed(QueryError),
}

const SILENT: &str = "the server did not answer in time";

/// Why a transaction did not begin.
fn not_begun(error: diesel::result::Error, wire: &Wire) -> Failure {
    // A standby rejects a write transaction with "feature not supported".
    let standby = wire.last_error() == Some(*b"0A000");
    match classify(error.into(), wire) {
        _ if standby => Failure::Lost("the server is a standby, which cannot be written".to_owned()),
        failure => failure,
    }
}

/// Ends a transaction after an error, and classifies the error.
async fn roll_back(mut open: OpenTransaction<'_>, error: QueryError, bounds: Bounds, wire: &Wire) -> Failure {
    let failure = classify(error, wire);
    if !matches!(failure, Failure::Lost(_)) {
        match timeout(bounds.begin_max, open.conn().batch_execute("ROLLBACK")).await {
            Ok(Ok(())) => open.ended(),
            Ok(Err(error)) => tracing::debug!(%error, "the transaction ended with its connection"),
            Err(_) => tracing::debug!("the transaction ends with its connection"),
        }
    }
    failure
}

/// Runs `body` in one snapshot. BEGIN is sent together with its first statement, and nobody waits for
/// the answer to COMMIT: there is nothing to commit. The next user of the connection sends its
/// statements behind it.
pub(super) async fn read<T>(
    conn: &mut Connection,
    body: impl for<'c> FnOnce(&'c mut PostgresConn) -> BoxFuture<'c, Result<T, QueryError>>,
) -> Result<T, Failure> {
    let (bounds, wire) = (conn.bounds(), conn.wire().clone());
    wire.forget_error();
    let begin = Purpose::Read.begin(&conn.each());
    let mut open = conn.open_transaction();
    send(open.conn(), &begin);
    let read = answered(bounds, &wire, body(open.conn())).await;
    match read {
        // An error that `body` has not seen is one of BEGIN.
        Ok(Ok(value)) if wire.last_error().is_none() => {
            send(open.conn(), "COMMIT");
            open.ended();
            Ok(value)
        }
        Ok(Ok(_)) => Err(Failure::Lost("the transaction did not begin".to_owned())),
        Ok(Err(error)) => {
            let failure = classify(error, &wire);
            if !matches!(failure, Failure::Lost(_)) {
                send(open.conn(), "ROLLBACK");
                open.ended();
            }
            Err(failure)
        }
        Err(silent) => Err(silent),
    }
}

/// Runs a single statement, without a transaction around it if possible.
pub(super) async fn read_alone<T>(
    conn: &mut Connection,
    body: impl for<'c> FnOnce(&'c mut PostgresConn) -> BoxFuture<'c, Result<T, QueryError>>,
) -> Result<T, Failure> {
    if !conn.each().is_empty() {
        return read(conn, body).await;
    }
    let (bounds, wire) = (conn.bounds(), conn.wire().clone());
    wire.forget_error();
    let mut open = conn.open_transaction();
    let read = timeout(bounds.begin_max, body(open.conn())).await;
    let read = read.map_err(|_| Failure::Lost(SILENT.to_owned()))?.map_err(|error| classify(error, &wire));
    if !matches!(read, Err(Failure::Lost(_))) {
        open.ended();
    }
    read
}

/// Sends statements whose answer nobody waits for. The observed wire still sees their errors.
fn send(conn: &mut PostgresConn, statements: &str) {
    // Polled once, the future queues the statements; it would only wait from then on.
    drop(conn.batch_execute(statements).now_or_never());
}

/// Waits for `work`, but only while the server answers: the first answer must come in time.
async fn answered<T>(bounds: Bounds, wire: &Wire, work: impl Future<Output = T>) -> Result<T, Failure> {
    let before = wire.answers();
    let silence = async {
        sleep(bounds.begin_max).await;
        if wire.answers() != before {
            pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = silence => Err(Failure::Lost(SILENT.to_owned())),
    }
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
    let begin = purpose.begin(&conn.each());
    let mut open = conn.open_transaction();
    match timeout(bounds.begin_max, AnsiTransactionManager::begin_transaction_sql(open.conn(), &begin)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(Failed::Before(not_begun(error, &wire))),
        Err(_) => return Err(Failed::Before(Failure::Lost(SILENT.to_owned()))),
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
            Err(_) => Err(Failed::During(value, SILENT.to_owned())),
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
