//! Keeping the write-ahead log (`-wal`) small after somebody else, a backup or a shell, has held an old state of the database for long.
//!
//! In ordinary times the writer's connection copies the log into the database by itself, some 4 MiB at a time. While an outside reader
//! holds an old state nothing can be copied over it, and the log grows. Once the reader has gone, copying all of it would keep changes
//! waiting for as long as it takes. So a log that has become large is copied by a thread of its own, beside the writer; the writer
//! begins again when little is left, starts the log over, and cuts the file (`journal_size_limit`).
//! See <https://www.sqlite.org/wal.html>, section 6.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::SimpleAsyncConnection;

use super::Conn;
use super::file::DatabaseFile;
use super::threads::in_place;

/// A log that starts over is cut to this size: more than it has in ordinary times, so that it is not cut and extended all the time.
pub(super) const WAL_KEPT_BYTES: u64 = 6 * 1024 * 1024;

/// A larger log is copied beside the writer.
const WAL_LARGE_BYTES: u64 = 32 * 1024 * 1024;

/// The writer copies by itself once the log has so many pages: SQLite's own default.
const PAGES_PER_COPY: u32 = 1_000;

/// How often the size of the log is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// A log that cannot be copied is logged this often, counted in looks.
const LOOKS_PER_WARNING: u32 = 60;

/// Commits within which a log that was copied is started over and cut; until then its size means nothing.
const COMMITS_TO_START_OVER: u32 = 8;

/// Told by the thread, read by the writer: little is left to be copied.
#[derive(Clone, Debug, Default)]
pub(super) struct CaughtUp(Arc<AtomicBool>);

/// Whether the writer copies by itself.
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

    /// After every commit, with the size of the log.
    pub(super) fn committed(&mut self, conn: &mut Conn, wal_bytes: u64) {
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

    fn set(&self, conn: &mut Conn, pages: u32) {
        let set = in_place(conn.batch_execute(&format!("PRAGMA wal_autocheckpoint = {pages}")));
        if let Some(Err(error)) = set {
            tracing::warn!(%error, "SQLite's checkpoints could not be set");
        }
    }
}

/// Copies a large log until the other end of `stop` is dropped.
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
            Err(error) => tracing::warn!(%error, "the -wal file of the database could not be folded in"),
        }
    }
}

/// Whether all of the log was copied. Then the file is cut as well, unless somebody is just reading or writing.
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
        // Waits for nobody: its connection has no busy timeout.
        conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
    }
    Ok(all)
}
