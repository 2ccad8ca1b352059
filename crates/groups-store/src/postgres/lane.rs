//! A lane commits the orders for its share of the groups, batch by batch.
//!
//! A group always belongs to the same lane, so two batches of one server never wait for each
//! other's locks.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use groups_domain::Limits;
use tokio::time::{timeout, timeout_at};

use super::batch::{self, Decided};
use super::bus::Bus;
use super::failure::Failure;
use super::pool::{ATTEMPTS_MAX, Lease, Pool};
use super::statement::Prepared;
use super::transaction::{Failed, Purpose, read_alone, transact, transact_in_two_trips};
use crate::batch::Committed;
use crate::column::sql;
use crate::committer::{self, Answers, Attempt, BatchWriter, CommitLimits, Committer, Job, Locked};
use crate::connection::PostgresConn;
use crate::hook::PostgresHook;
use crate::intake;
use crate::queries::commit;
use crate::query_error::QueryError;
use crate::recent_commits::RecentCommits;
use crate::row::LogRow;
use crate::schema::log;
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
            let done = match &hook {
                None => self.in_two_trips(&mut conn, orders, bounds).await,
                Some(hook) => self.with_hook(&mut conn, orders, hook.clone(), bounds).await,
            };
            let failure = match done {
                Ok(done) => {
                    return Ok(self.announce(done, Some(conn.epoch())));
                }
                Err(Failed::Before(failure)) => failure,
                Err(Failed::During(done, detail)) => match self.find_out(&done, conn).await {
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

    async fn in_two_trips(
        &self,
        conn: &mut Lease,
        orders: &Arc<Vec<Order>>,
        bounds: Attempt,
    ) -> Result<Decided, Failed<Decided>> {
        let (limits, quotas) = (self.limits, self.quotas);
        let (reading, deciding) = (Arc::clone(orders), Arc::clone(orders));
        let done = transact_in_two_trips(
            conn,
            Purpose::Commit { lock_max: bounds.lock_max },
            move |conn| {
                async move {
                    let facts = batch::read(conn, &reading, limits, quotas, bounds.locked);
                    timeout_at(bounds.deadline, facts).await.unwrap_or_else(|_| Err(late()))
                }
                .boxed()
            },
            move |conn, facts| {
                async move {
                    let decided = batch::decide(conn, facts, &deciding, limits);
                    timeout_at(bounds.deadline, decided).await.unwrap_or_else(|_| Err(late()))
                }
                .boxed()
            },
            |conn, statement| batch::write(conn, statement).boxed(),
        );
        let (mut decided, inserted) = done.await?;
        inserted.place(&mut decided.changes);
        Ok(decided)
    }

    /// A batch of one order. The hook needs to be called between its statements and the commit.
    async fn with_hook(
        &self,
        conn: &mut Lease,
        orders: &Arc<Vec<Order>>,
        hook: PostgresHook,
        bounds: Attempt,
    ) -> Result<Decided, Failed<Decided>> {
        let (orders, limits, quotas) = (Arc::clone(orders), self.limits, self.quotas);
        let done = transact(conn, Purpose::Commit { lock_max: bounds.lock_max }, move |conn| {
            let work = execute(conn, orders, hook, limits, quotas, bounds.locked);
            async move { timeout_at(bounds.deadline, work).await.unwrap_or_else(|_| Err(late())) }.boxed()
        });
        done.await
    }

    /// Passes a durable commit on to the log followers of this server, and tells the other servers.
    /// Without the number of its history, the followers read it from the log.
    fn announce(&self, done: Decided, epoch: Option<u64>) -> Answers {
        let Decided { answers, changes } = done;
        if !changes.is_empty() {
            match epoch {
                Some(epoch) => {
                    self.recent.push(epoch, changes);
                    self.bus.committed();
                }
                None => self.bus.committed_unannounced(),
            }
        }
        answers
    }

    /// Whether a commit was made although its connection was lost; `None` if that cannot be
    /// determined in time.
    async fn find_out(&self, done: &Decided, lost: Lease) -> Option<bool> {
        self.pool.before_another(1, &Failure::Lost(String::new()), lost).await;
        // Without a change there is only a stored answer, which a retry finds or writes again.
        let Some(row) = done.changes.as_slice().first().map(|change| &change.row) else {
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
        let id = made.commit_id;
        let status = read_alone(&mut conn, move |conn| {
            async move {
                let status = Prepared::<_, Nullable<Text>>::new("SELECT pg_xact_status($1)").bind::<sql::Commit, _>(id);
                Ok(RunQueryDsl::get_result::<Option<String>>(status, conn).await?)
            }
            .boxed()
        });
        // In a snapshot of its own: the next one sees what has been committed by now.
        if !matches!(status.await.ok()?.as_deref(), Some("committed" | "aborted")) {
            return None;
        }
        let made = made.clone();
        let found = read_alone(&mut conn, move |conn| {
            async move {
                let row = log::table
                    .filter(log::group_id.eq(made.group_id).and(log::version.eq(made.version)))
                    .filter(log::commit_id.eq(made.commit_id))
                    // After a crash the same number may be reused by another commit.
                    .filter(log::actor_id.eq(made.actor_id).and(log::at.eq(made.at)));
                Ok(diesel::select(diesel::dsl::exists(row)).get_result::<bool>(conn).await?)
            }
            .boxed()
        });
        found.await.ok()
    }
}

fn late() -> QueryError {
    QueryError::Store(StoreError::Unavailable(Reason::Busy))
}

/// Executes a batch with a hook.
async fn execute(
    conn: &mut PostgresConn,
    orders: Arc<Vec<Order>>,
    hook: PostgresHook,
    limits: Limits,
    quotas: Quotas,
    locked: Locked,
) -> Result<Decided, QueryError> {
    if locked == Locked::Skip {
        let ids = orders.iter().map(|order| order.request.group_id.into()).collect();
        if !batch::lock(conn, ids, locked).await?.others.is_empty() {
            return Ok(Decided { answers: vec![None; orders.len()], changes: Vec::new() });
        }
    }
    let Committed { answers, changes } = commit::execute(conn, &orders, Some(&hook), limits, quotas).await?;
    Ok(Decided { answers: answers.into_iter().map(Some).collect(), changes })
}
