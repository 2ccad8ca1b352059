//! When to try again.
//!
//! Full jitter, after Marc Brooker, "Exponential Backoff And Jitter" (2015): a random time between zero and the bound spreads
//! returning clients best.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

/// The bound of the first wait.
const BASE: Duration = Duration::from_millis(500);
/// The highest bound.
const MAX: Duration = Duration::from_secs(30);
/// The longest wait that a server can ask for.
const ASKED_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A random wait before an attempt, counted from 0. `random` is from 0 to below 1.
pub(crate) fn full_jitter(attempt: u32, random: f64) -> Duration {
    let bound = BASE.saturating_mul(2_u32.saturating_pow(attempt.min(16))).min(MAX);
    within(&(Duration::ZERO..=bound), random)
}

/// A random wait from a range. `random` is from 0 to below 1.
pub(crate) fn within(range: &RangeInclusive<Duration>, random: f64) -> Duration {
    *range.start() + range.end().saturating_sub(*range.start()).mul_f64(random.clamp(0.0, 1.0))
}

/// Parses `Retry-After` in seconds (RFC 9110 section 10.2.3). Servers of groups send no dates.
pub(crate) fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(|seconds| Duration::from_secs(seconds).min(ASKED_MAX))
}

/// The range in the close reason of a 1012, in milliseconds: `{"retry_ms":[min,max]}`.
pub(crate) fn retry_range(reason: &str) -> Option<RangeInclusive<Duration>> {
    #[derive(Deserialize)]
    struct Reason {
        retry_ms: [u64; 2],
    }
    let Reason { retry_ms: [min, max] } = serde_json::from_str(reason).ok()?;
    let wait = |milliseconds| Duration::from_millis(milliseconds).min(ASKED_MAX);
    (min <= max).then(|| wait(min)..=wait(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_random_and_their_bound_doubles_up_to_30_seconds() {
        let middle: Vec<_> = (0..8).map(|attempt| full_jitter(attempt, 0.5).as_millis()).collect();
        assert_eq!(middle, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        assert_eq!(full_jitter(u32::MAX, 0.0), Duration::ZERO);
        assert!(full_jitter(u32::MAX, 0.999) < MAX);
    }

    #[test]
    fn a_retry_after_is_a_number_of_seconds() {
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("99999999999"), Some(ASKED_MAX));
        assert_eq!(retry_after("soon"), None);
    }

    #[test]
    fn the_reason_of_a_restart_is_a_range() {
        let range = retry_range(r#"{"retry_ms":[1000,15000],"added_later":1}"#);
        assert_eq!(range, Some(Duration::from_secs(1)..=Duration::from_secs(15)));
        assert_eq!(range.map(|range| within(&range, 0.5)), Some(Duration::from_secs(8)));
        for reason in ["", "soon", r#"{"retry_ms":[2,1]}"#, r#"{"retry_ms":[-1,1]}"#, r#"{"retry_ms":1}"#] {
            assert_eq!(retry_range(reason), None, "{reason}");
        }
    }
}
