//! A timer wheel: which connections have a deadline now, without looking at the others.
//!
//! Each bucket has the connections to check at one tick. A connection is checked no later than at
//! its deadline, rounded up to a tick. It may be checked earlier: if its deadline has moved, or is
//! further away than one turn of the wheel. Then it is scheduled again.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::time::Duration;

use crate::clock::Moment;

/// Number of buckets. With a tick of one second, one turn takes about two heartbeats.
const BUCKETS: u64 = 64;

/// The checks of one worker's connections.
#[derive(Debug)]
pub(super) struct Wheel {
    tick_ms: u64,
    /// The last tick whose connections were checked.
    turned: u64,
    buckets: Vec<Vec<u32>>,
}

impl Wheel {
    pub(super) fn new(tick: Duration) -> Self {
        let tick_ms = Moment::since_start(tick).millis().max(1);
        Self { tick_ms, turned: 0, buckets: (0..BUCKETS).map(|_| Vec::new()).collect() }
    }

    /// Schedules a check of the connection with this key, unless it is checked by then anyway.
    /// `due`: the tick at which it is checked next.
    pub(super) fn schedule(&mut self, key: u32, due: &Cell<Option<NonZeroU64>>, deadline: Moment) {
        let at = deadline.millis().div_ceil(self.tick_ms).clamp(self.turned + 1, self.turned + BUCKETS - 1);
        if due.get().is_none_or(|scheduled| at < scheduled.get()) {
            due.set(NonZeroU64::new(at));
            self.buckets[(at % BUCKETS) as usize].push(key);
        }
    }

    /// Turns the wheel. Returns the keys of the connections to check, each with the tick for which
    /// it was scheduled. Keys of connections that are gone, or that have been checked earlier, may be
    /// among them, see [`take`].
    pub(super) fn turn(&mut self, now: Moment) -> Vec<(u32, u64)> {
        let tick = now.millis() / self.tick_ms;
        let mut keys = Vec::new();
        for at in self.turned + 1..=tick.min(self.turned + BUCKETS) {
            let bucket = std::mem::take(&mut self.buckets[(at % BUCKETS) as usize]);
            keys.extend(bucket.into_iter().map(|key| (key, at)));
        }
        self.turned = self.turned.max(tick);
        keys
    }
}

/// Whether a connection is to be checked at this tick. It must be scheduled again afterwards.
pub(super) fn take(due: &Cell<Option<NonZeroU64>>, tick: u64) -> bool {
    let now = due.get().is_some_and(|scheduled| scheduled.get() == tick);
    if now {
        due.set(None);
    }
    now
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::since_start(Duration::from_millis(millis))
    }

    proptest! {
        #[test]
        fn a_deadline_is_checked_at_the_first_tick_after_it_and_rarely_before(
            deadlines in proptest::collection::vec((0..200_000u64, 0..200_000u64), 1..20),
            steps in proptest::collection::vec(1..90_000u64, 1..60),
        ) {
            let mut wheel = Wheel::new(Duration::from_secs(1));
            let dues: Vec<Cell<Option<NonZeroU64>>> = deadlines.iter().map(|_| Cell::default()).collect();
            // Each deadline moves to an earlier time after it was scheduled.
            for (key, (first, second)) in (0..).zip(&deadlines) {
                wheel.schedule(key, &dues[key as usize], at(*first.max(second)));
                wheel.schedule(key, &dues[key as usize], at(*first.min(second)));
            }
            let (mut now, mut checked, mut checks) = (0, vec![false; deadlines.len()], 0);
            for step in steps {
                now += step;
                for (key, tick) in wheel.turn(at(now)) {
                    let index = key as usize;
                    if !take(&dues[index], tick) {
                        continue;
                    }
                    checks += 1;
                    let deadline = deadlines[index].0.min(deadlines[index].1);
                    if deadline <= now {
                        checked[index] = true;
                    } else {
                        wheel.schedule(key, &dues[index], at(deadline));
                    }
                }
                for (key, checked) in checked.iter().enumerate() {
                    let deadline = deadlines[key].0.min(deadlines[key].1);
                    prop_assert!(*checked || deadline.div_ceil(1_000) > now / 1_000, "{deadline} at {now}");
                }
            }
            // Once, and once for each turn of the wheel before.
            let turns: u64 = deadlines.iter().map(|(first, second)| 2 + first.min(second) / 60_000).sum();
            prop_assert!(checks <= turns, "{checks} checks for {turns} turns");
        }
    }

    #[test]
    fn a_deadline_in_the_past_is_checked_at_the_next_tick() {
        let (mut wheel, due) = (Wheel::new(Duration::from_secs(1)), Cell::default());
        wheel.turn(at(10_000));
        wheel.schedule(7, &due, at(3_000));
        assert_eq!(wheel.turn(at(11_000)), [(7, 11)]);
        assert!(take(&due, 11));
    }

    #[test]
    fn a_deadline_that_is_scheduled_again_takes_no_more_memory() {
        let (mut wheel, due) = (Wheel::new(Duration::from_secs(1)), Cell::default());
        (0..100).for_each(|_| wheel.schedule(7, &due, at(5_000)));
        assert_eq!(wheel.turn(at(5_000)), [(7, 5)]);
    }
}
