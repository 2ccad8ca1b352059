//! Shrinks the write-ahead log (`-wal`) after another program, such as a backup or a shell, has
//! held a read transaction for long.
//!
//! Normally the writer's connection checkpoints the log automatically, about 4 MiB at a time. While
//! an outside reader holds an old snapshot, newer pages cannot be checkpointed, and the log grows.
//! After the reader has gone, a full checkpoint would block changes until it is done. So a separate
//! thread checkpoints a large log concurrently with the writer. When little is left, the writer
//! resumes automatic checkpoints, restarts the log and truncates the file (`journal_size_limit`).
//! See <https://www.sqlite.org/wal.html>, section 6.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::file::DatabaseFile;
use crate::connection::SqliteConn;
use crate::query_error::QueryError;

/// A restarted log is truncated to this size. It is above the normal size, so that the file is not
/// truncated and extended all the time.
pub(super) const WAL_KEPT_BYTES: u64 = 6 * 1024 * 1024;

/// A larger log is checkpointed by the separate thread.
const WAL_LARGE_BYTES: u64 = 32 * 1024 * 1024;

/// The writer checkpoints automatically once the log has this many pages: SQLite's default.
const PAGES_PER_COPY: u32 = 1_000;

/// How often the size of the log is checked.
const EVERY: Duration = Duration::from_secs(1);

/// Checks between two warnings about a log that cannot be checkpointed.
const LOOKS_PER_WARNING: u32 = 60;

/// Commits within which a checkpointed log is restarted and truncated; until then its size is not
/// meaningful.
const COMMITS_TO_START_OVER: u32 = 8;

/// Set by the thread and read by the writer: little is left to checkpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct CaughtUp(Arc<AtomicBool>);

/// Whether the writer checkpoints automatically.
#[derive(Debug)]
pub(super) struct CopyByWriter {
    caught_up: CaughtUp,
    on: bool,
    grace: u32,
}

impl CopyByWriter {
    pub(super) fn new(caught_up: CaughtUp) -> Self {
        Self { caught_up, on: true, grace: 0 }
    }

    /// Called after every commit, with the size of the log.
    pub(super) fn committed(&mut self, conn: &mut SqliteConn, wal_bytes: u64) {
        let large = wal_bytes > WAL_LARGE_BYTES;
        if self.on && large && self.grace == 0 {
            self.caught_up.0.store(false, Ordering::Release);
            self.set(conn, 0);
            self.on = false;
        } else if !self.on && (!large || self.caught_up.0.load(Ordering::Acquire)) {
            self.set(conn, PAGES_PER_COPY);
            (self.on, self.grace) = (true, COMMITS_TO_START_OVER);
        } else {
            self.grace = self.grace.saturating_sub(1);
        }
    }

    fn set(&self, conn: &mut SqliteConn, pages: u32) {
        if let Err(error) = conn.batch_execute(&format!("PRAGMA wal_autocheckpoint = {pages}")) {
            tracing::warn!(%error, "cannot set SQLite's wal_autocheckpoint");
        }
    }
}

/// Checkpoints a large log whenever needed, until the other end of `stop` is dropped.
pub(super) fn keep_small(conn: &mut SqliteConnection, file: &DatabaseFile, caught_up: &CaughtUp, stop: &Receiver<()>) {
    let mut looks_in_vain = 0;
    while stop.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        let bytes = file.wal_bytes();
        if bytes <= WAL_LARGE_BYTES {
            looks_in_vain = 0;
            continue;
        }
        match copy(conn) {
            Ok(true) => {
                looks_in_vain = 0;
                caught_up.0.store(true, Ordering::Release);
            }
            Ok(false) if looks_in_vain % LOOKS_PER_WARNING == 0 => {
                looks_in_vain += 1;
                tracing::warn!(
                    bytes,
                    "the -wal file of the database grows: another program, such as a backup or a shell, holds a read transaction on it"
                );
            }
            Ok(false) => looks_in_vain += 1,
            Err(error) => tracing::warn!(%error, "cannot checkpoint the -wal file of the database"),
        }
    }
}

/// Checkpoints the whole log and empties its file. Returns `false` if a reader prevents that: this
/// does not wait, because changes would wait too.
pub(super) fn empty_log(conn: &mut SqliteConn) -> Result<bool, QueryError> {
    #[derive(QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = BigInt)]
        busy: i64,
    }
    #[derive(QueryableByName)]
    struct Timeout {
        #[diesel(sql_type = BigInt)]
        timeout: i64,
    }
    let Timeout { timeout } = diesel::sql_query("SELECT timeout FROM pragma_busy_timeout").get_result(conn.diesel())?;
    conn.batch_execute("PRAGMA busy_timeout = 0")?;
    let emptied = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(conn.diesel());
    conn.batch_execute(&format!("PRAGMA busy_timeout = {timeout}"))?;
    Ok(emptied?.busy == 0)
}

/// Checkpoints the log. Returns whether all of it was copied; the file is then truncated too,
/// unless a read or write is in progress.
fn copy(conn: &mut SqliteConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = BigInt)]
        log: i64,
        #[diesel(sql_type = BigInt)]
        checkpointed: i64,
    }
    let Checkpoint { log, checkpointed } = diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result(conn)?;
    let all = log == checkpointed;
    if all {
        // Never waits: this connection has no busy timeout.
        conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
    }
    Ok(all)
}
