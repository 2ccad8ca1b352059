//! Counters of the reads that a replica can answer, for operators.

#[cfg(feature = "postgres")]
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Where the initial states of connecting clients were read since the store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicaMetrics {
    /// Clients whose initial state came from the replica.
    pub replica: u64,
    /// Clients whose initial state came from the primary.
    pub primary: u64,
    /// Reads that the replica did not answer, by reason. A read may be for several clients.
    pub fallbacks: Vec<(ReplicaFallback, u64)>,
    /// Whether the next read tries the replica; `false` for a while after a failure.
    pub in_use: bool,
}

/// Why the primary read instead of the replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplicaFallback {
    /// It is not tried for a while after a failure.
    Skipped,
    /// There is no connection, or the server is not a standby.
    Unreachable,
    /// All connections to it are in use.
    Busy,
    /// It has not replayed what the client must see.
    Lagging,
    /// It has already replayed a later change of one of the user's groups.
    Ahead,
    /// The statement failed, was cancelled or took too long.
    Failed,
    /// It does not replicate this database.
    OtherDatabase,
}

impl ReplicaFallback {
    #[cfg(feature = "postgres")]
    const ALL: [Self; 7] =
        [Self::Skipped, Self::Unreachable, Self::Busy, Self::Lagging, Self::Ahead, Self::Failed, Self::OtherDatabase];

    /// The reason as a metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
            Self::Lagging => "lagging",
            Self::Ahead => "ahead",
            Self::Failed => "failed",
            Self::OtherDatabase => "other_database",
        }
    }
}

/// Counts where initial states come from.
#[cfg(feature = "postgres")]
#[derive(Debug, Default)]
pub(crate) struct ReplicaCounters {
    replica: AtomicU64,
    primary: AtomicU64,
    fallbacks: [AtomicU64; ReplicaFallback::ALL.len()],
}

#[cfg(feature = "postgres")]
impl ReplicaCounters {
    pub(crate) fn opened_on_replica(&self, clients: usize) {
        self.replica.fetch_add(clients as u64, Relaxed);
    }

    pub(crate) fn opened_on_primary(&self, clients: usize) {
        self.primary.fetch_add(clients as u64, Relaxed);
    }

    pub(crate) fn fell_back(&self, reason: ReplicaFallback) {
        self.fallbacks[reason as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self, in_use: bool) -> ReplicaMetrics {
        let count = |reason: ReplicaFallback| (reason, self.fallbacks[reason as usize].load(Relaxed));
        ReplicaMetrics {
            replica: self.replica.load(Relaxed),
            primary: self.primary.load(Relaxed),
            fallbacks: ReplicaFallback::ALL.map(count).into(),
            in_use,
        }
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_counter() {
        let counters = ReplicaCounters::default();
        for (times, reason) in ReplicaFallback::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| counters.fell_back(reason));
        }
        let counts: Vec<u64> = counters.read(true).fallbacks.into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [0, 1, 2, 3, 4, 5, 6]);
    }
}
