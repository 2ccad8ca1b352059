//! Durations counted in buckets, from many tasks at once, without locks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

/// Buckets between one power of two and the next: a percentile is at most 1/32 (3 %) above the value that it stands for.
const BUCKETS_PER_OCTAVE_LOG2: u32 = 5;
const BUCKETS: usize = ((64 - BUCKETS_PER_OCTAVE_LOG2) as usize + 1) << BUCKETS_PER_OCTAVE_LOG2;

/// Counts durations, in microseconds, with a relative error of at most 3 %. The largest is exact.
pub(crate) struct Histogram {
    buckets: Box<[AtomicU64]>,
    max: AtomicU64,
}

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
        Self { buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(), max: AtomicU64::new(0) }
    }
}

impl Histogram {
    pub(crate) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get(bucket_of(micros)) {
            bucket.fetch_add(1, Relaxed);
        }
        self.max.fetch_max(micros, Relaxed);
    }

    pub(crate) fn spread(&self) -> Spread {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let (count, max): (u64, u64) = (counts.iter().sum(), self.max.load(Relaxed));
        let percentile = |percent: u64| {
            let rank = (count * percent).div_ceil(100);
            let mut seen = 0;
            let reached = |bucket: &u64| {
                seen += bucket;
                seen >= rank
            };
            counts.iter().position(reached).map_or(0, |bucket| largest_of(bucket).min(max))
        };
        Spread { count, p50: percentile(50), p90: percentile(90), p99: percentile(99), max }
    }
}

/// Exact below 64; above, the leading six bits choose the bucket.
fn bucket_of(micros: u64) -> usize {
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(BUCKETS_PER_OCTAVE_LOG2 + 1);
    ((shift as usize) << BUCKETS_PER_OCTAVE_LOG2) + (micros >> shift) as usize
}

fn largest_of(bucket: usize) -> u64 {
    let shift = (bucket >> BUCKETS_PER_OCTAVE_LOG2).saturating_sub(1);
    let leading = (bucket - (shift << BUCKETS_PER_OCTAVE_LOG2)) as u64;
    (leading << shift) | ((1_u64 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_into_a_bucket_that_is_at_most_three_percent_wide() {
        for shift in 0..64 {
            for micros in [1_u64 << shift, (1 << shift) + 1, (1_u64 << shift).wrapping_mul(2).wrapping_sub(1)] {
                let largest = largest_of(bucket_of(micros));
                assert!(largest >= micros, "{micros} in a bucket that ends at {largest}");
                assert!(largest - micros <= micros / 32, "{micros} in a bucket that ends at {largest}");
            }
        }
    }

    #[test]
    fn percentiles_are_those_of_the_values() {
        let histogram = Histogram::default();
        for millis in 1..=1_000 {
            histogram.record(Duration::from_millis(millis));
        }
        let Spread { count, p50, p90, p99, max } = histogram.spread();
        assert_eq!((count, max), (1_000, 1_000_000));
        for (percentile, exact) in [(p50, 500_000), (p90, 900_000), (p99, 990_000)] {
            assert!((exact..=exact + exact / 32).contains(&percentile), "{percentile} for {exact}");
        }
    }

    #[test]
    fn an_empty_histogram_shows_zeroes() {
        assert_eq!(Histogram::default().spread().p99, 0);
    }
}
