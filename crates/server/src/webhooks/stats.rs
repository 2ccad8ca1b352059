//! What operators see of webhooks.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use groups_domain::Timestamp;
use uuid::Uuid;

use super::sender::Sent;

/// The time of [`RunnerStats`] if no message waits.
const NONE_WAITS: i64 = i64::MAX;

/// Counts what happens to webhooks. Clones share the counters.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhookStats(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    delivered: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
    panics: AtomicU64,
    runners: Mutex<HashMap<Uuid, Arc<RunnerStats>>>,
    /// Paused webhooks by reason, as they were counted last.
    paused: Mutex<BTreeMap<&'static str, u64>>,
}

/// The state of one webhook that this server delivers to.
#[derive(Debug)]
pub(crate) struct RunnerStats {
    /// The time of the oldest undelivered change that was read, in milliseconds since 1970.
    oldest_ms: AtomicI64,
    failing: AtomicBool,
}

/// Ends the statistics of a webhook when it is dropped.
#[derive(Debug)]
pub(crate) struct Observed {
    stats: WebhookStats,
    webhook: Uuid,
    runner: Arc<RunnerStats>,
}

impl WebhookStats {
    /// Counts an attempt to deliver a message.
    pub(crate) fn attempted(&self, sent: &Sent) {
        let counter = match sent.status {
            Some(_) if sent.is_delivered() => &self.0.delivered,
            Some(_) => &self.0.refused,
            None => &self.0.unanswered,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Attempts by their outcome.
    pub(crate) fn attempts(&self) -> [(&'static str, u64); 3] {
        let Inner { delivered, refused, unanswered, .. } = &*self.0;
        [
            ("delivered", delivered.load(Relaxed)),
            ("refused", refused.load(Relaxed)),
            ("unanswered", unanswered.load(Relaxed)),
        ]
    }

    /// The task of a webhook has panicked.
    pub(crate) fn panicked(&self) {
        self.0.panics.fetch_add(1, Relaxed);
    }

    pub(crate) fn panics(&self) -> u64 {
        self.0.panics.load(Relaxed)
    }

    pub(crate) fn observe(&self, webhook: Uuid) -> Observed {
        let runner = Arc::new(RunnerStats { oldest_ms: AtomicI64::new(NONE_WAITS), failing: AtomicBool::new(false) });
        self.runners(|runners| runners.insert(webhook, Arc::clone(&runner)));
        Observed { stats: self.clone(), webhook, runner }
    }

    /// The age of the oldest change that was read and is not delivered, of the webhook that is
    /// furthest behind.
    pub(crate) fn lag(&self, now: Timestamp) -> Duration {
        let oldest = self.runners(|runners| runners.values().map(|runner| runner.oldest_ms.load(Relaxed)).min());
        let millis = now.unix_millis().saturating_sub(oldest.unwrap_or(NONE_WAITS));
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// Webhooks that this server delivers to, and how many of them fail.
    pub(crate) fn active_and_failing(&self) -> (usize, usize) {
        self.runners(|runners| {
            let failing = runners.values().filter(|runner| runner.failing.load(Relaxed)).count();
            (runners.len(), failing)
        })
    }

    pub(crate) fn set_paused(&self, paused: BTreeMap<&'static str, u64>) {
        *self.0.paused.lock().unwrap_or_else(PoisonError::into_inner) = paused;
    }

    pub(crate) fn paused(&self) -> BTreeMap<&'static str, u64> {
        self.0.paused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn runners<T>(&self, read: impl FnOnce(&mut HashMap<Uuid, Arc<RunnerStats>>) -> T) -> T {
        read(&mut self.0.runners.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observed {
    /// The oldest change that was read and is not delivered, and whether its delivery fails.
    pub(crate) fn set(&self, oldest: Option<Timestamp>, failing: bool) {
        self.runner.oldest_ms.store(oldest.map_or(NONE_WAITS, |oldest| oldest.unix_millis()), Relaxed);
        self.runner.failing.store(failing, Relaxed);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.stats.runners(|runners| {
            // A later task of the same webhook may have replaced it.
            if runners.get(&self.webhook).is_some_and(|runner| Arc::ptr_eq(runner, &self.runner)) {
                runners.remove(&self.webhook);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_webhook_counts_until_its_task_ends() {
        let stats = WebhookStats::default();
        let at = Timestamp::from_unix_millis;
        let (one, two) = (stats.observe(Uuid::from_u128(1)), stats.observe(Uuid::from_u128(2)));
        assert_eq!((stats.lag(at(9_000)), stats.active_and_failing()), (Duration::ZERO, (2, 0)));
        one.set(Some(at(4_000)), false);
        two.set(Some(at(1_000)), true);
        assert_eq!((stats.lag(at(9_000)).as_secs(), stats.active_and_failing()), (8, (2, 1)));
        let again = stats.observe(Uuid::from_u128(2));
        drop(two);
        assert_eq!((stats.lag(at(9_000)).as_secs(), stats.active_and_failing()), (5, (2, 0)));
        drop((one, again));
        assert_eq!((stats.lag(at(9_000)), stats.active_and_failing()), (Duration::ZERO, (0, 0)));
    }
}
