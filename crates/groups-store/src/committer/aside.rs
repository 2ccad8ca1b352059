//! Orders that a committer has set aside because another transaction holds a lock that they need. They
//! are retried for a while without blocking other orders.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use groups_domain::GroupId;
use tokio::time::Instant;

use super::job::Waiting;

/// The pause before the first retry. Each further pause is twice as long, until a retry makes
/// progress.
const PAUSE_FIRST: Duration = Duration::from_millis(1);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// The orders set aside, in order within each group.
pub(super) struct Aside<H> {
    groups: BTreeMap<GroupId, VecDeque<Waiting<H>>>,
    orders: usize,
    pause: Duration,
    next: Option<Instant>,
}

impl<H> Aside<H> {
    pub(super) fn new() -> Self {
        Self { groups: BTreeMap::new(), orders: 0, pause: Duration::ZERO, next: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.orders == 0
    }

    pub(super) fn orders(&self) -> usize {
        self.orders
    }

    /// Whether orders for this group must wait behind others.
    pub(super) fn holds(&self, group: GroupId) -> bool {
        self.groups.contains_key(&group)
    }

    /// Adds an order behind the others of its group.
    pub(super) fn push(&mut self, job: Waiting<H>) {
        self.orders += 1;
        self.groups.entry(job.group_id()).or_default().push_back(job);
        if self.next.is_none() {
            self.schedule(true);
        }
    }

    /// Completes when an order should be retried or given up; never while there is none.
    pub(super) async fn due(&self) {
        match self.next {
            Some(next) => tokio::time::sleep_until(next).await,
            None => std::future::pending().await,
        }
    }

    /// The orders to retry now, at most `orders_max`, and those that have waited too long.
    pub(super) fn take(&mut self, now: Instant, orders_max: usize) -> (Vec<Waiting<H>>, Vec<Waiting<H>>) {
        let (mut due, mut expired) = (Vec::new(), Vec::new());
        for jobs in self.groups.values_mut() {
            while due.len() < orders_max {
                let Some(job) = jobs.pop_front() else { break };
                if job.asker.until <= now { expired.push(job) } else { due.push(job) }
            }
        }
        self.groups.retain(|_, jobs| !jobs.is_empty());
        self.orders -= due.len() + expired.len();
        self.next = None;
        (due, expired)
    }

    /// Puts back the orders that are still locked after a retry, in front of later ones.
    pub(super) fn put_back(&mut self, jobs: Vec<Waiting<H>>, progress: bool) {
        self.orders += jobs.len();
        for job in jobs.into_iter().rev() {
            self.groups.entry(job.group_id()).or_default().push_front(job);
        }
        self.schedule(progress);
    }

    fn schedule(&mut self, progress: bool) {
        self.pause = if progress { PAUSE_FIRST } else { (self.pause * 2).clamp(PAUSE_FIRST, PAUSE_MAX) };
        let first = self.groups.values().filter_map(|jobs| jobs.front()).map(|job| job.asker.until).min();
        self.next = first.map(|until| until.min(Instant::now() + self.pause));
    }
}
