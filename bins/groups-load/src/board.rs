//! Results of all clients of a run.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::histogram::{Histogram, Spread};
use crate::message::Event;
use crate::pairs::Pairs;
use crate::view::Violations;

/// What all clients of a run have observed.
pub(crate) struct Board {
    started: Instant,
    /// When each change was answered, in nanoseconds since the start; 0: not yet.
    answered: Box<[AtomicU64]>,
    /// When the last client received each change, in nanoseconds since the start.
    last_receipt: Box<[AtomicU64]>,
    /// For changes without a stamp, if they are to be timed.
    pub(crate) pairs: Option<Pairs>,
    /// From the time a change was due to its receipt by each client.
    pub(crate) receipt: Histogram,
    /// From the response to a change to its receipt by each client; 0 if the client received it
    /// first.
    pub(crate) after_answer: Histogram,
    /// Number of receipts before the response.
    pub(crate) before_answer: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) event_bytes: AtomicU64,
    /// Events repeated by a resume, which is allowed.
    pub(crate) repeated_on_resume: AtomicU64,
    /// Connections closed with a code that asks the client to reconnect.
    pub(crate) sent_back: AtomicU64,
    pub(crate) violations: Violations,
}

impl Board {
    /// Creates a board for this number of stamped changes.
    pub(crate) fn new(changes: usize) -> Self {
        let zeros = || (0..changes).map(|_| AtomicU64::new(0)).collect();
        Self {
            started: Instant::now(),
            answered: zeros(),
            last_receipt: zeros(),
            pairs: None,
            receipt: Histogram::default(),
            after_answer: Histogram::default(),
            before_answer: AtomicU64::new(0),
            events: AtomicU64::new(0),
            event_bytes: AtomicU64::new(0),
            repeated_on_resume: AtomicU64::new(0),
            sent_back: AtomicU64::new(0),
            violations: Violations::default(),
        }
    }

    /// Creates a board that times changes of any kind by their version.
    pub(crate) fn with_pairs() -> Self {
        Self { pairs: Some(Pairs::default()), ..Self::new(0) }
    }

    /// Returns a group name that encodes the number of the change and when it was due.
    pub(crate) fn stamp(&self, change: usize, due: Instant) -> String {
        format!("load {change} {}", due.duration_since(self.started).as_nanos())
    }

    /// Records the response to a change.
    pub(crate) fn note_answer(&self, change: usize, at: Instant) {
        if let Some(answered) = self.answered.get(change) {
            answered.store(self.nanos(at).max(1), Relaxed);
        }
    }

    /// Records an event received by a live client.
    pub(crate) fn note_event(&self, bytes: usize, event: &Event<'_>, at: Instant) {
        self.events.fetch_add(1, Relaxed);
        self.event_bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Relaxed);
        if let Some(pairs) = &self.pairs {
            pairs.note_receipt(event.group_id, event.version, at);
        }
        let Some((change, due)) = event.renamed.as_deref().and_then(read_stamp) else { return };
        self.receipt.record((at - self.started).saturating_sub(Duration::from_nanos(due)));
        if let Some(last) = self.last_receipt.get(change) {
            last.fetch_max(self.nanos(at), Relaxed);
        }
        match self.answered.get(change).map_or(0, |answered| answered.load(Relaxed)) {
            0 => {
                self.before_answer.fetch_add(1, Relaxed);
                self.after_answer.record(Duration::ZERO);
            }
            answered => self.after_answer.record(Duration::from_nanos(self.nanos(at).saturating_sub(answered))),
        }
    }

    /// From the response to each change to its receipt by the last client; 0 if that was earlier.
    pub(crate) fn last_after_answer(&self) -> Spread {
        let all = Histogram::default();
        for (answered, last) in self.answered.iter().zip(&self.last_receipt) {
            let (answered, last) = (answered.load(Relaxed), last.load(Relaxed));
            if answered > 0 && last > 0 {
                all.record(Duration::from_nanos(last.saturating_sub(answered)));
            }
        }
        all.spread()
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.started).as_nanos()).unwrap_or(u64::MAX)
    }
}

fn read_stamp(name: &str) -> Option<(usize, u64)> {
    let (change, due) = name.strip_prefix("load ")?.split_once(' ')?;
    Some((change.parse().ok()?, due.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use uuid::Uuid;

    use super::*;
    use crate::message::Step;

    #[test]
    fn a_stamp_contains_the_change_and_its_due_time() {
        let board = Board::new(2);
        let due = board.started + Duration::from_nanos(1_234);
        assert_eq!(read_stamp(&board.stamp(1, due)), Some((1, 1_234)));
        assert_eq!(read_stamp("Project Team"), None);
    }

    #[test]
    fn latency_is_measured_from_the_due_time_and_from_the_answer() {
        let board = Board::new(1);
        let at = |millis| board.started + Duration::from_millis(millis);
        let event = Event {
            step: Step::Stays,
            group_id: Uuid::from_u128(1),
            version: 2,
            cursor: Cow::Borrowed("c"),
            renamed: Some(board.stamp(0, at(10)).into()),
        };
        board.note_event(300, &event, at(15));
        board.note_answer(0, at(20));
        board.note_event(300, &event, at(50));
        assert!((30_000..30_030).contains(&board.last_after_answer().max));
        let (receipt, after_answer) = (board.receipt.spread().max, board.after_answer.spread().max);
        assert!((40_000..40_040).contains(&receipt), "{receipt}");
        assert!((30_000..30_030).contains(&after_answer), "{after_answer}");
        assert_eq!((board.before_answer.load(Relaxed), board.events.load(Relaxed)), (1, 2));
    }
}
