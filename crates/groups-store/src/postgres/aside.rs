//! Orders that a lane has set aside because somebody else holds a lock that they need: they are tried again and again for a while,
//! and nobody else waits for them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use groups_domain::GroupId;
use tokio::time::Instant;

use super::lane::Waiting;

/// The pause before a first try again. Each further one is twice as long, until something has become free.
const PAUSE_FIRST: Duration = Duration::from_millis(5);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// What was set aside, each group's orders in their order.
#[derive(Default)]
pub(super) struct Aside {
    groups: BTreeMap<GroupId, VecDeque<Waiting>>,
    orders: usize,
    pause: Duration,
    next: Option<Instant>,
}

impl Aside {
    pub(super) fn is_empty(&self) -> bool {
        self.orders == 0
    }

    pub(super) fn orders(&self) -> usize {
        self.orders
    }

    /// Whether orders for this group have to wait behind others.
    pub(super) fn holds(&self, group: GroupId) -> bool {
        self.groups.contains_key(&group)
    }

    /// Behind the others of its group.
    pub(super) fn push(&mut self, job: Waiting) {
        self.orders += 1;
        self.groups.entry(job.order.request.group_id).or_default().push_back(job);
        if self.next.is_none() {
            self.schedule(true);
        }
    }

    /// Returns when something should be tried again or given up; never while there is nothing.
    pub(super) async fn due(&self) {
        match self.next {
            Some(next) => tokio::time::sleep_until(next).await,
            None => std::future::pending().await,
        }
    }

    /// Those to be tried now, at most `orders_max`, and those that have waited too long.
    pub(super) fn take(&mut self, now: Instant, orders_max: usize) -> (Vec<Waiting>, Vec<Waiting>) {
        let (mut due, mut expired) = (Vec::new(), Vec::new());
        for jobs in self.groups.values_mut() {
            while due.len() < orders_max {
                let Some(job) = jobs.pop_front() else { break };
                if job.until <= now { expired.push(job) } else { due.push(job) }
            }
        }
        self.groups.retain(|_, jobs| !jobs.is_empty());
        self.orders -= due.len() + expired.len();
        self.next = None;
        (due, expired)
    }

    /// After a try: those that are still locked, before what came behind them.
    pub(super) fn put_back(&mut self, jobs: Vec<Waiting>, progress: bool) {
        self.orders += jobs.len();
        for job in jobs.into_iter().rev() {
            self.groups.entry(job.order.request.group_id).or_default().push_front(job);
        }
        self.schedule(progress);
    }

    fn schedule(&mut self, progress: bool) {
        self.pause = if progress { PAUSE_FIRST } else { (self.pause * 2).clamp(PAUSE_FIRST, PAUSE_MAX) };
        let first = self.groups.values().filter_map(|jobs| jobs.front()).map(|job| job.until).min();
        self.next = first.map(|until| until.min(Instant::now() + self.pause));
    }
}
