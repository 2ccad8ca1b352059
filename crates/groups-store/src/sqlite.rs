//! The SQLite backend: one writer thread, a few reader threads, and the queries compiled for their
//! connections.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager, TransactionManagerStatus};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use groups_domain::{Change, ReadPoint, UserId};

use crate::column::{CommitId, Id};
use crate::hook::SqliteHook;
use crate::position::{BatchLimit, CommitOrder, Seen, Witness, WitnessRow};
use crate::query_error::{QueryError, reading};
use crate::row::{GroupRow, LogRow};
use crate::row_set::{Ids, RowSet, With};
use crate::schema::{log, memberships};
use crate::statements::{GROUPS_OF_IDS, GroupSql};
use crate::url::SqliteFile;
use crate::{HookError, Position, Reason, StoreError};

mod backend;
mod checkpoint;
mod file;
mod open;
#[cfg(test)]
mod plans;
mod threads;
mod transaction;

#[path = "queries/blocks.rs"]
pub(crate) mod blocks;
#[path = "queries/commit.rs"]
pub(crate) mod commit;
#[path = "queries/list.rs"]
pub(crate) mod list;
#[path = "queries/maintenance.rs"]
pub(crate) mod maintenance;
#[path = "queries/names.rs"]
pub(crate) mod names;
#[path = "queries/people.rs"]
pub(crate) mod people;
#[path = "queries/read.rs"]
pub(crate) mod read;
#[path = "queries/sinks.rs"]
pub(crate) mod sinks;
#[path = "queries/stream.rs"]
pub(crate) mod stream;

pub(crate) use backend::{SqliteBackend, SqliteTail};

/// A connection whose calls block until they finish when their future is polled.
pub(crate) type Conn = SyncConnectionWrapper<SqliteConnection, InPlace>;

/// There is a single writer.
pub(crate) const COMMIT_ORDER: CommitOrder = CommitOrder::Kept;

/// Runs each database call in place: the threads of [`threads`] may block.
#[derive(Debug)]
pub(crate) struct InPlace;

impl SpawnBlocking for InPlace {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        std::future::ready(Ok(task())).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// The names of the pending migrations of a file.
pub(crate) fn pending(file: SqliteFile, options: &crate::StoreOptions) -> Result<Vec<String>, crate::OpenError> {
    open::pending(&open::Settings { file, busy: options.wait_max, pages_max: None })
}

/// The groups with these ids. A single writer needs no locks.
pub(crate) async fn load_groups(conn: &mut Conn, ids: Vec<Id>) -> Result<Vec<GroupRow>, QueryError> {
    let ids = Ids::chunks(ids.into_iter().map(|id| (id,)));
    let mut groups = Vec::new();
    for ids in ids {
        let of_ids = With::<_, GroupSql>::select(ids, GROUPS_OF_IDS);
        groups.extend(of_ids.load::<GroupRow>(conn).await.map_err(reading("groups"))?);
    }
    Ok(groups)
}

/// Whether other transactions may have changed these users meanwhile. Never: a single writer needs
/// no locks.
pub(crate) async fn lock_users(_conn: &mut Conn, _users: &[Id]) -> Result<bool, QueryError> {
    Ok(false)
}

/// The groups with these ids, for a reader.
pub(crate) async fn read_groups(conn: &mut Conn, ids: Vec<Id>) -> Result<Vec<GroupRow>, QueryError> {
    load_groups(conn, ids).await
}

/// The sequence numbers of the changes within a user's intervals after a position, unordered.
pub(crate) async fn missed_seqs(
    conn: &mut Conn,
    user: UserId,
    from: &Position,
    limit: i64,
) -> Result<Vec<i64>, QueryError> {
    // The version that ends an interval is part of it: it tells the user about the end. Commits are
    // in log order.
    let within = log::version
        .ge(memberships::joined_version)
        .and(memberships::left_version.is_null().or(log::version.nullable().le(memberships::left_version)));
    memberships::table
        .inner_join(log::table.on(log::group_id.eq(memberships::group_id)))
        .filter(memberships::user_id.eq(Id::from(user)))
        .filter(log::commit_id.ge(CommitId(from.first_unknown())))
        .filter(within.assume_not_null())
        .select(log::seq)
        .limit(limit)
        .load(conn)
        .await
        .map_err(reading("log"))
}

/// What the transaction sees.
pub(crate) async fn read_point(conn: &mut Conn) -> Result<Seen, QueryError> {
    #[derive(QueryableByName)]
    struct Last {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    // Not the largest number in the log, because the whole log may have been pruned.
    let last: Option<Last> =
        diesel::sql_query("SELECT seq FROM sqlite_sequence WHERE name = 'log'").get_result(conn).await.optional()?;
    let next = last.map_or(0, |last| u64::try_from(last.seq).unwrap_or(0)) + 1;
    let newest: Option<WitnessRow> = log::table
        .order(log::seq.desc())
        .select((log::seq, log::group_id, log::version, log::actor_id, log::at))
        .first(conn)
        .await
        .optional()
        .map_err(reading("log"))?;
    let point = ReadPoint { below: next, except: Vec::new() };
    Ok(Seen { point, witness: newest.map_or(Witness::NONE, Witness::new) })
}

/// Fails if the database cannot be written.
pub(crate) async fn check_writable(conn: &mut Conn) -> Result<(), QueryError> {
    // A different value each time, otherwise SQLite would have nothing to write.
    let write = "INSERT INTO meta (name, value) VALUES ('probe', '0') \
                 ON CONFLICT (name) DO UPDATE SET value = CASE meta.value WHEN '0' THEN '1' ELSE '0' END";
    diesel::sql_query(write).execute(conn).await?;
    Ok(())
}

/// Number of log rows that are read before their bytes are counted.
const STEP_ROWS: u32 = 16;

/// The changes after a position, in order, and the position up to which the log was pruned.
pub(crate) async fn log_from(
    conn: &mut Conn,
    mut next: u64,
    limit: BatchLimit,
) -> Result<(Vec<LogRow>, u64), QueryError> {
    let floor = maintenance::floor(conn).await?;
    let (mut rows, mut bytes): (Vec<LogRow>, _) = (Vec::new(), 0);
    let mut left = limit.entries_max;
    while left > 0 && bytes < limit.bytes_max {
        let step = STEP_ROWS.min(left);
        left -= step;
        let more: Vec<LogRow> = log::table
            .filter(log::seq.ge(crate::row::to_stored(next)))
            .order(log::seq)
            .limit(i64::from(step))
            .select(LogRow::as_select())
            .load(conn)
            .await
            .map_err(reading("log"))?;
        let is_last = more.len() < step as usize;
        next = more.last().map_or(next, |last| last.commit_id.0 + 1);
        bytes += more.iter().map(|row| row.payload.len()).sum::<usize>();
        rows.extend(more);
        if is_last {
            break;
        }
    }
    Ok((rows, floor))
}

/// An application's hook for this backend.
pub(crate) type Hook = SqliteHook;

/// Runs a hook. Fails if the hook ended the transaction.
pub(crate) async fn run_hook(conn: &mut Conn, hook: &Hook, change: &Change) -> Result<(), QueryError> {
    let (hook, change) = (Arc::clone(hook), change.clone());
    let run = conn.spawn_blocking(move |conn| {
        // Tells Diesel that a transaction is open, which Diesel did not begin.
        AnsiTransactionManager::begin_transaction_sql(conn, "SAVEPOINT hook")?;
        let done = catch_unwind(AssertUnwindSafe(|| hook(conn, &change)));
        *AnsiTransactionManager::transaction_manager_status_mut(conn) = TransactionManagerStatus::default();
        let released = conn.batch_execute("RELEASE hook");
        Ok(match done {
            Err(_) => Err(HookError::Panicked),
            Ok(Err(error)) => Err(HookError::Refused(error.into())),
            Ok(Ok(())) => released.map_err(|_| HookError::TransactionEnded),
        })
    });
    Ok(run.await??)
}

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
