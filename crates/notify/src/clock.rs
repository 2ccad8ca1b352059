//! Time in the core, which never reads a clock itself.

use std::ops::Add;
use std::time::Duration;

/// A point in time, in milliseconds since the hub started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// The point in time this long after the hub started.
    pub(crate) fn since_start(elapsed: Duration) -> Self {
        Self(millis(elapsed))
    }

    /// Milliseconds since the hub started.
    pub(crate) fn millis(self) -> u64 {
        self.0
    }

    /// Milliseconds since `earlier`, or 0 if `earlier` is later.
    pub(crate) fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// Saturates, because the expiry of a token may be arbitrarily far away.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
