//! A snapshot of the hub's counters.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use crate::counters::Counters;

/// Counters for operators. All except `connections` and `queue_bytes` only increase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubStats {
    /// Clients that are currently connected.
    pub connections: usize,
    /// Upgrades that were accepted, including those closed with 4502 immediately.
    pub accepted: u64,
    /// Upgrades that were refused with 503 during a drain.
    pub refused: u64,
    /// Changes that were routed, counted once per worker.
    pub changes: u64,
    /// Messages queued for clients, without initial states.
    pub frames_queued: u64,
    /// Bytes that wait in the queues of all clients, without initial states. Clients share the memory
    /// of the same event, so the queues need less.
    pub queue_bytes: u64,
    /// Frames passed to the sockets.
    pub frames_sent: u64,
    /// Bytes passed to the sockets.
    pub bytes_sent: u64,
    /// Frames received from clients, of any kind.
    pub frames_received: u64,
    /// Clients closed because they were too slow.
    pub overflows: u64,
    /// Typing events, pongs and errors that were dropped because a queue was more than half full.
    pub ephemerals_dropped: u64,
    /// Clients closed while loading, because the journal was full.
    pub journal_overflows: u64,
    /// Initial states that could not be read.
    pub open_failures: u64,
    /// Sockets shut down because the client did not answer the close frame.
    pub sockets_shut_down: u64,
    /// Closes by code. Closes by clients count as 1000, whatever their code.
    pub closes: BTreeMap<u16, u64>,
}

impl HubStats {
    pub(crate) fn sum<'a>(workers: impl Iterator<Item = &'a Counters>, connections: usize, refused: u64) -> Self {
        let mut stats = Self { connections, refused, ..Self::default() };
        for worker in workers {
            stats.accepted += worker.accepted.load(Relaxed);
            stats.changes += worker.changes.load(Relaxed);
            stats.frames_queued += worker.frames_queued.load(Relaxed);
            stats.queue_bytes += worker.queue_bytes.load(Relaxed);
            stats.frames_sent += worker.frames_sent.load(Relaxed);
            stats.bytes_sent += worker.bytes_sent.load(Relaxed);
            stats.frames_received += worker.frames_received.load(Relaxed);
            stats.overflows += worker.overflows.load(Relaxed);
            stats.ephemerals_dropped += worker.ephemerals_dropped.load(Relaxed) + worker.typing_dropped.load(Relaxed);
            stats.journal_overflows += worker.journal_overflows.load(Relaxed);
            stats.open_failures += worker.open_failures.load(Relaxed);
            stats.sockets_shut_down += worker.sockets_shut_down.load(Relaxed);
            for (code, count) in worker.closes() {
                *stats.closes.entry(code).or_default() += count;
            }
        }
        stats
    }
}
