//! How orders are committed, whatever the database: in which batches, what is retried, and what
//! waits for locks.
//!
//! All orders that wait are executed as one batch, in one transaction. If that fails because of one
//! order, only that order fails. Orders for a group that another transaction has locked for long
//! are set aside, so that they do not delay other groups (head-of-line blocking).

#![cfg_attr(
    not(feature = "postgres"),
    expect(dead_code, reason = "only PostgreSQL has other writers, for whose locks orders wait")
)]

mod aside;
mod job;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use groups_domain::GroupId;
use tokio::time::Instant;

use self::aside::Aside;
use self::job::Waiting;
pub(crate) use self::job::{Answer, Job};
use crate::{ExecuteError, Executed, HookError, Order, Reason, StoreError, StoreOptions};

/// How long a batch waits for a lock that is not a group's. It skips groups that are locked.
const LOCK_MAX: Duration = Duration::from_millis(100);

/// How long a retry of orders that were set aside waits for a lock, so that it gets its turn even if
/// another server locks the group again and again. Another server holds it for the few milliseconds
/// of a batch.
const LOCK_AGAIN_MAX: Duration = Duration::from_millis(10);

/// A batch that is retried group by group stops after this many locked groups: then whole tables
/// are probably locked.
const LOCKED_GROUPS_MAX: usize = 3;

/// What a backend does for the committer: one batch in one transaction.
pub(crate) trait BatchWriter: Send {
    /// An application's function for this database.
    type Hook: Clone + Send + Sync;

    /// Executes these orders in one transaction, which is committed when this returns. After a
    /// failure nothing is written, unless the reason is [`Reason::OutcomeUnknown`].
    ///
    /// A batch with a hook has one order.
    fn write(
        &mut self,
        orders: &Arc<Vec<Order>>,
        hook: Option<Self::Hook>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Answers, Failure>> + Send;

    /// Ends the transaction that a panic in [`write`](Self::write) has left open.
    fn roll_back(&mut self) -> impl Future<Output = ()> + Send;
}

/// The bounds of one attempt to write a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) locked: Locked,
    /// How long it waits for a lock.
    pub(crate) lock_max: Duration,
    pub(crate) deadline: Instant,
}

/// How a batch treats groups that another transaction has locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locked {
    /// Wait for the locks.
    Wait,
    /// Skip their orders.
    Skip,
}

/// One answer for each order; `None`: its group is locked.
pub(crate) type Answers = Vec<Option<Result<Executed, ExecuteError>>>;

/// Why a batch was not written.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Another transaction holds a lock, and waiting for it timed out.
    Locked,
    /// The hook of the only order prevented the change.
    Hook(HookError),
    /// Whatever the orders are, the database cannot execute them now.
    Unavailable(Reason),
    /// One of the orders may be the cause.
    Order(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => Self::Unavailable(reason),
            error => Self::Order(error),
        }
    }
}

/// The limits of a committer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitLimits {
    /// Maximum number of set-aside orders in one retry.
    pub(crate) batch_orders_max: usize,
    /// Maximum number of orders set aside; further ones are rejected.
    pub(crate) aside_orders_max: usize,
    /// How long an order waits for locks.
    pub(crate) wait_max: Duration,
    /// How long a batch may take, with all its attempts.
    pub(crate) batch_max: Duration,
}

impl CommitLimits {
    pub(crate) fn new(options: &StoreOptions, batch_max: Duration) -> Self {
        Self {
            batch_orders_max: options.batch_orders_max,
            aside_orders_max: options.queue_orders_max.max(1),
            wait_max: options.wait_max,
            batch_max,
        }
    }
}

/// Commits the orders of one queue.
pub(crate) struct Committer<W: BatchWriter> {
    writer: W,
    limits: CommitLimits,
    aside: Aside<W::Hook>,
}

impl<W: BatchWriter> Committer<W> {
    pub(crate) fn new(writer: W, limits: CommitLimits) -> Self {
        Self { writer, limits, aside: Aside::new() }
    }

    /// The writer, for work between two batches.
    #[cfg(feature = "sqlite")]
    pub(crate) fn writer(&mut self) -> &mut W {
        &mut self.writer
    }

    /// Executes and answers orders, or sets them aside.
    pub(crate) async fn execute_orders(&mut self, jobs: Vec<Job<W::Hook>>) {
        let until = Instant::now() + self.limits.wait_max;
        let mut free = Vec::with_capacity(jobs.len());
        for job in jobs {
            let job = Waiting::new(job, until);
            if self.aside.holds(job.group_id()) {
                self.set_aside(job, Reason::QueueFull);
            } else {
                free.push(job);
            }
        }
        let attempt = self.attempt(Locked::Skip, LOCK_MAX.min(self.limits.wait_max));
        for job in self.execute_all(free, attempt).await {
            self.set_aside(job, Reason::Busy);
        }
    }

    /// Whether no order is set aside.
    pub(crate) fn is_idle(&self) -> bool {
        self.aside.is_empty()
    }

    /// Completes when [`try_again`](Self::try_again) has something to do.
    pub(crate) async fn due(&self) {
        self.aside.due().await;
    }

    /// Retries the orders that were set aside, and gives up those that have waited too long.
    pub(crate) async fn try_again(&mut self) {
        let (due, expired) = self.aside.take(Instant::now(), self.limits.batch_orders_max);
        expired.into_iter().for_each(|job| job.refuse(Reason::Busy));
        let count = due.len();
        let attempt = self.attempt(Locked::Wait, LOCK_AGAIN_MAX);
        let locked = self.execute_all(due, attempt).await;
        let progress = locked.len() < count;
        self.aside.put_back(locked, progress);
    }

    fn attempt(&self, locked: Locked, lock_max: Duration) -> Attempt {
        Attempt { locked, lock_max, deadline: Instant::now() + self.limits.batch_max }
    }

    fn set_aside(&mut self, job: Waiting<W::Hook>, full: Reason) {
        if self.aside.orders() < self.limits.aside_orders_max {
            self.aside.push(job);
        } else {
            job.refuse(full);
        }
    }

    /// Executes orders in sequence, those with a hook in batches of their own. Returns those that
    /// are blocked by a lock.
    async fn execute_all(&mut self, jobs: Vec<Waiting<W::Hook>>, attempt: Attempt) -> Vec<Waiting<W::Hook>> {
        let mut locked: Vec<Waiting<W::Hook>> = Vec::new();
        for batch in batches(jobs) {
            let groups: BTreeSet<GroupId> = locked.iter().map(Waiting::group_id).collect();
            let (behind, free): (Vec<_>, Vec<_>) = batch.into_iter().partition(|job| groups.contains(&job.group_id()));
            locked.extend(behind);
            if !free.is_empty() {
                locked.extend(self.execute_batch(free, attempt).await);
            }
        }
        locked
    }

    /// Executes and answers orders, except those that are blocked by a lock, which are returned in
    /// order. An order with a hook must be the only one.
    fn execute_batch(&mut self, jobs: Vec<Waiting<W::Hook>>, attempt: Attempt) -> BoxFuture<'_, Vec<Waiting<W::Hook>>> {
        async move {
            let (jobs, written) = self.write(jobs, attempt).await;
            match written {
                Ok(answers) => {
                    let mut locked = Vec::new();
                    for (job, executed) in jobs.into_iter().zip(answers) {
                        match executed {
                            Some(executed) => job.answer(executed),
                            None => locked.push(job),
                        }
                    }
                    locked
                }
                Err(Failure::Locked) if attempt.locked == Locked::Wait => {
                    self.execute_batch(jobs, Attempt { locked: Locked::Skip, ..attempt }).await
                }
                // Something other than the groups is locked.
                Err(Failure::Locked) => match apart(jobs) {
                    Apart::Groups(groups) => self.group_by_group(groups, attempt).await,
                    Apart::Orders(jobs) => jobs,
                },
                Err(Failure::Hook(error)) => {
                    jobs.into_iter().for_each(|job| job.answer(Err(error.clone().into())));
                    Vec::new()
                }
                // Nothing was written, and a retry would fail too.
                Err(Failure::Unavailable(reason)) => {
                    jobs.into_iter().for_each(|job| job.refuse(reason));
                    Vec::new()
                }
                // Execute each order separately, so that only the one that is the cause fails.
                Err(Failure::Order(error)) => {
                    if jobs.len() > 1 {
                        tracing::error!(%error, orders = jobs.len(), "a batch failed; retrying its orders one by one");
                    }
                    match apart(jobs) {
                        Apart::Groups(groups) => self.group_by_group(groups, attempt).await,
                        Apart::Orders(jobs) => self.one_by_one(jobs, error, attempt).await,
                    }
                }
            }
        }
        .boxed()
    }

    async fn group_by_group(&mut self, groups: Vec<Vec<Waiting<W::Hook>>>, attempt: Attempt) -> Vec<Waiting<W::Hook>> {
        let (mut locked, mut locked_groups) = (Vec::new(), 0);
        for jobs in groups {
            if locked_groups < LOCKED_GROUPS_MAX {
                let left = self.execute_batch(jobs, Attempt { locked: Locked::Skip, ..attempt }).await;
                locked_groups += usize::from(!left.is_empty());
                locked.extend(left);
            } else {
                locked.extend(jobs);
            }
        }
        locked
    }

    /// Executes the orders of one group one by one. A single order fails with the given error.
    async fn one_by_one(
        &mut self,
        jobs: Vec<Waiting<W::Hook>>,
        error: StoreError,
        attempt: Attempt,
    ) -> Vec<Waiting<W::Hook>> {
        if jobs.len() < 2 {
            jobs.into_iter().for_each(|job| job.answer(Err(error.clone().into())));
            return Vec::new();
        }
        let mut jobs = jobs.into_iter();
        while let Some(first) = jobs.next() {
            let locked = self.execute_batch(vec![first], attempt).await;
            if !locked.is_empty() {
                // Later orders stay behind it.
                return locked.into_iter().chain(jobs).collect();
            }
        }
        Vec::new()
    }

    /// Writes a batch and returns its orders, unanswered. A panic fails the batch and affects no
    /// later one.
    async fn write(
        &mut self,
        jobs: Vec<Waiting<W::Hook>>,
        attempt: Attempt,
    ) -> (Vec<Waiting<W::Hook>>, Result<Answers, Failure>) {
        let (orders, askers): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.order, job.asker)).unzip();
        let hook = askers.iter().find_map(|asker| asker.hook.clone());
        let orders = Arc::new(orders);
        let writing = async { self.writer.write(&orders, hook, attempt).await };
        let written = match AssertUnwindSafe(writing).catch_unwind().await {
            Ok(written) => written,
            Err(_) => {
                self.writer.roll_back().await;
                Err(Failure::Order(StoreError::Database { detail: "a panic, rolled back".to_owned() }))
            }
        };
        let orders = Arc::unwrap_or_clone(orders);
        let jobs = orders.into_iter().zip(askers).map(|(order, asker)| Waiting { order, asker });
        (jobs.collect(), written)
    }
}

/// Splits orders into batches, in order; each order with a hook gets its own batch.
fn batches<H>(jobs: Vec<Waiting<H>>) -> Vec<Vec<Waiting<H>>> {
    let has_hook = |job: &Waiting<H>| job.asker.hook.is_some();
    let mut batches: Vec<Vec<Waiting<H>>> = Vec::new();
    for job in jobs {
        match batches.last_mut() {
            Some(batch) if !has_hook(&job) && !batch.iter().take(1).any(has_hook) => batch.push(job),
            _ => batches.push(vec![job]),
        }
    }
    batches
}

/// How a failed batch is split.
enum Apart<H> {
    /// Into one batch per group.
    Groups(Vec<Vec<Waiting<H>>>),
    /// Into single orders, because all are of one group.
    Orders(Vec<Waiting<H>>),
}

fn apart<H>(jobs: Vec<Waiting<H>>) -> Apart<H> {
    let mut groups: BTreeMap<GroupId, Vec<Waiting<H>>> = BTreeMap::new();
    for job in jobs {
        groups.entry(job.group_id()).or_default().push(job);
    }
    let mut groups: Vec<Vec<Waiting<H>>> = groups.into_values().collect();
    if groups.len() > 1 { Apart::Groups(groups) } else { Apart::Orders(groups.pop().unwrap_or_default()) }
}
