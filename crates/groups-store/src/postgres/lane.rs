//! A lane commits the orders for its share of the groups, batch by batch.
//!
//! A group always belongs to the same lane, so two batches of one server never wait for each
//! other's locks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use groups_domain::Limits;
use tokio::time::{timeout, timeout_at};

use super::bus::Bus;
use super::failure::Failure;
use super::pool::{ATTEMPTS_MAX, Lease, Pool};
use super::transaction::{Failed, Purpose, transact};
use crate::batch::Committed;
use crate::column::Id;
use crate::committer::{self, Answers, Attempt, BatchWriter, CommitLimits, Committer, Job, Locked};
use crate::connection::PostgresConn;
use crate::hook::PostgresHook;
use crate::intake;
use crate::queries::commit;
use crate::query_error::{QueryError, reading};
use crate::recent_commits::{CommittedChange, RecentCommits};
use crate::row::LogRow;
use crate::schema::{groups, log};
use crate::{Order, Quotas, Reason, StoreError};

/// The context of a lane.
#[derive(Clone)]
pub(super) struct Lane {
    pub(super) pool: Arc<Pool>,
    pub(super) bus: Bus,
    pub(super) recent: RecentCommits,
    pub(super) limits: Limits,
    pub(super) quotas: Quotas,
    pub(super) commit: CommitLimits,
}

impl Lane {
    /// Runs until the queue is closed and empty.
    pub(super) async fn run(self, mut queue: intake::Receiver<Job<PostgresHook>>) {
        let limits = self.commit;
        let mut committer = Committer::new(self, limits);
        loop {
            tokio::select! {
                biased;
                () = committer.due() => committer.try_again().await,
                jobs = queue.recv() => match jobs {
                    Some(jobs) => committer.execute_orders(jobs).await,
                    None => break,
                },
            }
        }
        // All accepted orders get an answer.
        while !committer.is_idle() {
            committer.due().await;
            committer.try_again().await;
        }
    }
}

impl BatchWriter for Lane {
    type Hook = PostgresHook;

    async fn write(
        &mut self,
        orders: &Arc<Vec<Order>>,
        hook: Option<PostgresHook>,
        attempt: Attempt,
    ) -> Result<Answers, committer::Failure> {
        self.attempts(orders, hook, attempt).await.map_err(|failure| match failure {
            Failure::Locked => committer::Failure::Locked,
            Failure::Hook(error) => committer::Failure::Hook(error),
            failure => failure.into_error().into(),
        })
    }

    /// A connection with an open transaction is not used again, so there is nothing left to end.
    async fn roll_back(&mut self) {}
}

impl Lane {
    /// Writes a batch, and tries again after a conflict or a lost connection.
    async fn attempts(
        &self,
        orders: &Arc<Vec<Order>>,
        hook: Option<PostgresHook>,
        bounds: Attempt,
    ) -> Result<Answers, Failure> {
        let mut attempt = 1;
        loop {
            let mut conn = self.pool.connection(bounds.deadline).await.map_err(Failure::Final)?;
            let (own, hook, limits, quotas) = (Arc::clone(orders), hook.clone(), self.limits, self.quotas);
            let done = transact(&mut conn, Purpose::Commit { lock_max: bounds.lock_max }, move |conn| {
                let work = execute(conn, own, hook, limits, quotas, bounds.locked);
                let late = || QueryError::Store(StoreError::Unavailable(Reason::Busy));
                async move { timeout_at(bounds.deadline, work).await.unwrap_or_else(|_| Err(late())) }.boxed()
            });
            let failure = match done.await {
                Ok(done) => {
                    return Ok(self.announce(done, Some(conn.epoch())));
                }
                Err(Failed::Before(failure)) => failure,
                Err(Failed::During(done, detail)) => match self.find_out(&done.committed, conn).await {
                    // It may belong to another history than the lost connection did.
                    Some(true) => return Ok(self.announce(done, None)),
                    Some(false) => {
                        // The commit is known not to have happened, and the connection has been
                        // handled.
                        if attempt == ATTEMPTS_MAX {
                            return Err(Failure::Lost(detail));
                        }
                        attempt += 1;
                        continue;
                    }
                    None => return Err(Failure::Final(StoreError::Unavailable(Reason::OutcomeUnknown))),
                },
            };
            if attempt == ATTEMPTS_MAX || matches!(failure, Failure::Final(_) | Failure::Hook(_) | Failure::Locked) {
                return Err(failure);
            }
            self.pool.before_another(attempt, &failure, conn).await;
            attempt += 1;
        }
    }

    /// Passes a durable commit on to the log followers of this server, and tells the other servers.
    /// Without the number of its history, the followers read it from the log.
    fn announce(&self, mut done: Done, epoch: Option<u64>) -> Answers {
        let changes = std::mem::take(&mut done.committed.changes);
        if !changes.is_empty() {
            match epoch {
                Some(epoch) => self.recent.push(epoch, changes),
                None => self.bus.wake(),
            }
            self.bus.committed();
        }
        done.into_answers()
    }

    /// Whether a commit was made although its connection was lost; `None` if that cannot be
    /// determined in time.
    async fn find_out(&self, committed: &Committed, lost: Lease) -> Option<bool> {
        self.pool.before_another(1, &Failure::Lost(String::new()), lost).await;
        // Without a change there is only a stored answer, which a retry finds or writes again.
        let Some(CommittedChange { row, .. }) = committed.changes.as_slice().first() else {
            return Some(false);
        };
        let looking = async {
            for attempt in 1..=ATTEMPTS_MAX {
                match self.look(row).await {
                    Some(found) => return Some(found),
                    None => tokio::time::sleep(Duration::from_millis(50 << attempt)).await,
                }
            }
            None
        };
        timeout(self.commit.wait_max, looking).await.ok().flatten()
    }

    /// Once the transaction has ended, its row in the log says whether it was committed.
    async fn look(&self, made: &LogRow) -> Option<bool> {
        let mut conn = self.pool.connection(self.pool.deadline()).await.ok()?;
        let conn = conn.conn();
        let status = format!("pg_xact_status('{}'::xid8)", made.commit_id.0);
        let status = diesel::select(diesel::dsl::sql::<Nullable<Text>>(&status)).get_result::<Option<String>>(conn);
        if !matches!(status.await.ok()?.as_deref(), Some("committed" | "aborted")) {
            return None;
        }
        let row = log::table
            .filter(log::group_id.eq(made.group_id).and(log::version.eq(made.version)))
            .filter(log::commit_id.eq(made.commit_id))
            // After a crash the same number may be reused by another commit.
            .filter(log::actor_id.eq(made.actor_id).and(log::at.eq(made.at)));
        let found = diesel::select(diesel::dsl::exists(row)).get_result::<bool>(conn);
        found.await.ok()
    }
}

/// A batch before it is committed.
struct Done {
    committed: Committed,
    /// For each order, whether it was executed.
    taken: Vec<bool>,
}

impl Done {
    fn into_answers(self) -> Answers {
        let mut answers = self.committed.answers.into_iter();
        self.taken.into_iter().map(|taken| if taken { answers.next() } else { None }).collect()
    }
}

async fn execute(
    conn: &mut PostgresConn,
    orders: Arc<Vec<Order>>,
    hook: Option<PostgresHook>,
    limits: Limits,
    quotas: Quotas,
    locked: Locked,
) -> Result<Done, QueryError> {
    if locked == Locked::Wait {
        let committed = commit::execute(conn, &orders, hook.as_ref(), limits, quotas).await?;
        return Ok(Done { committed, taken: vec![true; orders.len()] });
    }
    let locked = locked_groups(conn, &orders).await?;
    let taken: Vec<bool> = orders.iter().map(|order| !locked.contains(&order.request.group_id.into())).collect();
    let free: Vec<Order> =
        orders.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(order, _)| order.clone()).collect();
    Ok(Done { committed: commit::execute(conn, &free, hook.as_ref(), limits, quotas).await?, taken })
}

/// The groups that another transaction has locked. Locks the others.
async fn locked_groups(conn: &mut PostgresConn, orders: &[Order]) -> Result<BTreeSet<Id>, QueryError> {
    let ids: BTreeSet<Id> = orders.iter().map(|order| order.request.group_id.into()).collect();
    let free: Vec<Id> = groups::table
        .filter(groups::id.eq_any(ids.iter().copied().collect::<Vec<_>>()))
        .order(groups::id)
        .select(groups::id)
        .for_update()
        .skip_locked()
        .load(conn)
        .await
        .map_err(reading("groups"))?;
    let free: BTreeSet<Id> = free.into_iter().collect();
    let others: Vec<Id> = ids.difference(&free).copied().collect();
    if others.is_empty() {
        return Ok(BTreeSet::new());
    }
    // The remaining groups do not exist yet.
    let locked: Vec<Id> = groups::table
        .filter(groups::id.eq_any(others))
        .select(groups::id)
        .load(conn)
        .await
        .map_err(reading("groups"))?;
    Ok(locked.into_iter().collect())
}
