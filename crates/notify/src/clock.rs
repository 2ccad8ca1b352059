//! Time as the core knows it: an argument.

use std::ops::Add;
use std::time::Duration;

/// A time of one hub, in milliseconds since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// So long after the hub began.
    pub(crate) fn since_start(elapsed: Duration) -> Self {
        Self(millis(elapsed))
    }

    /// Milliseconds from `earlier` to here, 0 where that is later.
    pub(crate) fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// Saturates: a token that never expires is no reason to overflow.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
