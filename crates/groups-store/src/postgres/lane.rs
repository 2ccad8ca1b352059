//! A lane commits the orders for its share of the groups, batch by batch.
//!
//! A group always belongs to the same lane, so two batches of one server never wait for each
//! other's locks. A batch waits for a lock only about as long as another server's batch would hold
//! it. Orders that have to wait longer are set aside, which avoids head-of-line blocking of other
//! groups.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use groups_domain::{GroupId, Limits};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

use super::aside::Aside;
use super::bus::Bus;
use super::failure::Failure;
use super::pool::{ATTEMPTS_MAX, Lease, Pool};
use super::transaction::{Failed, Purpose, transact};
use crate::batch::{CommitMade, Committed};
use crate::column::{CommitId, Id};
use crate::connection::PostgresConn;
use crate::hook::PostgresHook;
use crate::intake;
use crate::queries::commit;
use crate::query_error::{QueryError, reading};
use crate::schema::{groups, log};
use crate::{ExecuteError, Executed, Order, Quotas, Reason, StoreError};

/// How long a batch waits for a lock. Another server holds it for the few milliseconds of a batch.
const LOCK_MAX: Duration = Duration::from_millis(100);

/// How long a retry of orders that were set aside waits for a lock.
const LOCK_AGAIN_MAX: Duration = Duration::from_millis(10);

/// A batch that is retried group by group stops after this many locked groups: then whole tables
/// are probably locked.
const LOCKED_GROUPS_MAX: usize = 3;

/// Where the answer to an order goes.
pub(super) type Answer = oneshot::Sender<Result<Executed, ExecuteError>>;

/// An order, its hook, and where its answer goes.
pub(super) type Job = (Box<Order>, Option<PostgresHook>, Answer);

/// A pending order in a lane.
pub(super) struct Waiting {
    pub(super) order: Order,
    /// An order with a hook gets a batch of its own, because the hook may reject it.
    pub(super) hook: Option<PostgresHook>,
    pub(super) answer: Answer,
    /// Deadline for waiting for locks.
    pub(super) until: Instant,
}

/// The context of a lane.
#[derive(Clone)]
pub(super) struct Lane {
    pub(super) pool: Arc<Pool>,
    pub(super) bus: Bus,
    pub(super) limits: Limits,
    pub(super) quotas: Quotas,
    /// Maximum number of set-aside orders in one retry.
    pub(super) batch_orders_max: usize,
    /// Maximum number of orders set aside; further ones are rejected.
    pub(super) aside_orders_max: usize,
    /// How long an order waits for locks.
    pub(super) wait_max: Duration,
}

/// How a batch treats groups that another transaction has locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Locked {
    /// Wait for the locks.
    Wait,
    /// Skip their orders.
    Skip,
}

/// How the orders of a batch are attempted.
#[derive(Clone, Copy, Debug)]
struct Try {
    locked: Locked,
    lock_max: Duration,
    deadline: Instant,
}

/// One answer for each order; `None`: its group is locked.
type Answers = Vec<Option<Result<Executed, ExecuteError>>>;

impl Lane {
    /// Runs until the queue is closed and empty.
    pub(super) async fn run(self, mut queue: intake::Receiver<Job>) {
        let mut aside = Aside::default();
        loop {
            tokio::select! {
                biased;
                () = aside.due() => self.try_again(&mut aside).await,
                jobs = queue.recv() => match jobs {
                    Some(jobs) => self.work(jobs, &mut aside).await,
                    None => break,
                },
            }
        }
        // All accepted orders get an answer.
        while !aside.is_empty() {
            aside.due().await;
            self.try_again(&mut aside).await;
        }
    }

    async fn work(&self, jobs: Vec<Job>, aside: &mut Aside) {
        let until = Instant::now() + self.wait_max;
        let mut batch = Vec::with_capacity(jobs.len());
        for (order, hook, answer) in jobs {
            let job = Waiting { order: *order, hook, answer, until };
            if !aside.holds(job.order.request.group_id) {
                batch.push(job);
            } else if aside.orders() < self.aside_orders_max {
                aside.push(job);
            } else {
                refuse(job, Reason::QueueFull);
            }
        }
        if batch.is_empty() {
            return;
        }
        let how = Try { locked: Locked::Wait, lock_max: LOCK_MAX.min(self.wait_max), deadline: self.pool.deadline() };
        for job in self.execute_all(batch, how).await {
            if aside.orders() < self.aside_orders_max {
                aside.push(job);
            } else {
                refuse(job, Reason::Busy);
            }
        }
    }

    /// Retries the orders that were set aside, and gives up those that have waited too long.
    async fn try_again(&self, aside: &mut Aside) {
        let (due, expired) = aside.take(Instant::now(), self.batch_orders_max);
        expired.into_iter().for_each(|job| refuse(job, Reason::Busy));
        let count = due.len();
        let how = Try { locked: Locked::Skip, lock_max: LOCK_AGAIN_MAX, deadline: self.pool.deadline() };
        let locked = self.execute_all(due, how).await;
        let progress = locked.len() < count;
        aside.put_back(locked, progress);
    }

    /// Executes orders in sequence, those with a hook in batches of their own. Returns those that
    /// are blocked by a lock.
    async fn execute_all(&self, jobs: Vec<Waiting>, how: Try) -> Vec<Waiting> {
        let mut locked: Vec<Waiting> = Vec::new();
        for batch in batches(jobs) {
            let groups: BTreeSet<GroupId> = locked.iter().map(|job| job.order.request.group_id).collect();
            let (behind, free): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|job| groups.contains(&job.order.request.group_id));
            locked.extend(behind);
            if !free.is_empty() {
                locked.extend(self.execute(free, how).await);
            }
        }
        locked
    }

    /// Executes and answers orders, except those that are blocked by a lock, which are returned in
    /// order. An order with a hook must be the only one.
    fn execute(&self, jobs: Vec<Waiting>, how: Try) -> BoxFuture<'_, Vec<Waiting>> {
        async move {
            let orders: Arc<[Order]> = jobs.iter().map(|job| job.order.clone()).collect();
            let hook = jobs.iter().find_map(|job| job.hook.clone());
            let failure = match self.contained(orders, hook, how).await {
                Ok(answers) => {
                    let mut locked = Vec::new();
                    for (job, executed) in jobs.into_iter().zip(answers) {
                        match executed {
                            Some(executed) => drop(job.answer.send(executed)),
                            None => locked.push(job),
                        }
                    }
                    return locked;
                }
                Err(failure) => failure,
            };
            match failure {
                Failure::Locked if how.locked == Locked::Wait => {
                    self.execute(jobs, Try { locked: Locked::Skip, ..how }).await
                }
                // Something other than the groups is locked.
                Failure::Locked => match apart(jobs) {
                    Apart::Groups(groups) => self.group_by_group(groups, how).await,
                    Apart::Orders(jobs) => jobs,
                },
                Failure::Hook(error) => {
                    jobs.into_iter().for_each(|job| drop(job.answer.send(Err(error.clone().into()))));
                    Vec::new()
                }
                failure => match failure.into_error() {
                    StoreError::Unavailable(reason) => {
                        jobs.into_iter().for_each(|job| refuse(job, reason));
                        Vec::new()
                    }
                    // One of the orders is the cause: execute each separately, so that only that
                    // one fails.
                    error => {
                        if jobs.len() > 1 {
                            tracing::error!(%error, orders = jobs.len(), "a batch failed; retrying its orders one by one");
                        }
                        match apart(jobs) {
                            Apart::Groups(groups) => self.group_by_group(groups, how).await,
                            Apart::Orders(jobs) => self.one_by_one(jobs, error, how).await,
                        }
                    }
                },
            }
        }
        .boxed()
    }

    async fn group_by_group(&self, groups: Vec<Vec<Waiting>>, how: Try) -> Vec<Waiting> {
        let (mut locked, mut locked_groups) = (Vec::new(), 0);
        for jobs in groups {
            if locked_groups < LOCKED_GROUPS_MAX {
                let left = self.execute(jobs, Try { locked: Locked::Skip, ..how }).await;
                locked_groups += usize::from(!left.is_empty());
                locked.extend(left);
            } else {
                locked.extend(jobs);
            }
        }
        locked
    }

    /// Executes the orders of one group one by one. A single order fails with the given error.
    async fn one_by_one(&self, mut jobs: Vec<Waiting>, error: StoreError, how: Try) -> Vec<Waiting> {
        if jobs.len() < 2 {
            jobs.into_iter().for_each(|job| drop(job.answer.send(Err(error.clone().into()))));
            return Vec::new();
        }
        while !jobs.is_empty() {
            let first = jobs.remove(0);
            let locked = self.execute(vec![first], how).await;
            if !locked.is_empty() {
                // Later orders stay behind it.
                return locked.into_iter().chain(jobs).collect();
            }
        }
        jobs
    }

    /// Runs a batch and contains its panics. A panic does not end the lane, and does not affect
    /// later transactions, because a connection with an open transaction is not reused.
    async fn contained(&self, orders: Arc<[Order]>, hook: Option<PostgresHook>, how: Try) -> Result<Answers, Failure> {
        let attempts = AssertUnwindSafe(self.attempts(orders, hook, how)).catch_unwind();
        let panicked = || StoreError::Database { detail: "a panic, rolled back".to_owned() };
        attempts.await.unwrap_or_else(|_| Err(Failure::Final(panicked())))
    }

    async fn attempts(&self, orders: Arc<[Order]>, hook: Option<PostgresHook>, how: Try) -> Result<Answers, Failure> {
        let mut attempt = 1;
        loop {
            let mut conn = self.pool.connection(how.deadline).await.map_err(Failure::Final)?;
            let (own, hook, limits, quotas) = (Arc::clone(&orders), hook.clone(), self.limits, self.quotas);
            let done = transact(&mut conn, Purpose::Commit { lock_max: how.lock_max }, move |conn| {
                let work = execute(conn, own, hook, limits, quotas, how.locked);
                let late = || QueryError::Store(StoreError::Unavailable(Reason::Busy));
                async move { timeout_at(how.deadline, work).await.unwrap_or_else(|_| Err(late())) }.boxed()
            });
            let failure = match done.await {
                Ok(done) => {
                    if done.committed.made.is_some() {
                        self.bus.committed();
                    }
                    return Ok(done.into_answers());
                }
                Err(Failed::Before(failure)) => failure,
                Err(Failed::During(done, detail)) => match self.find_out(&done.committed, conn).await {
                    Some(true) => {
                        self.bus.committed();
                        return Ok(done.into_answers());
                    }
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

    /// Whether a commit was made although its connection was lost; `None` if that cannot be
    /// determined in time.
    async fn find_out(&self, committed: &Committed, lost: Lease) -> Option<bool> {
        self.pool.before_another(1, &Failure::Lost(String::new()), lost).await;
        // Without a change there is only a stored answer, which a retry finds or writes again.
        let Some(made) = committed.made else { return Some(false) };
        let looking = async {
            for attempt in 1..=ATTEMPTS_MAX {
                match self.look(made).await {
                    Some(found) => return Some(found),
                    None => tokio::time::sleep(Duration::from_millis(50 << attempt)).await,
                }
            }
            None
        };
        timeout(self.wait_max, looking).await.ok().flatten()
    }

    /// Once the transaction has ended, its row in the log says whether it was committed.
    async fn look(&self, made: CommitMade) -> Option<bool> {
        let mut conn = self.pool.connection(self.pool.deadline()).await.ok()?;
        let conn = conn.conn();
        let status = format!("pg_xact_status('{}'::xid8)", made.commit);
        let status = diesel::select(diesel::dsl::sql::<Nullable<Text>>(&status)).get_result::<Option<String>>(conn);
        if !matches!(status.await.ok()?.as_deref(), Some("committed" | "aborted")) {
            return None;
        }
        let row = log::table
            .filter(log::group_id.eq(made.group_id).and(log::version.eq(made.version)))
            .filter(log::commit_id.eq(CommitId(made.commit)))
            .filter(log::actor_id.eq(made.actor_id).and(log::at.eq(made.at)));
        let found = diesel::select(diesel::dsl::exists(row)).get_result::<bool>(conn);
        found.await.ok()
    }
}

fn refuse(job: Waiting, reason: Reason) {
    drop(job.answer.send(Err(StoreError::Unavailable(reason).into())));
}

/// Splits orders into batches, in order; each order with a hook gets its own batch.
fn batches(jobs: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let mut batches: Vec<Vec<Waiting>> = Vec::new();
    for job in jobs {
        let joins = |batch: &Vec<Waiting>| job.hook.is_none() && batch.iter().take(1).all(|other| other.hook.is_none());
        match batches.last_mut().filter(|batch| joins(batch)) {
            Some(batch) => batch.push(job),
            None => batches.push(vec![job]),
        }
    }
    batches
}

/// How a failed batch is split.
enum Apart {
    /// Into one batch per group.
    Groups(Vec<Vec<Waiting>>),
    /// Into single orders, because all are of one group.
    Orders(Vec<Waiting>),
}

fn apart(jobs: Vec<Waiting>) -> Apart {
    let mut groups: BTreeMap<GroupId, Vec<Waiting>> = BTreeMap::new();
    for job in jobs {
        groups.entry(job.order.request.group_id).or_default().push(job);
    }
    let mut groups: Vec<Vec<Waiting>> = groups.into_values().collect();
    if groups.len() > 1 { Apart::Groups(groups) } else { Apart::Orders(groups.pop().unwrap_or_default()) }
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
    orders: Arc<[Order]>,
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
