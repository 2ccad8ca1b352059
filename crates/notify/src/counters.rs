//! Counters for operators.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use groups_protocol::CloseCode;

/// The counters of one worker; the hub adds them up. Each worker has its own. Only its thread writes them,
/// with one exception, so they need no atomic additions.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) changes: AtomicU64,
    pub(crate) frames_queued: AtomicU64,
    /// A gauge: what waits in the queues of the worker's connections.
    pub(crate) queue_bytes: AtomicU64,
    pub(crate) frames_sent: AtomicU64,
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) frames_received: AtomicU64,
    pub(crate) overflows: AtomicU64,
    pub(crate) ephemerals_dropped: AtomicU64,
    /// Typing events for which its inbox had no room. Written by any thread.
    pub(crate) typing_dropped: AtomicU64,
    pub(crate) journal_overflows: AtomicU64,
    pub(crate) open_failures: AtomicU64,
    pub(crate) sockets_shut_down: AtomicU64,
    /// In the order of `CloseCode::ALL`.
    closes: [AtomicU64; CloseCode::ALL.len()],
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.store(counter.load(Relaxed).wrapping_add(count as u64), Relaxed);
    }

    /// For counters that several threads write.
    pub(crate) fn one_of_any_thread(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn subtract(gauge: &AtomicU64, count: usize) {
        gauge.store(gauge.load(Relaxed).wrapping_sub(count as u64), Relaxed);
    }

    pub(crate) fn one(counter: &AtomicU64) {
        Self::add(counter, 1);
    }

    /// Counts a close with this code. A client's own close counts as 1000.
    pub(crate) fn close(&self, code: u16) {
        let at = CloseCode::ALL.iter().position(|known| known.get() == code);
        Self::one(&self.closes[at.unwrap_or_default()]);
    }

    pub(crate) fn closes(&self) -> impl Iterator<Item = (u16, u64)> {
        CloseCode::ALL.iter().zip(&self.closes).map(|(code, count)| (code.get(), count.load(Relaxed)))
    }
}
