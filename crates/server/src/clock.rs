//! The system clock: the only place in this crate that reads the time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use groups_domain::Timestamp;

/// The current time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_millis(i64::try_from(since_epoch().as_millis()).unwrap_or(i64::MAX))
}

/// The time since 1970. Zero if the clock is set to an earlier time.
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
