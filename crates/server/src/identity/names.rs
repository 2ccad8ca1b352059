//! Stores the display names from tokens, so that members see names instead of ids.
//!
//! The name from a user's newest token wins, so that two tokens with different names do not
//! alternate. Names are written in the background, many per transaction and one transaction at a
//! time, so however many arrive, they do not delay changes of groups.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use groups_domain::{DisplayName, Timestamp, UserId};
use groups_store::{NameClaim, Store};

/// Known names, and the queue of names to write.
/// Cheap to clone; all clones share them.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// By user: the name that was last written or queued.
    known: HashMap<UserId, Known>,
    waiting: BTreeMap<UserId, NameClaim>,
    /// Whether a task is writing the queue.
    writing: bool,
}

struct Known {
    name: DisplayName,
    issued_at: Timestamp,
    /// When a request has last shown a name of this user, in Unix milliseconds.
    seen_at_ms: i64,
    /// When this user's write budget is full again, in Unix milliseconds.
    paid_at_ms: i64,
    /// When a different name with the same `issued_at` is accepted again, in Unix milliseconds.
    tie_at_ms: i64,
}

impl Known {
    /// Refill interval of a user's write budget.
    const WRITE_EVERY_MS: i64 = 60_000;
    /// Capacity of a user's write budget.
    const WRITES_AT_ONCE: i64 = 5;

    fn new(name: &NameClaim, now: Timestamp) -> Self {
        let paid_at_ms = now.unix_millis().saturating_add(Self::WRITE_EVERY_MS);
        let (seen_at_ms, tie_at_ms) = (now.unix_millis(), i64::MIN);
        Self { name: name.name.clone(), issued_at: name.issued_at, seen_at_ms, paid_at_ms, tie_at_ms }
    }

    /// Whether this name replaces the known one and must be written. If so, it becomes the known
    /// one.
    fn gives_way_to(&mut self, name: &NameClaim, now: Timestamp) -> bool {
        let now_ms = now.unix_millis();
        self.seen_at_ms = now_ms;
        if name.issued_at < self.issued_at || (name.issued_at == self.issued_at && name.name == self.name) {
            return false;
        }
        if name.issued_at == self.issued_at {
            // Two tokens issued in the same second with different names: either a correction, or
            // two tokens that alternate. The limit keeps the latter from causing a write per
            // request.
            if now_ms < self.tie_at_ms {
                return false;
            }
            self.tie_at_ms = now_ms.saturating_add(Self::WRITE_EVERY_MS);
        } else {
            let paid_at_ms = self.paid_at_ms.max(now_ms).saturating_add(Self::WRITE_EVERY_MS);
            if paid_at_ms > now_ms.saturating_add(Self::WRITE_EVERY_MS * Self::WRITES_AT_ONCE) {
                return false;
            }
            self.paid_at_ms = paid_at_ms;
        }
        self.name.clone_from(&name.name);
        self.issued_at = name.issued_at;
        true
    }
}

impl Names {
    /// Maximum number of remembered users. Beyond it the memory is cleared, which only causes names
    /// to be written again.
    const KNOWN_MAX: usize = 50_000;
    /// Maximum number of queued names. Beyond it, a name is left to the next request that carries
    /// it.
    const WAITING_MAX: usize = 10_000;
    /// Maximum number of names per transaction.
    const BATCH_MAX: usize = 64;
    /// Pause after a failed write, and thereby the minimum interval between log lines about it.
    const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

    /// Queues a name if it is new. Returns whether the caller must run
    /// [`write_waiting`](Self::write_waiting).
    pub(crate) fn learn(&self, name: NameClaim, now: Timestamp) -> bool {
        let mut state = self.lock();
        if state.waiting.len() >= Self::WAITING_MAX && !state.waiting.contains_key(&name.user_id) {
            return false;
        }
        if let Some(known) = state.known.get_mut(&name.user_id) {
            if !known.gives_way_to(&name, now) {
                return false;
            }
        } else {
            if state.known.len() >= Self::KNOWN_MAX {
                state.known.clear();
            }
            state.known.insert(name.user_id, Known::new(&name, now));
        }
        state.waiting.insert(name.user_id, name);
        !std::mem::replace(&mut state.writing, true)
    }

    /// Writes names until the queue is empty. If its task is cancelled, the next new name resumes
    /// the work.
    pub(crate) async fn write_waiting(&self, store: &Store) {
        let _writing = Writing(self);
        while let Some(batch) = self.next_batch() {
            let users: Vec<_> = batch.iter().map(|name| name.user_id).collect();
            if let Err(error) = store.remember_names(batch).await {
                let forgotten = self.forget(&users);
                tracing::warn!(%error, names = forgotten, "display names could not be written; later requests will retry");
                tokio::time::sleep(Self::PAUSE_AFTER_FAILURE).await;
            }
        }
    }

    fn next_batch(&self) -> Option<Vec<NameClaim>> {
        let mut state = self.lock();
        let batch: Vec<_> =
            std::iter::from_fn(|| state.waiting.pop_first()).take(Self::BATCH_MAX).map(|(_, name)| name).collect();
        state.writing = !batch.is_empty();
        state.writing.then_some(batch)
    }

    /// Forgets these users and everyone in the queue, so that their names count as new. Returns the
    /// number of names.
    fn forget(&self, users: &[UserId]) -> usize {
        let mut state = self.lock();
        let waiting = std::mem::take(&mut state.waiting);
        for user in users.iter().chain(waiting.keys()) {
            state.known.remove(user);
        }
        users.len() + waiting.len()
    }

    /// The name in a user's newest token, if a request has shown a name within this time.
    pub(crate) fn seen(&self, user_id: UserId, within: Duration, now: Timestamp) -> Option<DisplayName> {
        let within_ms = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let since_ms = now.unix_millis().saturating_sub(within_ms);
        let state = self.lock();
        state.known.get(&user_id).filter(|known| known.seen_at_ms >= since_ms).map(|known| known.name.clone())
    }

    /// Forgets all known names, so that every name counts as new. Queued names are still written.
    pub(crate) fn clear(&self) {
        self.lock().known.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by the task that writes the queue. Dropping it, also on cancellation, lets another task
/// take over.
struct Writing<'a>(&'a Names);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.lock().writing = false;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn user(number: u128) -> UserId {
        UserId::new(uuid::Uuid::from_u128(number))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    fn named(name: &str, issued_ms: i64) -> NameClaim {
        NameClaim { user_id: user(1), name: name.parse().unwrap(), issued_at: at(issued_ms) }
    }

    /// The names that are written when requests carry these, each at its time.
    fn written(told: &[(i64, &str, i64)]) -> Vec<String> {
        let names = Names::default();
        let mut written = Vec::new();
        for (now, name, issued_ms) in told {
            names.learn(named(name, *issued_ms), at(*now));
            while let Some(batch) = names.next_batch() {
                written.extend(batch.into_iter().map(|name| name.name.into()));
            }
        }
        written
    }

    #[test]
    fn the_name_of_the_newest_token_counts_in_any_order() {
        let told = [(0, "Old", 5), (1, "New", 6), (2, "Old", 5), (3, "New", 6), (4, "Older", 4)];
        assert_eq!(written(&told), ["Old", "New"]);
    }

    #[test]
    fn two_tokens_of_one_date_change_the_name_at_most_once_a_minute() {
        let told: Vec<_> = (0..3 * MINUTE_MS)
            .step_by(10)
            .map(|now| (now, if now / 10 % 2 == 0 { "One" } else { "Other" }, 5))
            .collect();
        assert_eq!(written(&told), ["One", "Other", "One", "Other"]);
    }

    #[test]
    fn ever_newer_tokens_change_the_name_once_a_minute_after_the_first_five() {
        let told: Vec<_> = (0..10 * MINUTE_MS).step_by(100).map(|now| (now, "Ada", now)).collect();
        let count = written(&told).len();
        assert!((14..=15).contains(&count), "{count}");
    }

    #[test]
    fn waiting_names_are_bounded_and_recorded_again_by_the_next_request() {
        let names = Names::default();
        let person = |number: usize| NameClaim { user_id: user(number as u128), ..named("Ada", 1) };
        assert!(names.learn(person(0), at(0)), "the first one writes");
        for number in 1..Names::WAITING_MAX + 10 {
            assert!(!names.learn(person(number), at(0)));
        }
        let mut written = 0;
        while let Some(batch) = names.next_batch() {
            assert!(batch.len() <= Names::BATCH_MAX);
            written += batch.len();
        }
        assert_eq!(written, Names::WAITING_MAX);
        assert!(names.learn(person(Names::WAITING_MAX + 1), at(0)), "it was not remembered");
    }

    #[test]
    fn a_name_that_could_not_be_written_is_written_by_a_later_request() {
        let names = Names::default();
        assert!(names.learn(named("Ada", 1), at(0)));
        assert_eq!(names.next_batch().map(|batch| batch.len()), Some(1));
        names.learn(NameClaim { user_id: user(2), ..named("Bob", 1) }, at(0));
        assert_eq!(names.forget(&[user(1)]), 2);
        assert_eq!(names.next_batch(), None);
        assert!(names.learn(named("Ada", 1), at(1)));
    }
}
