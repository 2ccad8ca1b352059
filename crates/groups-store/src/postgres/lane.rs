//! A lane: commits the orders for its share of the groups, batch after batch.
//!
//! One group is always in the same lane, so no two batches of one server ever wait for each other's locks.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use diesel_async::pooled_connection::deadpool::Object;
use futures_util::FutureExt;
use groups_domain::Limits;
use tokio::sync::{mpsc, oneshot};

use super::bus::Bus;
use super::pool::{ATTEMPTS_MAX, Pool};
use super::transaction::{Failed, Purpose, transact};
use super::{Conn, Failure, commit};
use crate::batch::{CommitMade, Committed};
use crate::column::CommitId;

use crate::schema::log;
use crate::{ExecuteError, Executed, Order, Reason, StoreError};

/// A batch takes no further order once its orders name so many users: the facts of a batch stay small.
const BATCH_READS_MAX: usize = 8_192;

/// Where the answer to an order goes.
pub(super) type Answer = oneshot::Sender<Result<Executed, ExecuteError>>;

/// An order and where its answer goes.
pub(super) type Job = (Box<Order>, Answer);

/// What a lane works with.
#[derive(Clone)]
pub(super) struct Lane {
    pub(super) pool: Arc<Pool>,
    pub(super) bus: Bus,
    pub(super) limits: Limits,
    pub(super) batch_orders_max: usize,
}

type Answers = Vec<Result<Executed, ExecuteError>>;

impl Lane {
    /// Works until the queue is closed and empty.
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Job>) {
        while let Some((order, answer)) = queue.recv().await {
            let mut reads = order.request.reads().len();
            let (mut orders, mut answers) = (vec![*order], vec![answer]);
            // Whoever waits already comes along; nobody is waited for.
            while orders.len() < self.batch_orders_max && reads < BATCH_READS_MAX {
                let Ok((order, answer)) = queue.try_recv() else { break };
                reads += order.request.reads().len();
                orders.push(*order);
                answers.push(answer);
            }
            self.carry_out(orders, answers).await;
        }
    }

    async fn carry_out(&self, orders: Vec<Order>, answers: Vec<Answer>) {
        let orders: Arc<[Order]> = orders.into();
        match self.contained(Arc::clone(&orders)).await {
            Ok(executed) => {
                answers.into_iter().zip(executed).for_each(|(answer, executed)| drop(answer.send(executed)))
            }
            Err(error @ StoreError::Unavailable(_)) => {
                answers.into_iter().for_each(|answer| drop(answer.send(Err(error.clone().into()))));
            }
            // Something about one of them: each for itself, so that it fails alone.
            Err(error) => {
                tracing::error!(%error, orders = orders.len(), "a batch failed, its orders are tried one by one");
                for (order, answer) in orders.iter().zip(answers) {
                    let executed = self.contained([order.clone()].into()).await;
                    let nothing = || StoreError::Database { detail: "an order without an answer".to_owned() };
                    let executed = executed.and_then(|mut executed| executed.pop().ok_or_else(nothing));
                    drop(answer.send(executed.unwrap_or_else(|error| Err(error.into()))));
                }
            }
        }
    }

    /// A panic about one batch ends neither the lane nor the transactions that come after it: a connection with an open
    /// transaction does not come back into use.
    async fn contained(&self, orders: Arc<[Order]>) -> Result<Answers, StoreError> {
        let attempts = AssertUnwindSafe(self.attempts(orders)).catch_unwind();
        attempts.await.unwrap_or_else(|_| Err(StoreError::Database { detail: "a panic, rolled back".to_owned() }))
    }

    async fn attempts(&self, orders: Arc<[Order]>) -> Result<Answers, StoreError> {
        let mut attempt = 1;
        loop {
            let mut conn = self.pool.connection().await?;
            let (own, limits) = (Arc::clone(&orders), self.limits);
            let done = transact(&mut conn, Purpose::Write, move |conn| {
                async move { commit::carry_out(conn, &own, limits).await }.boxed()
            });
            let failure = match done.await {
                Ok(Committed { answers, made }) => {
                    if made.is_some() {
                        self.bus.committed();
                    }
                    return Ok(answers);
                }
                Err(Failed::Before(failure)) => failure,
                Err(Failed::During(committed, detail)) => match self.find_out(&committed, conn).await {
                    Some(true) => {
                        self.bus.committed();
                        return Ok(committed.answers);
                    }
                    Some(false) => {
                        // It is known not to have happened, and the connection has been dealt with.
                        if attempt == ATTEMPTS_MAX {
                            return Err(Failure::Lost(detail).into_error());
                        }
                        attempt += 1;
                        continue;
                    }
                    None => return Err(StoreError::Unavailable(Reason::OutcomeUnknown)),
                },
            };
            if attempt == ATTEMPTS_MAX || matches!(failure, Failure::Final(_)) {
                return Err(failure.into_error());
            }
            self.pool.before_another(attempt, &failure, conn).await;
            attempt += 1;
        }
    }

    /// Whether a commit was made although its connection was lost; `None` where that cannot be found out in time.
    async fn find_out(&self, committed: &Committed, lost: Object<Conn>) -> Option<bool> {
        self.pool.before_another(1, &Failure::Lost(String::new()), lost).await;
        // Without a change there is only an answer under a key, which repeating finds or writes again.
        let Some(made) = committed.made else { return Some(false) };
        for attempt in 1..=ATTEMPTS_MAX {
            match self.look(made).await {
                Some(found) => return Some(found),
                None => tokio::time::sleep(Duration::from_millis(50 << attempt)).await,
            }
        }
        None
    }

    /// Once the transaction has ended, its row in the log says whether it was committed.
    async fn look(&self, made: CommitMade) -> Option<bool> {
        let mut conn = self.pool.connection().await.ok()?;
        let status = format!("pg_xact_status('{}'::xid8)", made.commit);
        let status =
            diesel::select(diesel::dsl::sql::<Nullable<Text>>(&status)).get_result::<Option<String>>(&mut conn);
        if !matches!(status.await.ok()?.as_deref(), Some("committed" | "aborted")) {
            return None;
        }
        let row = log::table
            .filter(log::group_id.eq(made.group_id).and(log::version.eq(made.version)))
            .filter(log::commit_id.eq(CommitId(made.commit)))
            .filter(log::actor_id.eq(made.actor_id).and(log::at.eq(made.at)));
        let found = diesel::select(diesel::dsl::exists(row)).get_result::<bool>(&mut conn);
        found.await.ok()
    }
}
