//! The order of the messages of one webhook: what may be sent now, what waits, and how far everything
//! is delivered.
//!
//! Pure: no IO, no clock, no randomness. Messages come in log order. Those with the same key, such as
//! a group, are sent strictly one after the other; a key whose message fails is paused and stops no
//! other key. The window bounds how far others may run ahead of an undelivered message, and so what is
//! repeated after a crash.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use groups_domain::Timestamp;

/// Messages that are sent at the same time.
pub(crate) const IN_FLIGHT_MAX: usize = 16;

/// Changes from the first undelivered one on. At this number, no more are read until it is delivered.
pub(crate) const WINDOW_CHANGES_MAX: usize = 1_000;

/// Bytes of undelivered messages. The message that reaches this limit is the last that is taken.
pub(crate) const WINDOW_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Pause after the first failure. It doubles with each further one, up to [`PAUSE_MAX`].
pub(crate) const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// The longest pause, also of one that the receiver asks for.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(60 * 60);

/// Time since an arbitrary start, on a clock that is never set.
pub(crate) type Moment = Duration;

/// The messages of one webhook that are not delivered yet.
#[derive(Debug)]
pub(crate) struct Lanes<K, P, M> {
    /// From the first undelivered message on, in log order.
    window: VecDeque<Slot<K, P, M>>,
    /// The number of the first slot.
    first: u64,
    bytes: usize,
    lanes: HashMap<K, Lane>,
    /// First messages of their lanes that can be sent now.
    ready: BTreeSet<u64>,
    /// First messages of lanes that are paused, by the end of the pause.
    paused: BTreeSet<(Moment, u64)>,
    in_flight: usize,
    /// Everything up to here is delivered.
    position: Option<P>,
    /// When the first message began to fail, before this was created.
    failing_since: Option<Timestamp>,
}

#[derive(Debug)]
struct Slot<K, P, M> {
    position: P,
    state: State<K, M>,
}

#[derive(Debug)]
enum State<K, M> {
    /// It has no message.
    Skipped,
    Delivered,
    Undelivered {
        key: K,
        message: Arc<M>,
        bytes: usize,
        failures: u32,
        failing_since: Option<Timestamp>,
        is_in_flight: bool,
    },
}

/// Undelivered messages with the same key.
#[derive(Debug, Default)]
struct Lane {
    queue: VecDeque<u64>,
}

/// A message to send.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attempt<M> {
    /// Names the message when its result is known.
    pub(crate) number: u64,
    pub(crate) message: Arc<M>,
    /// 1 for the first.
    pub(crate) attempt: u32,
}

impl<K: Copy + Eq + Hash, P: Clone, M> Lanes<K, P, M> {
    /// `failing_since`: since when the first message has failed, if it has.
    pub(crate) fn new(failing_since: Option<Timestamp>) -> Self {
        Self {
            window: VecDeque::new(),
            first: 0,
            bytes: 0,
            lanes: HashMap::new(),
            ready: BTreeSet::new(),
            paused: BTreeSet::new(),
            in_flight: 0,
            position: None,
            failing_since,
        }
    }

    /// Whether another change can be pushed.
    pub(crate) fn has_room(&self) -> bool {
        self.window.len() < WINDOW_CHANGES_MAX && self.bytes < WINDOW_BYTES_MAX
    }

    /// Adds the next change that needs no message.
    pub(crate) fn skip(&mut self, position: P) {
        match self.window.back_mut() {
            None => self.position = Some(position),
            Some(last @ Slot { state: State::Skipped, .. }) => last.position = position,
            Some(_) => self.window.push_back(Slot { position, state: State::Skipped }),
        }
    }

    /// Adds the next message.
    pub(crate) fn push(&mut self, position: P, key: K, message: M, bytes: usize) {
        let number = self.first + self.window.len() as u64;
        let failing_since = self.failing_since.take();
        let state = State::Undelivered {
            key,
            message: Arc::new(message),
            bytes,
            failures: 0,
            failing_since,
            is_in_flight: false,
        };
        self.window.push_back(Slot { position, state });
        self.bytes += bytes;
        let lane = self.lanes.entry(key).or_default();
        lane.queue.push_back(number);
        if lane.queue.len() == 1 {
            self.ready.insert(number);
        }
    }

    /// The next message to send, if there is one for now. Its result must be reported.
    pub(crate) fn next(&mut self, now: Moment) -> Option<Attempt<M>> {
        if self.in_flight >= IN_FLIGHT_MAX {
            return None;
        }
        while let Some((until, number)) = self.paused.first().copied()
            && until <= now
        {
            self.paused.pop_first();
            self.ready.insert(number);
        }
        let number = self.ready.pop_first()?;
        let State::Undelivered { message, failures, is_in_flight, .. } = &mut self.slot(number)?.state else {
            return None;
        };
        *is_in_flight = true;
        let attempt = Attempt { number, message: Arc::clone(message), attempt: failures.saturating_add(1) };
        self.in_flight += 1;
        Some(attempt)
    }

    /// A message was delivered.
    pub(crate) fn delivered(&mut self, number: u64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(slot) = self.slot(number) else { return };
        let State::Undelivered { key, bytes, .. } = std::mem::replace(&mut slot.state, State::Delivered) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.queue.pop_front();
            match lane.queue.front() {
                Some(next) => drop(self.ready.insert(*next)),
                None => drop(self.lanes.remove(&key)),
            }
        }
        while let Some(Slot { position, state: State::Delivered | State::Skipped }) = self.window.front() {
            self.position = Some(position.clone());
            self.window.pop_front();
            self.first += 1;
        }
    }

    /// A message was not delivered. It is sent again after a pause: the usual one, or the one that the
    /// receiver asks for if that is longer. `random` is any number from 0 to 1.
    pub(crate) fn failed(
        &mut self,
        number: u64,
        now: Moment,
        at: Timestamp,
        random: f64,
        retry_after: Option<Duration>,
    ) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(Slot { state: State::Undelivered { failures, failing_since, is_in_flight, .. }, .. }) =
            self.slot(number)
        else {
            return;
        };
        *is_in_flight = false;
        *failures = failures.saturating_add(1);
        failing_since.get_or_insert(at);
        let pause = pause(*failures, random).max(retry_after.unwrap_or_default().min(PAUSE_MAX));
        self.paused.insert((now.saturating_add(pause), number));
    }

    /// Ends all pauses and forgets earlier failures, because the receiver is another one now.
    pub(crate) fn retry_now(&mut self) {
        self.failing_since = None;
        for slot in &mut self.window {
            if let State::Undelivered { failures, failing_since, .. } = &mut slot.state {
                (*failures, *failing_since) = (0, None);
            }
        }
        self.ready.extend(std::mem::take(&mut self.paused).into_iter().map(|(_, number)| number));
    }

    /// When [`next`](Self::next) has more than now, unless a result comes before.
    pub(crate) fn next_at(&self) -> Option<Moment> {
        if self.in_flight >= IN_FLIGHT_MAX {
            return None;
        }
        self.paused.first().map(|(until, _)| *until)
    }

    /// Whether everything is delivered.
    #[cfg(test)]
    fn is_idle(&self) -> bool {
        self.window.is_empty()
    }

    /// Whether a message with this key waits to be sent, for the first time or again.
    pub(crate) fn waits(&mut self, key: K) -> bool {
        let Some(queue) = self.lanes.get(&key).map(|lane| &lane.queue) else { return false };
        let (queued, first) = (queue.len(), queue.front().copied());
        let first = first.and_then(|number| self.slot(number));
        let is_sent = matches!(first, Some(Slot { state: State::Undelivered { is_in_flight: true, .. }, .. }));
        queued > 1 || (queued == 1 && !is_sent)
    }

    /// The position after the last change before the first undelivered one. `None` until it has moved.
    pub(crate) fn position(&self) -> Option<&P> {
        self.position.as_ref()
    }

    /// The first undelivered message, and since when it fails.
    pub(crate) fn oldest(&self) -> Option<(&M, Option<Timestamp>)> {
        match &self.window.front()?.state {
            State::Undelivered { message, failing_since, .. } => Some((message, *failing_since)),
            State::Skipped | State::Delivered => None,
        }
    }

    /// Since when the first undelivered message fails.
    pub(crate) fn failing_since(&self) -> Option<Timestamp> {
        self.oldest().map_or(self.failing_since, |(_, since)| since)
    }

    fn slot(&mut self, number: u64) -> Option<&mut Slot<K, P, M>> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.window.get_mut(at)
    }
}

/// The pause after so many failures: it doubles with each, and `random` moves it by up to 20 %.
fn pause(failures: u32, random: f64) -> Duration {
    let doubled = PAUSE_FIRST.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(PAUSE_MAX);
    doubled.mul_f64(0.8 + 0.4 * random.clamp(0.0, 1.0)).min(PAUSE_MAX)
}
