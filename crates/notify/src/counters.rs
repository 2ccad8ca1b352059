//! What operators want to count.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One worker's counts. Each worker has its own, so that they do not fight over cache lines; the hub adds them up.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) changes: AtomicU64,
    pub(crate) frames_queued: AtomicU64,
    pub(crate) frames_sent: AtomicU64,
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) frames_received: AtomicU64,
    pub(crate) overflows: AtomicU64,
    pub(crate) ephemerals_dropped: AtomicU64,
    pub(crate) journal_overflows: AtomicU64,
    pub(crate) open_failures: AtomicU64,
    pub(crate) sockets_shut_down: AtomicU64,
    closes: [AtomicU64; CODES.len()],
}

/// The codes that this server closes with.
pub(crate) const CODES: [u16; 10] = [1002, 1007, 1009, 1012, 4001, 4002, 4003, 4501, 4502, 1000];

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Relaxed);
    }

    pub(crate) fn one(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }

    /// A close with this code; a client's own close counts as 1000.
    pub(crate) fn close(&self, code: u16) {
        let at = CODES.iter().position(|known| *known == code).unwrap_or(CODES.len() - 1);
        Self::one(&self.closes[at]);
    }

    pub(crate) fn closes(&self) -> impl Iterator<Item = (u16, u64)> {
        CODES.iter().zip(&self.closes).map(|(code, count)| (*code, count.load(Relaxed)))
    }
}
