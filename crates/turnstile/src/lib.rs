//! Fair, bounded admission control: a limited number of tasks run at a time, and the others wait in
//! a fair queue by key.
//!
//! A [`Turnstile`] admits at most [`running_max`](Limits::running_max) holders at a time, and at
//! most [`running_per_key_max`](Limits::running_per_key_max) per key. Others wait in order of
//! arrival behind those with the same key; the keys take turns (round robin). So a burst from one
//! key queues behind itself, and delays another key by at most one turn of each waiting key.
//!
//! The queue is bounded: beyond the limits, [`enter`](Turnstile::enter) fails immediately with
//! [`Full`].
//!
//! ```
//! use turnstile::{Limits, Turnstile};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), turnstile::Full> {
//! let turnstile = Turnstile::new(Limits {
//!     running_max: 8,
//!     running_per_key_max: 2,
//!     waiting_max: 1_024,
//!     waiting_per_key_max: 64,
//! });
//! let turn = turnstile.enter("ada").await?;
//! // … do the work
//! drop(turn);
//! # Ok(())
//! # }
//! ```

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Limits on running and waiting holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of concurrent holders. 0 counts as 1.
    pub running_max: usize,
    /// Maximum number of concurrent holders per key. 0 counts as 1.
    pub running_per_key_max: usize,
    /// Maximum number of waiters. Further ones are rejected.
    pub waiting_max: usize,
    /// Maximum number of waiters per key. Further ones are rejected.
    pub waiting_per_key_max: usize,
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full")]
pub struct Full;

/// Admits a limited number of holders at a time. Cheap to clone; all clones share the same state.
pub struct Turnstile<K: Key>(Arc<Shared<K>>);

/// The key by which waiters take turns. Implemented for all suitable types.
pub trait Key: Clone + Eq + Hash {}

impl<K: Clone + Eq + Hash> Key for K {}

/// A permit to run. Dropping it admits the next waiter.
pub struct Turn<K: Key> {
    key: K,
    turnstile: Option<Turnstile<K>>,
}

struct Shared<K: Key> {
    limits: Limits,
    state: Mutex<State<K>>,
}

struct State<K: Key> {
    running: usize,
    waiting: usize,
    /// Keys with holders or waiters.
    keys: HashMap<K, Line<K>>,
    /// Keys with a waiter that may run as soon as there is room, in order of their turns.
    ring: VecDeque<K>,
    next_id: u64,
}

/// Holders and waiters of one key.
struct Line<K: Key> {
    running: usize,
    waiting: VecDeque<Waiting<K>>,
    in_ring: bool,
}

struct Waiting<K: Key> {
    id: u64,
    enters: oneshot::Sender<Turn<K>>,
}

impl<K: Key> Clone for Turnstile<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Key> fmt::Debug for Turnstile<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Turnstile").field("running", &state.running).field("waiting", &state.waiting).finish()
    }
}

impl<K: Key> fmt::Debug for Turn<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl<K: Key> Turnstile<K> {
    /// Creates a turnstile without holders.
    pub fn new(limits: Limits) -> Self {
        let limits = Limits {
            running_max: limits.running_max.max(1),
            running_per_key_max: limits.running_per_key_max.max(1),
            ..limits
        };
        let state = State { running: 0, waiting: 0, keys: HashMap::new(), ring: VecDeque::new(), next_id: 0 };
        Self(Arc::new(Shared { limits, state: Mutex::new(state) }))
    }

    /// Waits for a permit. Cancellation-safe: dropping the future gives up the place in the queue.
    ///
    /// # Errors
    /// [`Full`], immediately, if the queue is full.
    pub async fn enter(&self, key: K) -> Result<Turn<K>, Full> {
        let (id, enters) = match self.arrive(&key)? {
            Arrival::Entered => return Ok(Turn { key, turnstile: Some(self.clone()) }),
            Arrival::Waits(id, enters) => (id, enters),
        };
        let _place = Place { turnstile: self, key: &key, id };
        // The sender is only dropped together with the state, which this future keeps alive.
        enters.await.map_err(|_| Full)
    }

    fn arrive(&self, key: &K) -> Result<Arrival<K>, Full> {
        let limits = &self.0.limits;
        let mut state = self.state();
        let state = &mut *state;
        let line = state.keys.entry(key.clone()).or_default();
        if state.running < limits.running_max && line.running < limits.running_per_key_max && line.waiting.is_empty() {
            state.running += 1;
            line.running += 1;
            return Ok(Arrival::Entered);
        }
        if state.waiting >= limits.waiting_max || line.waiting.len() >= limits.waiting_per_key_max {
            if line.is_empty() {
                state.keys.remove(key);
            }
            return Err(Full);
        }
        let (enters, entered) = oneshot::channel();
        let id = state.next_id;
        state.next_id += 1;
        state.waiting += 1;
        line.waiting.push_back(Waiting { id, enters });
        if line.running < limits.running_per_key_max && !line.in_ring {
            line.in_ring = true;
            state.ring.push_back(key.clone());
        }
        Ok(Arrival::Waits(id, entered))
    }

    /// Called when a holder drops its permit.
    fn leave(&self, key: &K) {
        let mut state = self.state();
        state.running -= 1;
        if let Some(line) = state.keys.get_mut(key) {
            line.running -= 1;
        }
        self.settle(&mut state, key);
        self.let_in(&mut state);
    }

    /// Called when a waiter gives up, or was already admitted.
    fn give_up(&self, key: &K, id: u64) {
        let mut state = self.state();
        let Some(line) = state.keys.get_mut(key) else { return };
        let before = line.waiting.len();
        line.waiting.retain(|waiting| waiting.id != id);
        let gone = before - line.waiting.len();
        state.waiting -= gone;
        self.settle(&mut state, key);
    }

    /// Adds a key to the ring if one of its waiters may run, and removes the key if it has neither
    /// holders nor waiters.
    fn settle(&self, state: &mut State<K>, key: &K) {
        let Some(line) = state.keys.get_mut(key) else { return };
        if line.is_empty() {
            if line.in_ring {
                state.ring.retain(|other| other != key);
            }
            state.keys.remove(key);
        } else if !line.in_ring && !line.waiting.is_empty() && line.running < self.0.limits.running_per_key_max {
            line.in_ring = true;
            state.ring.push_back(key.clone());
        }
    }

    fn let_in(&self, state: &mut State<K>) {
        while state.running < self.0.limits.running_max {
            let Some(key) = state.ring.pop_front() else { return };
            let Some(line) = state.keys.get_mut(&key) else { continue };
            line.in_ring = false;
            if let Some(Waiting { enters, .. }) = line.waiting.pop_front() {
                state.waiting -= 1;
                match enters.send(Turn { key: key.clone(), turnstile: Some(self.clone()) }) {
                    Ok(()) => {
                        line.running += 1;
                        state.running += 1;
                    }
                    // The waiter is gone. Its permit must not be returned, because it was never
                    // counted.
                    Err(mut turn) => turn.turnstile = None,
                }
            }
            self.settle(state, &key);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of waiters.
    pub fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// Number of holders.
    pub fn running(&self) -> usize {
        self.state().running
    }
}

enum Arrival<K: Key> {
    Entered,
    Waits(u64, oneshot::Receiver<Turn<K>>),
}

impl<K: Key> Default for Line<K> {
    fn default() -> Self {
        Self { running: 0, waiting: VecDeque::new(), in_ring: false }
    }
}

impl<K: Key> Line<K> {
    fn is_empty(&self) -> bool {
        self.running == 0 && self.waiting.is_empty()
    }
}

/// A place in the queue. Dropping it gives the place up.
struct Place<'a, K: Key> {
    turnstile: &'a Turnstile<K>,
    key: &'a K,
    id: u64,
}

impl<K: Key> Drop for Place<'_, K> {
    fn drop(&mut self) {
        self.turnstile.give_up(self.key, self.id);
    }
}

impl<K: Key> Drop for Turn<K> {
    fn drop(&mut self) {
        if let Some(turnstile) = self.turnstile.take() {
            turnstile.leave(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    const ROOMY: Limits =
        Limits { running_max: 100, running_per_key_max: 100, waiting_max: 100, waiting_per_key_max: 100 };

    #[test]
    fn a_burst_of_one_waits_behind_itself_and_the_keys_take_turns() {
        let turnstile = Turnstile::new(Limits { running_max: 1, ..ROOMY });
        let inside = turnstile.enter("burst").now_or_never().unwrap().unwrap();
        let mut order = Vec::new();
        let mut lines: Vec<_> = ["burst", "burst", "burst", "other", "other", "third"]
            .into_iter()
            .map(|key| (key, Box::pin(turnstile.enter(key))))
            .collect();
        assert!(lines.iter_mut().all(|(_, line)| line.as_mut().now_or_never().is_none()));
        let mut turn = Some(inside);
        while !lines.is_empty() {
            drop(turn.take());
            let mut entered = None;
            for (at, (key, line)) in lines.iter_mut().enumerate() {
                if let Some(let_in) = line.as_mut().now_or_never() {
                    assert!(entered.is_none(), "one at a time");
                    (entered, turn) = (Some(at), Some(let_in.unwrap()));
                    order.push(*key);
                }
            }
            drop(lines.remove(entered.unwrap()));
        }
        assert_eq!(order, ["burst", "other", "third", "burst", "other", "burst"]);
    }

    #[test]
    fn a_key_at_its_limit_leaves_room_for_others() {
        let turnstile = Turnstile::new(Limits { running_max: 3, running_per_key_max: 1, ..ROOMY });
        let _first = turnstile.enter(1).now_or_never().unwrap().unwrap();
        let mut second = pin!(turnstile.enter(1));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(turnstile.enter(2).now_or_never().unwrap().is_ok());
    }

    #[test]
    fn entries_beyond_the_waiting_limit_are_refused() {
        let limits = Limits { running_max: 2, running_per_key_max: 1, waiting_max: 3, waiting_per_key_max: 2 };
        let turnstile = Turnstile::new(limits);
        let _inside = [1, 2].map(|key| turnstile.enter(key).now_or_never().unwrap().unwrap());
        let mut waiting = [1, 1].map(|key| Box::pin(turnstile.enter(key)));
        assert!(waiting.iter_mut().all(|line| line.as_mut().now_or_never().is_none()));
        assert_eq!(turnstile.enter(1).now_or_never().unwrap().unwrap_err(), Full, "too many of one key");
        let mut third = Box::pin(turnstile.enter(3));
        assert!(third.as_mut().now_or_never().is_none());
        assert_eq!(turnstile.enter(4).now_or_never().unwrap().unwrap_err(), Full, "too many together");
        drop(waiting);
        assert!(turnstile.enter(4).now_or_never().is_none(), "who gives up leaves a place");
    }

    #[test]
    fn a_turn_granted_to_a_dropped_future_passes_to_the_next() {
        let turnstile = Turnstile::new(Limits { running_max: 1, ..ROOMY });
        let inside = turnstile.enter(1).now_or_never().unwrap().unwrap();
        let mut gone = Box::pin(turnstile.enter(1));
        let mut next = Box::pin(turnstile.enter(2));
        assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
        // It is admitted, and dropped before it is polled again.
        drop(inside);
        drop(gone);
        assert!(next.as_mut().now_or_never().unwrap().is_ok());
        drop(next);
        assert_eq!((turnstile.running(), turnstile.waiting()), (0, 0));
        assert!(turnstile.state().keys.is_empty(), "nothing is kept of who has gone");
    }
}
