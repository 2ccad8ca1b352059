//! Pairs the answer to each change with the events that it causes, by group and version.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;
use uuid::Uuid;

use crate::histogram::{Histogram, Spread};

/// A change, as both its answer and its events name it: the group and its new version.
type Change = (Uuid, u64);

/// The times of answers and events of a run.
#[derive(Default)]
pub(crate) struct Pairs {
    answers: Mutex<HashMap<Change, Answer>>,
    receipts: Mutex<Vec<(Change, Instant)>>,
}

#[derive(Clone, Copy)]
struct Answer {
    asked: Instant,
    answered: Instant,
}

/// When clients received events, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct EventTimes {
    /// From the request to the receipt by each client.
    pub(crate) from_request_us: Spread,
    /// From the answer to the receipt by each client; 0 if the client received it first.
    pub(crate) after_answer_us: Spread,
    pub(crate) received_before_answer: u64,
}

impl Pairs {
    /// Maximum number of answers, and of receipts, that are kept. Later ones are not counted.
    const KEPT_MAX: usize = 2_000_000;

    pub(crate) fn note_answer(&self, group_id: Uuid, version: u64, asked: Instant, answered: Instant) {
        let mut answers = lock(&self.answers);
        if answers.len() < Self::KEPT_MAX {
            answers.insert((group_id, version), Answer { asked, answered });
        }
    }

    pub(crate) fn note_receipt(&self, group_id: Uuid, version: u64, at: Instant) {
        let mut receipts = lock(&self.receipts);
        if receipts.len() < Self::KEPT_MAX {
            receipts.push(((group_id, version), at));
        }
    }

    pub(crate) fn times(&self) -> EventTimes {
        let (answers, receipts) = (lock(&self.answers), lock(&self.receipts));
        let (from_request, after_answer) = (Histogram::default(), Histogram::default());
        let mut received_before_answer = 0;
        for (change, at) in receipts.iter() {
            let Some(Answer { asked, answered }) = answers.get(change) else { continue };
            from_request.record(at.saturating_duration_since(*asked));
            after_answer.record(at.saturating_duration_since(*answered));
            received_before_answer += u64::from(at < answered);
        }
        EventTimes {
            from_request_us: from_request.spread(),
            after_answer_us: after_answer.spread(),
            received_before_answer,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_event_is_compared_with_the_answer_of_the_same_version() {
        let (pairs, group, started) = (Pairs::default(), Uuid::from_u128(1), Instant::now());
        let at = |millis| started + Duration::from_millis(millis);
        pairs.note_receipt(group, 2, at(5));
        pairs.note_answer(group, 2, at(0), at(8));
        pairs.note_answer(group, 3, at(10), at(20));
        pairs.note_receipt(group, 3, at(23));
        pairs.note_receipt(group, 4, at(99));
        let times = pairs.times();
        assert_eq!((times.from_request_us.count, times.received_before_answer), (2, 1));
        let (request, answer) = (times.from_request_us.max, times.after_answer_us.max);
        assert!((13_000..=13_013).contains(&request) && (3_000..=3_003).contains(&answer), "{request} {answer}");
    }
}
