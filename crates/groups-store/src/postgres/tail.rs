//! Following the log on PostgreSQL, where transactions do not commit in the order of their rows.
//!
//! What was brought already is not a number but a snapshot: everything that it sees. A round reads what the current snapshot sees
//! and the last one did not, whatever other transactions are still running, so that one of them that stays open delays nobody.

use std::collections::VecDeque;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use tokio::sync::watch;
use uuid::Uuid;

use super::backend::PostgresBackend;
use super::snapshot::Snapshot;
use super::{COMMIT_ORDER, Conn, current_snapshot};
use crate::StoreError;
use crate::column::{CommitId, sql};
use crate::position::{Batch, entries};
use crate::query_error::{QueryError, reading};
use crate::read_class::ReadClass;
use crate::row::LogRow;
use crate::schema::log;

/// How many rows of a round are known by number at once; the round goes on behind them.
const PENDING_MAX: i64 = 50_000;

/// Where a follower of the log stands.
#[derive(Debug)]
pub(crate) struct PostgresTail {
    /// All that it sees was brought.
    seen: Snapshot,
    /// The number of the history that it is about.
    epoch: u64,
    /// What is being brought.
    round: Option<Round>,
    woken: watch::Receiver<()>,
}

/// All that `now` sees and the last snapshot did not.
#[derive(Clone, Debug)]
struct Round {
    now: Snapshot,
    /// In the order of the log.
    pending: VecDeque<(i64, u64)>,
    /// Where the numbers that are not known yet begin, if there are more.
    more_after: Option<i64>,
}

#[derive(QueryableByName)]
struct Pending {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = sql::Commit)]
    commit_id: CommitId,
}

impl PostgresTail {
    pub(super) async fn open(backend: &PostgresBackend) -> Result<Self, StoreError> {
        let woken = backend.bus().subscribe();
        let (seen, epoch) = now(backend).await?;
        Ok(Self { seen, epoch, round: None, woken })
    }

    /// The next changes; none where there are none now. Where the history was replaced, this says so once and goes on from the end of
    /// the new one.
    pub(crate) async fn read(
        &mut self,
        backend: &PostgresBackend,
        store: Uuid,
        limit: u32,
    ) -> Result<Batch, StoreError> {
        let batch = self.read_on(backend, store, limit).await;
        // A connection that leads to another history was made after that was noticed.
        if backend.history().epoch() == self.epoch {
            return batch;
        }
        // Before anybody is sent to read again, so that what they then see is not missing here.
        (self.seen, self.epoch) = now(backend).await?;
        self.round = None;
        Err(StoreError::HistoryReplaced)
    }

    async fn read_on(&mut self, backend: &PostgresBackend, store: Uuid, limit: u32) -> Result<Batch, StoreError> {
        if self.round.is_none() {
            // A commit from here on wakes the next waiting, even if this reading sees it already.
            self.woken.mark_unchanged();
            let seen = self.seen.clone();
            let round = backend.read(ReadClass::Delivery, move |conn| {
                let seen = seen.clone();
                async move {
                    let now = current_snapshot(conn).await?;
                    round(conn, &seen, now, i64::MIN).await
                }
                .boxed()
            });
            self.round = Some(round.await?);
        }
        let Some(round) = self.round.as_mut() else { return Ok(Batch::default()) };
        if let (true, Some(after)) = (round.pending.is_empty(), round.more_after) {
            let (seen, now) = (self.seen.clone(), round.now.clone());
            let next = backend.read(ReadClass::Delivery, move |conn| {
                let (seen, now) = (seen.clone(), now.clone());
                async move { self::round(conn, &seen, now, after).await }.boxed()
            });
            *round = next.await?;
        }
        let seqs: Vec<i64> = round.pending.iter().take(limit as usize).map(|(seq, _)| *seq).collect();
        if seqs.is_empty() {
            self.finish();
            return Ok(Batch::default());
        }
        let count = seqs.len();
        let rows = backend.read(ReadClass::Delivery, move |conn| {
            let seqs = seqs.clone();
            async move {
                log::table
                    .filter(log::seq.eq_any(seqs))
                    .order(log::seq)
                    .select(LogRow::as_select())
                    .load::<LogRow>(conn)
                    .await
                    .map_err(reading("log"))
            }
            .boxed()
        });
        let rows = rows.await?;
        if let Some(row) = rows.last() {
            backend.history().told(self.epoch, row);
        }
        round.pending.drain(..count);
        let batch = if round.more_after.is_some() {
            // Not all commits that are still to be brought are known: nothing of this round counts as known yet.
            let all: Vec<u64> = rows.iter().map(|row| row.commit_id.0).collect();
            entries(store, rows, &self.seen.read_point(), all, COMMIT_ORDER)
        } else {
            let rest = round.pending.iter().map(|(_, commit)| *commit);
            entries(store, rows, &round.now.read_point(), rest, COMMIT_ORDER)
        };
        if round.pending.is_empty() && round.more_after.is_none() {
            self.finish();
        }
        Ok(batch)
    }

    /// Returns once there may be something to read.
    pub(crate) async fn woken(&mut self) {
        if self.woken.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn finish(&mut self) {
        if let Some(round) = self.round.take() {
            self.seen = round.now;
        }
    }
}

/// What is there now, and the number of the history that it is about.
async fn now(backend: &PostgresBackend) -> Result<(Snapshot, u64), StoreError> {
    loop {
        let epoch = backend.history().epoch();
        let seen = backend.read(ReadClass::Delivery, |conn| current_snapshot(conn).boxed()).await?;
        if backend.history().epoch() == epoch {
            return Ok((seen, epoch));
        }
    }
}

/// The rows that `now` sees and `seen` did not, by number, behind a number.
async fn round(conn: &mut Conn, seen: &Snapshot, now: Snapshot, after: i64) -> Result<Round, QueryError> {
    // What `seen` did not see either began later or was running: two ranges of the index, however large the log is. The order
    // of the log is made outside, or the planner might walk the whole log in it.
    let running: Vec<CommitId> = seen.running().map(CommitId).collect();
    let rows: Vec<Pending> = diesel::sql_query(
        "WITH unseen AS MATERIALIZED \
         (SELECT seq, commit_id FROM log WHERE commit_id >= $1 OR commit_id = ANY($2)) \
         SELECT seq, commit_id FROM unseen WHERE seq > $3 AND pg_visible_in_snapshot(commit_id, $4::pg_snapshot) \
         ORDER BY seq LIMIT $5",
    )
    .bind::<sql::Commit, _>(CommitId(seen.end()))
    .bind::<Array<sql::Commit>, _>(running)
    .bind::<BigInt, _>(after)
    .bind::<Text, _>(now.to_string())
    .bind::<BigInt, _>(PENDING_MAX)
    .load(conn)
    .await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PENDING_MAX);
    let more_after = rows.last().filter(|_| full).map(|row| row.seq);
    Ok(Round { now, pending: rows.into_iter().map(|row| (row.seq, row.commit_id.0)).collect(), more_after })
}
