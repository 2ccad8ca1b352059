//! Which time pruning goes by.
//!
//! A clock may be wrong: one that jumps ahead by the time for which the log is kept would have all of it forgotten. So pruning
//! believes a clock only as far as time has passed for a running server as well, from what the database last knew.

use std::time::Duration;

/// A clock that has stayed ahead for so long is right, and the servers were not running for a while.
const AHEAD_BELIEVED_AFTER: Duration = Duration::from_secs(6 * 60 * 60);

/// What a server knows of the time between two prunings.
#[derive(Debug, Default)]
pub(crate) struct PruneClock {
    /// When the last pruning was, in the time for which the store has been open.
    last: Duration,
    /// Since when the clock is ahead of what is believed.
    ahead_since: Option<Duration>,
}

/// The time at one pruning, to be completed by what the database knows. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PruneTime {
    now: i64,
    elapsed: i64,
    is_right: bool,
}

impl PruneClock {
    /// `open_for` is how long the store has been open, by a clock that cannot be set.
    pub(crate) fn time(&self, now: i64, open_for: Duration) -> PruneTime {
        let elapsed = open_for.saturating_sub(self.last);
        let ahead_for = self.ahead_since.map_or(Duration::ZERO, |since| open_for.saturating_sub(since));
        PruneTime { now, elapsed: millis(elapsed), is_right: ahead_for >= AHEAD_BELIEVED_AFTER }
    }

    /// To be told after a pruning what it went by.
    pub(crate) fn pruned(&mut self, now: i64, believed: i64, open_for: Duration) {
        self.last = open_for;
        self.ahead_since = (now > believed).then(|| self.ahead_since.unwrap_or(open_for));
    }
}

impl PruneTime {
    /// The time to go by, where the database last knew that it was `known`.
    pub(crate) fn believed(self, known: i64) -> i64 {
        if self.is_right { self.now } else { self.now.min(known.saturating_add(self.elapsed)) }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

    /// Prunes every minute with a clock that is ahead by `ahead` during the minutes given, and tells what was believed last.
    fn believed_after(minutes: u32, ahead: i64, during: std::ops::Range<u32>) -> i64 {
        let (mut clock, mut known) = (PruneClock::default(), 0);
        for minute in 1..=minutes {
            let open_for = MINUTE * minute;
            let now = millis(open_for) + if during.contains(&minute) { ahead } else { 0 };
            let believed = clock.time(now, open_for).believed(known);
            clock.pruned(now, believed, open_for);
            known = known.max(believed);
        }
        known
    }

    #[test]
    fn a_clock_that_runs_on_evenly_is_believed() {
        assert_eq!(believed_after(100, 0, 0..0), millis(MINUTE * 100));
    }

    #[test]
    fn a_clock_that_jumps_ahead_for_a_while_is_not() {
        assert_eq!(believed_after(100, 40 * DAY_MS, 50..52), millis(MINUTE * 100));
        assert_eq!(believed_after(100, 40 * DAY_MS, 1..90), millis(MINUTE * 100));
    }

    #[test]
    fn a_clock_that_stays_ahead_is_believed_after_six_hours() {
        let minutes = 7 * 60;
        assert_eq!(believed_after(minutes, DAY_MS, 1..minutes + 1), millis(MINUTE * minutes) + DAY_MS);
        assert_eq!(believed_after(5 * 60, DAY_MS, 1..minutes), millis(MINUTE * 5 * 60));
    }

    #[test]
    fn a_clock_that_was_set_back_is_believed_at_once() {
        assert_eq!(PruneClock::default().time(5, MINUTE).believed(1_000), 5);
    }
}
