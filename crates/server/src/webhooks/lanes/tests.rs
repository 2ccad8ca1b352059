//! Random histories of successes, failures, crashes and restarts.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type TestLanes = Lanes<u8, usize, usize>;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_millis(i64::try_from(seconds * 1_000).unwrap())
}

/// A change of the log: its group, or `None` if the webhook does not want it.
type Log = Vec<Option<u8>>;

#[derive(Clone, Debug)]
enum Step {
    /// Reads so many changes.
    Read(usize),
    /// Starts to send as much as possible.
    Send,
    /// The request in flight with this index succeeds.
    Succeed(usize),
    /// It fails. The receiver may have processed the message nevertheless.
    Fail(usize, bool),
    /// Time passes.
    Wait(u64),
    /// The server dies. The last position that was saved is all that remains.
    Crash { saved: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..20usize).prop_map(Step::Read),
        4 => Just(Step::Send),
        6 => any::<usize>().prop_map(Step::Succeed),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(index, received)| Step::Fail(index, received)),
        2 => (0..5_000u64).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(|saved| Step::Crash { saved }),
    ]
}

/// A log, a receiver, and the state of one webhook between them.
struct World {
    log: Log,
    /// The next change to read.
    read: usize,
    lanes: TestLanes,
    in_flight: Vec<Attempt<usize>>,
    now: Moment,
    /// The position in the database: so many changes are delivered.
    saved: usize,
    /// What the receiver got, in order.
    received: Vec<usize>,
}

impl World {
    fn new(log: Log) -> Self {
        let lanes = Lanes::new(None);
        Self { log, read: 0, lanes, in_flight: Vec::new(), now: SECOND, saved: 0, received: Vec::new() }
    }

    fn read(&mut self, count: usize) {
        for _ in 0..count {
            if !self.lanes.has_room() || self.read == self.log.len() {
                return;
            }
            let change = self.read;
            self.read += 1;
            match self.log[change] {
                None => self.lanes.skip(self.read),
                Some(group) => self.lanes.push(self.read, group, change, 1),
            }
        }
    }

    fn send(&mut self) {
        while let Some(attempt) = self.lanes.next(self.now) {
            self.in_flight.push(attempt);
        }
        let mut groups: Vec<_> = self.in_flight.iter().map(|attempt| self.log[*attempt.message]).collect();
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), self.in_flight.len(), "one message of a group at a time");
        assert!(self.in_flight.len() <= IN_FLIGHT_MAX);
    }

    fn taken(&mut self, index: usize) -> Option<Attempt<usize>> {
        let count = self.in_flight.len();
        (count > 0).then(|| self.in_flight.swap_remove(index % count))
    }

    fn succeed(&mut self, index: usize) {
        let Some(attempt) = self.taken(index) else { return };
        self.received.push(*attempt.message);
        self.lanes.delivered(attempt.number);
    }

    fn fail(&mut self, index: usize, received: bool) {
        let Some(attempt) = self.taken(index) else { return };
        if received {
            self.received.push(*attempt.message);
        }
        self.lanes.failed(attempt.number, self.now, at(self.now.as_secs()), 0.5, None);
    }

    fn save(&mut self) {
        self.saved = self.lanes.position().copied().unwrap_or(self.saved);
    }

    fn crash(&mut self) {
        // What is in flight may arrive, or not.
        for (index, attempt) in self.in_flight.drain(..).enumerate() {
            if index % 2 == 0 {
                self.received.push(*attempt.message);
            }
        }
        (self.lanes, self.read) = (Lanes::new(None), self.saved);
    }

    fn check(&self) {
        let position = self.lanes.position().copied().unwrap_or(self.saved);
        let undelivered = (0..position).find(|change| self.log[*change].is_some() && !self.received.contains(change));
        assert_eq!(undelivered, None, "the position is behind the first undelivered change");
        // Skipped changes between messages count once for each run of them.
        assert!(self.lanes.window.len() <= WINDOW_CHANGES_MAX);
    }

    fn finish(&mut self) {
        while self.read < self.log.len() || !self.lanes.is_idle() {
            self.read(self.log.len());
            self.now += 2 * PAUSE_MAX;
            self.send();
            while !self.in_flight.is_empty() {
                self.succeed(0);
            }
        }
        self.save();
    }

    /// None is lost, and each group is in order: the first arrivals of its changes are in log order,
    /// and a repetition never comes before an earlier change.
    fn assert_delivered(&self) {
        let mut newest: BTreeMap<u8, usize> = BTreeMap::new();
        for change in &self.received {
            let group = self.log[*change].unwrap();
            let earlier = (0..*change).rev().find(|earlier| self.log[*earlier] == Some(group));
            if let Some(earlier) = earlier {
                assert!(newest.get(&group).is_some_and(|newest| *newest >= earlier), "{change} before {earlier}");
            }
            let newest = newest.entry(group).or_insert(*change);
            *newest = (*newest).max(*change);
        }
        for change in 0..self.log.len() {
            assert!(self.log[change].is_none() || self.received.contains(&change), "{change} is lost");
        }
        assert_eq!(self.saved, self.log.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn none_is_lost_and_each_group_is_in_order_across_failures_and_crashes(
        log in prop::collection::vec(prop::option::weighted(0.8, 0..6u8), 0..120),
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let mut world = World::new(log);
        for step in steps {
            match step {
                Step::Read(count) => world.read(count),
                Step::Send => world.send(),
                Step::Succeed(index) => world.succeed(index),
                Step::Fail(index, received) => world.fail(index, received),
                Step::Wait(seconds) => world.now += Duration::from_secs(seconds),
                Step::Crash { saved } => {
                    if saved {
                        world.save();
                    }
                    world.crash();
                }
            }
            world.check();
        }
        world.finish();
        world.assert_delivered();
    }
}

fn pushed(groups: &[u8]) -> TestLanes {
    let mut lanes = Lanes::new(None);
    for (change, group) in groups.iter().enumerate() {
        lanes.push(change + 1, *group, change, 1);
    }
    lanes
}

fn sent(lanes: &mut TestLanes, now: Moment) -> Vec<usize> {
    std::iter::from_fn(|| lanes.next(now)).map(|attempt| *attempt.message).collect()
}

#[test]
fn a_failing_group_stops_no_other_group_until_the_window_is_full() {
    let mut lanes = pushed(&[0]);
    let failing = lanes.next(SECOND).unwrap();
    lanes.failed(failing.number, SECOND, at(1), 0.5, Some(PAUSE_MAX));
    let mut delivered = 0;
    while lanes.has_room() {
        delivered += 1;
        lanes.push(delivered + 1, 1, delivered, 1);
        let attempt = lanes.next(SECOND).unwrap();
        lanes.delivered(attempt.number);
    }
    assert_eq!((delivered, lanes.position()), (WINDOW_CHANGES_MAX - 1, None));
    let failing = lanes.next(SECOND + PAUSE_MAX).unwrap();
    assert_eq!((*failing.message, failing.attempt), (0, 2));
    lanes.delivered(failing.number);
    assert!(lanes.is_idle() && lanes.has_room());
    assert_eq!(lanes.position(), Some(&(delivered + 1)));
}

#[test]
fn the_window_is_bounded_in_bytes() {
    let mut lanes: TestLanes = Lanes::new(None);
    lanes.push(1, 0, 0, WINDOW_BYTES_MAX - 1);
    assert!(lanes.has_room());
    lanes.push(2, 1, 1, 1);
    assert!(!lanes.has_room());
    let large = lanes.next(SECOND).unwrap();
    lanes.delivered(large.number);
    assert!(lanes.has_room());
}

#[test]
fn at_most_sixteen_are_in_flight_and_one_of_each_group() {
    let mut lanes = pushed(&[0, 0, 1]);
    assert_eq!(sent(&mut lanes, SECOND), [0, 2]);
    let groups: Vec<u8> = (0..40).collect();
    let mut lanes = pushed(&groups);
    assert_eq!(sent(&mut lanes, SECOND).len(), IN_FLIGHT_MAX);
    lanes.delivered(3);
    assert_eq!(sent(&mut lanes, SECOND), [16]);
}

#[test]
fn pauses_double_up_to_an_hour_and_differ_by_a_fifth() {
    let seconds = |failures, random| pause(failures, random).as_secs_f64();
    let pauses: Vec<_> = (1..=5).map(|failures| seconds(failures, 0.5)).collect();
    assert_eq!(pauses, [1.0, 2.0, 4.0, 8.0, 16.0]);
    assert_eq!((seconds(3, 0.0), seconds(3, 1.0)), (3.2, 4.8));
    for failures in [13, 40, u32::MAX] {
        assert_eq!(pause(failures, 1.0), PAUSE_MAX);
        assert_eq!(pause(failures, 0.0), PAUSE_MAX.mul_f64(0.8));
    }
}

#[test]
fn the_receiver_can_ask_for_a_longer_pause_of_up_to_an_hour() {
    for (asked, waits) in [(0, 1), (30, 30), (3_600, 3_600), (1_000_000, 3_600)] {
        let mut lanes = pushed(&[0]);
        let attempt = lanes.next(SECOND).unwrap();
        lanes.failed(attempt.number, SECOND, at(1), 0.5, Some(Duration::from_secs(asked)));
        let until = SECOND + Duration::from_secs(waits);
        assert_eq!((lanes.next_at(), lanes.next(until - Duration::from_millis(1))), (Some(until), None), "{asked}");
        assert_eq!(lanes.next(until).unwrap().attempt, 2);
    }
}

#[test]
fn pauses_end_when_the_receiver_is_another_one() {
    let mut lanes = pushed(&[0]);
    let attempt = lanes.next(SECOND).unwrap();
    lanes.failed(attempt.number, SECOND, at(1), 0.5, None);
    lanes.retry_now();
    assert_eq!((lanes.failing_since(), lanes.next_at()), (None, None));
    assert_eq!(lanes.next(SECOND).map(|attempt| attempt.attempt), Some(1));
}

#[test]
fn the_first_undelivered_message_says_since_when_it_fails_even_after_a_restart() {
    let mut lanes = Lanes::new(Some(at(5)));
    assert_eq!(lanes.failing_since(), Some(at(5)));
    lanes.skip(1);
    lanes.push(2, 0, 1, 1);
    lanes.push(3, 0, 2, 1);
    assert_eq!(lanes.oldest(), Some((&1, Some(at(5)))));
    let attempt = lanes.next(SECOND).unwrap();
    lanes.failed(attempt.number, SECOND, at(9), 0.5, None);
    assert_eq!(lanes.failing_since(), Some(at(5)));
    let attempt = lanes.next(10 * SECOND).unwrap();
    lanes.delivered(attempt.number);
    assert_eq!((lanes.oldest(), lanes.position()), (Some((&2, None)), Some(&2)));
    let attempt = lanes.next(10 * SECOND).unwrap();
    lanes.failed(attempt.number, 10 * SECOND, at(20), 0.5, None);
    assert_eq!(lanes.failing_since(), Some(at(20)));
}

#[test]
fn a_key_waits_while_a_message_of_it_is_not_on_its_way() {
    let mut lanes = Lanes::new(None);
    assert!(!lanes.waits('a'));
    lanes.push(1, 'a', "first", 1);
    assert!(lanes.waits('a') && !lanes.waits('b'));
    let first = lanes.next(Duration::ZERO).unwrap();
    assert!(!lanes.waits('a'), "what happens now is not in the message that is on its way");
    lanes.push(2, 'a', "second", 1);
    assert!(lanes.waits('a'));
    lanes.failed(first.number, Duration::ZERO, Timestamp::from_unix_millis(0), 0.5, None);
    assert!(lanes.waits('a'));
    let again = lanes.next(Duration::from_secs(2)).unwrap();
    assert_eq!((again.number, again.attempt), (first.number, 2));
    lanes.delivered(again.number);
    let second = lanes.next(Duration::from_secs(2)).unwrap();
    assert!(!lanes.waits('a'));
    lanes.delivered(second.number);
    assert!(!lanes.waits('a') && lanes.is_idle());
}
