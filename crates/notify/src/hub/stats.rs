//! The hub's counters at one moment.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use crate::counters::Counters;

/// Counters for operators. All but `connections` only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubStats {
    /// Clients that are connected now.
    pub connections: usize,
    /// Upgrades that were granted, those included that were closed with 4502 at once.
    pub accepted: u64,
    /// Upgrades that were answered with 503 during a drain.
    pub refused: u64,
    /// Changes that were routed, counted on each worker.
    pub changes: u64,
    /// Messages queued for clients, but for openings.
    pub frames_queued: u64,
    /// Frames handed to the sockets.
    pub frames_sent: u64,
    /// The same in bytes.
    pub bytes_sent: u64,
    /// Frames of clients, of any kind.
    pub frames_received: u64,
    /// Clients that were closed because they took too little.
    pub overflows: u64,
    /// Typing, pongs and errors that were left out because a queue was half full.
    pub ephemerals_dropped: u64,
    /// Clients that were closed while they loaded, because more came meanwhile than the journal holds.
    pub journal_overflows: u64,
    /// Lists that could not be read.
    pub open_failures: u64,
    /// Sockets that were shut down because the client did not answer its close.
    pub sockets_shut_down: u64,
    /// Closes by code; those that clients began, whatever their code, as 1000.
    pub closes: BTreeMap<u16, u64>,
}

impl HubStats {
    pub(crate) fn sum<'a>(workers: impl Iterator<Item = &'a Counters>, connections: usize, refused: u64) -> Self {
        let mut stats = Self { connections, refused, ..Self::default() };
        for worker in workers {
            stats.accepted += worker.accepted.load(Relaxed);
            stats.changes += worker.changes.load(Relaxed);
            stats.frames_queued += worker.frames_queued.load(Relaxed);
            stats.frames_sent += worker.frames_sent.load(Relaxed);
            stats.bytes_sent += worker.bytes_sent.load(Relaxed);
            stats.frames_received += worker.frames_received.load(Relaxed);
            stats.overflows += worker.overflows.load(Relaxed);
            stats.ephemerals_dropped += worker.ephemerals_dropped.load(Relaxed);
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
