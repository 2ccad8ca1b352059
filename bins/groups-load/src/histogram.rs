//! A histogram of durations, shared by many tasks.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram as Counts;
use serde::Serialize;

/// Three digits: the relative error is at most 0.1 %.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Counts durations in microseconds.
pub(crate) struct Histogram(Mutex<Option<Counts<u64>>>);

/// What a histogram shows, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Spread {
    pub(crate) count: u64,
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        // It fails for more than five digits only.
        Self(Mutex::new(Counts::new(SIGNIFICANT_DIGITS).ok()))
    }
}

impl Histogram {
    pub(crate) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        if let Some(counts) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // It grows by itself; only lack of memory could keep a value out.
            let _ = counts.record(micros);
        }
    }

    pub(crate) fn spread(&self) -> Spread {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.as_ref().map_or_else(Spread::default, |counts| Spread {
            count: counts.len(),
            p50: counts.value_at_quantile(0.5),
            p90: counts.value_at_quantile(0.9),
            p99: counts.value_at_quantile(0.99),
            max: counts.max(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_match_the_recorded_values() {
        let histogram = Histogram::default();
        for millis in 1..=1_000 {
            histogram.record(Duration::from_millis(millis));
        }
        let Spread { count, p50, p90, p99, max } = histogram.spread();
        assert_eq!(count, 1_000);
        for (micros, expected) in [(p50, 500_000), (p90, 900_000), (p99, 990_000), (max, 1_000_000)] {
            assert!(expected <= micros && micros - expected <= expected / 1_000, "{micros} instead of {expected}");
        }
    }

    #[test]
    fn an_empty_histogram_shows_zeros() {
        let Spread { count, p50, max, .. } = Histogram::default().spread();
        assert_eq!((count, p50, max), (0, 0, 0));
    }
}
