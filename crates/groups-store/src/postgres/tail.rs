//! Follows the log on PostgreSQL, where transactions do not commit in row order.
//!
//! The progress is not a number but a snapshot: everything that it sees was delivered. A round
//! reads what the current snapshot sees and the last one did not, so a transaction that stays open
//! delays no other.
//!
//! Commits of this server come directly, without a round, and so do those that other servers
//! announce. Such a commit is next if the previous version of each of its groups was delivered;
//! otherwise a round reads both in order. The ids between the last known commit and this one stay unknown until
//! the next round: they may belong to a transaction that is still running, on any server.

mod round;

use std::sync::Arc;
use std::time::Instant;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use groups_domain::ReadPoint;
use tokio::sync::watch;
use uuid::Uuid;

use self::round::{Round, glance, rows_of};
use super::backend::PostgresBackend;
use super::log_reads::{Glance, SeenBefore};
use super::queries::current_snapshot;
use super::snapshot::Snapshot;
use crate::column::CommitId;
use crate::connection::{Connection, PostgresConn};
use crate::log_reads::Need;
use crate::position::{Batch, BatchLimit, entries};
use crate::queries::{maintenance, sinks};
use crate::query_error::reading;
use crate::read_class::ReadClass;
use crate::recent_commits::{CommittedChange, Follower, Next};
use crate::row::LogRow;
use crate::schema::log;
use crate::{LogEntry, Position, StoreError};

/// Maximum number of ids below the newest delivered commit that are not known to have ended. Other
/// databases of the same cluster may use many. With more, a round reads the commit: a [`Position`]
/// can list this many, and if it moved back to the first of them, clients that resume would get
/// changes again.
const UNKNOWN_MAX: u64 = 16;

/// Number of such ids above which a round finds out, before there are too many.
const UNKNOWN_FEW: usize = 8;

/// The state of a log follower.
#[derive(Debug)]
pub(crate) struct PostgresTail {
    /// Everything that it sees was delivered.
    seen: Snapshot,
    /// The number of the history that it belongs to.
    epoch: u64,
    /// The end of the last gap that was reported: changes pruned before they were read.
    gap_end: u64,
    /// The current round.
    round: Option<Round>,
    /// Whether this tail may have missed commits.
    need: Need,
    /// Whether the last changes came directly.
    was_direct: bool,
    /// Commits of this server, and those that others announce.
    recent: Follower,
    /// Notified of commits of other servers that are only in the log.
    elsewhere: watch::Receiver<Instant>,
}

impl PostgresTail {
    /// Follows the log from a position, or from its current end.
    pub(crate) async fn open(backend: &PostgresBackend, from: Option<Position>) -> Result<Self, StoreError> {
        let (recent, elsewhere) = (backend.recent().follow(), backend.bus().subscribe());
        // At a position, there may be changes already.
        let need = Need::at_open(from.is_some());
        let (seen, epoch) = match from {
            None => now(backend).await?,
            Some(from) => known_at(backend, from).await?,
        };
        Ok(Self { seen, epoch, gap_end: 0, round: None, need, was_direct: false, recent, elsewhere })
    }

    /// Follows the log from about so many changes before its end.
    pub(crate) async fn open_before_end(backend: &PostgresBackend, changes: u32) -> Result<Self, StoreError> {
        let (recent, elsewhere) = (backend.recent().follow(), backend.bus().subscribe());
        let need = Need::at_open(true);
        let (seen, epoch) = before_end(backend, changes).await?;
        Ok(Self { seen, epoch, gap_end: 0, round: None, need, was_direct: false, recent, elsewhere })
    }

    /// The next changes; empty if there are none. If the history was replaced, reports that once
    /// and continues from the end of the new one.
    pub(crate) async fn read(
        &mut self,
        backend: &PostgresBackend,
        store: Uuid,
        limit: BatchLimit,
    ) -> Result<Batch, StoreError> {
        let batch = self.read_on(backend, store, limit).await;
        // A replaced history is detected when a connection is opened, which increments the epoch.
        if backend.history().epoch() == self.epoch {
            return batch;
        }
        // Before clients are told to read again, so that no change is missed after what they then
        // read.
        (self.seen, self.epoch) = now(backend).await?;
        (self.round, self.need.since) = (None, None);
        Err(StoreError::HistoryReplaced)
    }

    async fn read_on(
        &mut self,
        backend: &PostgresBackend,
        store: Uuid,
        limit: BatchLimit,
    ) -> Result<Batch, StoreError> {
        if self.round.is_none() {
            // Commits of other servers and of this one take turns. What this tail has missed comes
            // before newer commits.
            let log_first = self.need.since.is_some() || (self.was_direct && self.is_woken());
            if !log_first {
                let batch = self.direct(backend, store, limit);
                self.was_direct = !batch.entries.is_empty();
                if self.was_direct || !(self.need.since.is_some() || self.is_woken()) {
                    return Ok(batch);
                }
            }
            self.was_direct = false;
            // A commit after this point wakes the next wait, even if this read already sees it. If the read
            // fails, it is still due.
            let since = self.need.add(*self.elsewhere.borrow_and_update());
            let from = SeenBefore { seen: self.seen.clone(), epoch: self.epoch };
            let read = backend.log_reads().get(since, from, |reading| {
                let reading = Arc::new(reading);
                backend.read_alone(ReadClass::Delivery, move |conn| {
                    let reading = Arc::clone(&reading);
                    async move {
                        let glance = glance(conn, &reading.from().seen, limit).await?;
                        let is_all = glance.rows.is_some();
                        Ok(reading.finish(glance, is_all))
                    }
                    .boxed()
                })
            });
            let read = read.await?;
            self.need.read_at = self.need.read_at.max(read.began_at);
            if let Glance { now, floor, rows: Some(rows) } = &read.found {
                self.check_gap(*floor)?;
                self.need.since = None;
                let rows: Vec<LogRow> = rows.iter().filter(|row| !self.seen.sees(row.commit_id.0)).cloned().collect();
                if let Some(row) = rows.last() {
                    backend.history().told(self.epoch, row);
                }
                // This tail may know commits that came directly after the read.
                let now = now.union(&self.seen);
                let batch = entries(store, rows, &now.read_point(), [], PostgresConn::COMMIT_ORDER);
                self.seen = now;
                return Ok(batch);
            }
            let seen = self.seen.clone();
            let round = backend.read(ReadClass::Delivery, move |conn| {
                let seen = seen.clone();
                async move {
                    let now = current_snapshot(conn).await?;
                    round::round(conn, &seen, now, i64::MIN).await
                }
                .boxed()
            });
            backend.log_reads().count_one();
            let floor = self.round.insert(round.await?).floor;
            self.need.since = None;
            self.check_gap(floor)?;
        }
        let Some(round) = self.round.as_mut() else { return Ok(Batch::default()) };
        if let (true, Some(after)) = (round.pending.is_empty(), round.more_after) {
            let (seen, now) = (self.seen.clone(), round.now.clone());
            let next = backend.read(ReadClass::Delivery, move |conn| {
                let (seen, now) = (seen.clone(), now.clone());
                async move { round::round(conn, &seen, now, after).await }.boxed()
            });
            let floor = round.floor;
            *round = next.await?;
            // It is unknown whether the pruned changes were delivered before: they may come after
            // the last delivered one.
            if round.floor > floor.max(self.gap_end) && !self.seen.sees(round.floor - 1) {
                self.gap_end = round.floor;
                return Err(StoreError::OlderThanLog);
            }
        }
        let seqs: Vec<i64> = round.pending.iter().take(limit.entries_max as usize).map(|(seq, _)| *seq).collect();
        if seqs.is_empty() {
            self.finish();
            return Ok(Batch::default());
        }
        let reading = backend.read(ReadClass::Delivery, move |conn| {
            let seqs = seqs.clone();
            async move { rows_of(conn, seqs, limit.bytes_max).await }.boxed()
        });
        let (rows, count) = reading.await?;
        if let Some(row) = rows.last() {
            backend.history().told(self.epoch, row);
        }
        round.pending.drain(..count);
        // The missing rows existed when the round began.
        let failed = (rows.len() < count).then_some(StoreError::OlderThanLog);
        let mut batch = if round.more_after.is_some() {
            // Not all pending commits are known: no commit of this round counts as delivered yet.
            let all: Vec<u64> = rows.iter().map(|row| row.commit_id.0).collect();
            entries(store, rows, &self.seen.read_point(), all, PostgresConn::COMMIT_ORDER)
        } else {
            let rest = round.pending.iter().map(|(_, commit)| *commit);
            entries(store, rows, &round.now.read_point(), rest, PostgresConn::COMMIT_ORDER)
        };
        if round.pending.is_empty() && round.more_after.is_none() {
            self.finish();
        }
        batch.failed = batch.failed.or(failed);
        Ok(batch)
    }

    /// Reports once that changes were pruned that were never delivered, given the start of the log. A
    /// transaction still running below it would have been open for the whole retention period.
    fn check_gap(&mut self, floor: u64) -> Result<(), StoreError> {
        if floor > self.gap_end && !self.seen.sees(floor - 1) {
            self.gap_end = floor;
            return Err(StoreError::OlderThanLog);
        }
        Ok(())
    }

    /// The next commits that come directly, if they are next.
    fn direct(&mut self, backend: &PostgresBackend, store: Uuid, limit: BatchLimit) -> Batch {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while entries.len() < limit.entries_max as usize && bytes < limit.bytes_max {
            let commit = match self.recent.next() {
                Next::Commit(commit) => commit,
                Next::None => break,
                Next::Missed(since) => {
                    self.need.add(since);
                    break;
                }
            };
            let Some((last, earlier)) = commit.changes.split_last() else { continue };
            let id = last.row.commit_id.0;
            if self.seen.sees(id) {
                continue;
            }
            let is_next = commit.changes.iter().filter_map(|change| change.previous).all(|id| self.seen.sees(id));
            let unknown = self.seen.running().count() as u64 + id.saturating_sub(self.seen.end());
            if commit.epoch != self.epoch || !is_next || unknown > UNKNOWN_MAX {
                // Later ones stay behind it.
                self.need.add(commit.added_at);
                break;
            }
            let mut add = |change: &CommittedChange, point: &ReadPoint| {
                let position = Position::new(store, point, change.witness());
                bytes += change.payload_bytes;
                entries.push(LogEntry { change: change.change.clone(), commit: id, position });
            };
            // Only after the last of its changes is the whole commit known.
            let point = self.seen.read_point();
            earlier.iter().for_each(|change| add(change, &point));
            self.seen.learn(id);
            add(last, &self.seen.read_point());
            backend.history().told(self.epoch, &last.row);
            if self.seen.running().count() > UNKNOWN_FEW {
                self.need.add(commit.added_at);
            }
        }
        Batch { entries, failed: None }
    }

    /// Whether another server has committed since the last round.
    fn is_woken(&self) -> bool {
        // An error means that the store was closed; the next round reports that.
        self.elsewhere.has_changed().unwrap_or(true)
    }

    /// Whether the next read looks into the log.
    pub(crate) fn need(&mut self) -> &mut Need {
        &mut self.need
    }

    /// Waits until there may be something to read.
    pub(crate) async fn woken(&mut self) {
        let elsewhere = async {
            if self.elsewhere.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            *self.elsewhere.borrow()
        };
        tokio::select! {
            () = self.recent.woken() => {}
            at = elsewhere => drop(self.need.add(at)),
        }
    }

    fn finish(&mut self) {
        if let Some(round) = self.round.take() {
            self.seen = round.now;
        }
    }
}

/// The current snapshot, and the number of its history.
async fn now(backend: &PostgresBackend) -> Result<(Snapshot, u64), StoreError> {
    loop {
        let epoch = backend.history().epoch();
        let seen = backend.read(ReadClass::Delivery, |conn| current_snapshot(conn).boxed()).await?;
        if backend.history().epoch() == epoch {
            return Ok((seen, epoch));
        }
    }
}

/// A snapshot that sees all but about the last so many changes, and the number of its history.
async fn before_end(backend: &PostgresBackend, changes: u32) -> Result<(Snapshot, u64), StoreError> {
    loop {
        let epoch = backend.history().epoch();
        let below = backend.read(ReadClass::Delivery, move |conn| {
            async move {
                let floor = maintenance::floor(conn).await?;
                let seen = current_snapshot(conn).await?.read_point();
                let nth = log::table.order(log::seq.desc()).offset(i64::from(changes)).select(log::commit_id);
                let nth: Option<CommitId> = nth.first(conn).await.optional().map_err(reading("log"))?;
                // Below the first transaction that is still running, all are known.
                Ok(nth.map_or(0, |nth| nth.0 + 1).min(seen.first_unseen()).max(floor))
            }
            .boxed()
        });
        let below = below.await?;
        if backend.history().epoch() == epoch {
            return Ok((Snapshot::of_known(below, Vec::new()), epoch));
        }
    }
}

/// The snapshot of a position, and the number of its history.
async fn known_at(backend: &PostgresBackend, from: Position) -> Result<(Snapshot, u64), StoreError> {
    loop {
        let (epoch, store) = (backend.history().epoch(), backend.id());
        let position = from.clone();
        let checked = backend.read(ReadClass::Delivery, move |conn| {
            let position = position.clone();
            async move { sinks::check_kept(conn, store, position).await }.boxed()
        });
        let checked = checked.await;
        if backend.history().epoch() == epoch {
            checked?;
            return Ok((Snapshot::of_known(from.below, from.except), epoch));
        }
    }
}
