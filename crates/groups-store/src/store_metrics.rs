//! Counters of a store, for operators.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Upper bounds of the buckets of [`CommitMetrics::batch_sizes`]; there is one more bucket for larger
/// batches.
pub const BATCH_SIZE_BOUNDS: [u64; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// What this process has committed since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitMetrics {
    /// Durable transactions with changes.
    pub batches: u64,
    /// Changes in them.
    pub changes: u64,
    /// Batches by their number of changes: the first bucket that is large enough, by
    /// [`BATCH_SIZE_BOUNDS`].
    pub batch_sizes: [u64; BATCH_SIZE_BOUNDS.len() + 1],
}

/// The connection pool of PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolMetrics {
    /// Maximum number of connections.
    pub connections_max: usize,
    /// Open connections.
    pub connections: usize,
    /// Connections that nobody uses.
    pub idle: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
}

/// Counts commits.
#[derive(Debug, Default)]
pub(crate) struct CommitCounters {
    changes: AtomicU64,
    batch_sizes: [AtomicU64; BATCH_SIZE_BOUNDS.len() + 1],
}

impl CommitCounters {
    pub(crate) fn count(&self, changes: usize) {
        let changes = changes as u64;
        let bucket = BATCH_SIZE_BOUNDS.partition_point(|bound| *bound < changes);
        self.changes.fetch_add(changes, Relaxed);
        self.batch_sizes[bucket].fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> CommitMetrics {
        let batch_sizes = self.batch_sizes.each_ref().map(|bucket| bucket.load(Relaxed));
        CommitMetrics { batches: batch_sizes.iter().sum(), changes: self.changes.load(Relaxed), batch_sizes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_counts_in_the_first_bucket_that_is_large_enough() {
        let counters = CommitCounters::default();
        [1, 2, 3, 4, 5, 128, 129, 4_000].into_iter().for_each(|changes| counters.count(changes));
        let CommitMetrics { batches, changes, batch_sizes } = counters.read();
        assert_eq!((batches, changes, batch_sizes), (8, 4_272, [1, 1, 2, 1, 0, 0, 0, 1, 2]));
    }
}
