//! Follows the log on SQLite.
//!
//! There is a single writer, so commits are visible in the order of their numbers. The writer hands
//! over its commits directly; the log is read only to catch up, and once per poll interval.

use std::sync::Arc;

use groups_domain::ReadPoint;
use uuid::Uuid;

use super::backend::SqliteBackend;
use super::log_reads::{Found, NextChange};
use super::queries::log_from;
use crate::connection::{Connection, SqliteConn};
use crate::log_reads::Need;
use crate::position::{Batch, BatchLimit, entries};
use crate::queries::{maintenance, sinks};
use crate::read_class::ReadClass;
use crate::recent_commits::{Commit, Follower, Next};
use crate::row::LogRow;
use crate::{LogEntry, Position, StoreError};

/// The state of a log follower.
#[derive(Debug)]
pub(crate) struct SqliteTail {
    /// The number of the next change.
    next: u64,
    /// The end of the last gap that was reported: changes pruned before they were read.
    gap_end: u64,
    /// Commits of the writer.
    recent: Follower,
    /// A commit of the writer that comes after changes that are read from the log.
    ahead: Option<Arc<Commit>>,
    /// Whether the log may have changes that do not come directly.
    need: Need,
}

impl SqliteTail {
    /// Follows the log from a position, or from its current end.
    pub(crate) async fn open(backend: &SqliteBackend, from: Option<Position>) -> Result<Self, StoreError> {
        // Before the end of the log is determined, so that no commit is missed in between.
        let (store, recent) = (backend.id(), backend.recent().follow());
        // At a position, there may be changes already.
        let need = Need::at_open(from.is_some());
        let next = backend.read(ReadClass::Delivery, async move |conn: &mut SqliteConn| match from {
            None => Ok(conn.read_point().await?.point.below),
            Some(from) => {
                let next = from.first_unknown();
                sinks::check_kept(conn, store, from).await?;
                Ok(next)
            }
        });
        Ok(Self { next: next.await?, gap_end: 0, recent, ahead: None, need })
    }

    /// Follows the log from so many changes before its end.
    pub(crate) async fn open_before_end(backend: &SqliteBackend, changes: u32) -> Result<Self, StoreError> {
        let (recent, need) = (backend.recent().follow(), Need::at_open(true));
        let next = backend.read(ReadClass::Delivery, async move |conn: &mut SqliteConn| {
            let floor = maintenance::floor(conn).await?;
            let end = conn.read_point().await?.point.below;
            Ok(end.saturating_sub(u64::from(changes)).max(floor).max(1))
        });
        Ok(Self { next: next.await?, gap_end: 0, recent, ahead: None, need })
    }

    /// The next changes; empty if there are none.
    pub(crate) async fn read(
        &mut self,
        backend: &SqliteBackend,
        store: Uuid,
        limit: BatchLimit,
    ) -> Result<Batch, StoreError> {
        let direct = self.direct(store, limit);
        let Some(since) = self.need.since.filter(|_| direct.is_empty()) else {
            return Ok(Batch { entries: direct, failed: None });
        };
        let read = backend.log_reads().get(since, NextChange(self.next), |reading| {
            backend.read(ReadClass::Delivery, async move |conn: &mut SqliteConn| {
                let found = log_from(conn, reading.from().0, limit).await?;
                let is_all = found.is_all;
                Ok(reading.finish(found, is_all))
            })
        });
        let read = read.await?;
        self.need.read_at = self.need.read_at.max(read.began_at);
        let Found { rows, floor, .. } = &read.found;
        if *floor > self.next && *floor > self.gap_end {
            self.gap_end = *floor;
            return Err(StoreError::OlderThanLog);
        }
        let rows: Vec<LogRow> = rows.iter().filter(|row| row.commit_id.0 >= self.next).cloned().collect();
        let Some(last) = rows.last() else {
            self.need.since = None;
            return Ok(Batch::default());
        };
        self.next = last.commit_id.0 + 1;
        let seen = ReadPoint { below: self.next, except: Vec::new() };
        Ok(entries(store, rows, &seen, [], SqliteConn::COMMIT_ORDER))
    }

    /// The next commits of the writer, if they follow without a gap.
    fn direct(&mut self, store: Uuid, limit: BatchLimit) -> Vec<LogEntry> {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while entries.len() < limit.entries_max as usize && bytes < limit.bytes_max {
            let commit = match self.ahead.take() {
                Some(commit) => commit,
                None => match self.recent.next() {
                    Next::Commit(commit) => commit,
                    Next::None => break,
                    Next::Missed(since) => {
                        self.need.add(since);
                        continue;
                    }
                },
            };
            for change in &commit.changes {
                let id = change.row.commit_id.0;
                if id < self.next {
                    continue;
                }
                if id > self.next {
                    // Changes before it are only in the log.
                    self.need.add(commit.added_at);
                    self.ahead = Some(commit);
                    return entries;
                }
                self.next = id + 1;
                bytes += change.payload_bytes;
                let point = ReadPoint { below: self.next, except: Vec::new() };
                let position = Position::new(store, &point, change.witness());
                entries.push(LogEntry { change: change.change.clone(), commit: id, position });
            }
        }
        entries
    }

    /// Whether the next read looks into the log.
    pub(crate) fn need(&mut self) -> &mut Need {
        &mut self.need
    }

    /// Waits until there may be something to read.
    pub(crate) async fn woken(&mut self) {
        self.recent.woken().await;
    }
}
