//! The time that pruning uses.
//!
//! The clock may be wrong: if it jumps ahead by the retention period, the whole log would be
//! deleted. So pruning trusts the clock only as far as a server's monotonic clock has advanced
//! since the time last stored in the database.

use std::time::Duration;

/// A clock that has stayed ahead for this long is considered right: the servers were not running
/// for a while.
const AHEAD_BELIEVED_AFTER: Duration = Duration::from_secs(6 * 60 * 60);

/// A server's clock state between two prunings.
#[derive(Debug, Default)]
pub(crate) struct PruneClock {
    /// When the last pruning was, as time since the store was opened.
    last: Duration,
    /// Since when the clock has been ahead of the trusted time.
    ahead_since: Option<Duration>,
}

/// The time at one pruning, before the time stored in the database is known. Times are Unix
/// milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PruneTime {
    now: i64,
    elapsed: i64,
    is_right: bool,
}

impl PruneClock {
    /// `open_for` is how long the store has been open, by a monotonic clock.
    pub(crate) fn time(&self, now: i64, open_for: Duration) -> PruneTime {
        let elapsed = open_for.saturating_sub(self.last);
        let ahead_for = self.ahead_since.map_or(Duration::ZERO, |since| open_for.saturating_sub(since));
        PruneTime { now, elapsed: millis(elapsed), is_right: ahead_for >= AHEAD_BELIEVED_AFTER }
    }

    /// Records the time that a pruning used.
    pub(crate) fn pruned(&mut self, now: i64, believed: i64, open_for: Duration) {
        self.last = open_for;
        self.ahead_since = (now > believed).then(|| self.ahead_since.unwrap_or(open_for));
    }
}

impl PruneTime {
    /// The time to use, given the last time stored in the database.
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

    /// Prunes every minute, with a clock that is ahead by `ahead` during the given minutes. Returns
    /// the last trusted time.
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
    fn a_steady_clock_is_trusted() {
        assert_eq!(believed_after(100, 0, 0..0), millis(MINUTE * 100));
    }

    #[test]
    fn a_clock_that_jumps_ahead_temporarily_is_not_trusted() {
        assert_eq!(believed_after(100, 40 * DAY_MS, 50..52), millis(MINUTE * 100));
        assert_eq!(believed_after(100, 40 * DAY_MS, 1..90), millis(MINUTE * 100));
    }

    #[test]
    fn a_clock_that_stays_ahead_is_trusted_after_six_hours() {
        let minutes = 7 * 60;
        assert_eq!(believed_after(minutes, DAY_MS, 1..minutes + 1), millis(MINUTE * minutes) + DAY_MS);
        assert_eq!(believed_after(5 * 60, DAY_MS, 1..minutes), millis(MINUTE * 5 * 60));
    }

    #[test]
    fn a_clock_that_was_set_back_is_trusted_immediately() {
        assert_eq!(PruneClock::default().time(5, MINUTE).believed(1_000), 5);
    }
}
