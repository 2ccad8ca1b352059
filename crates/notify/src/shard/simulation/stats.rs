//! What happened in a simulation.

use std::collections::BTreeMap;

use super::client::ClientStats;
use super::store::StoreStats;

/// How often something happened, so that a simulation in which it cannot happen fails.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stats {
    pub(super) store: StoreStats,
    pub(super) clients: ClientStats,
    pub(super) crashes: u64,
    pub(super) drops: u64,
    pub(super) lost_wakes: u64,
    pub(super) doubled_wakes: u64,
    pub(super) polls: u64,
    pub(super) start_overs: u64,
    pub(super) restored_views: u64,
    pub(super) rests: u64,
    pub(super) overflows: u64,
    pub(super) journal_overflows: u64,
    /// Closes by code that clients were told.
    pub(super) closes: BTreeMap<u16, u64>,
}

impl Stats {
    /// Everything that this simulation is for has happened.
    pub(super) fn assert_complete(&self) {
        let StoreStats {
            changes,
            late_commits,
            aborts,
            shortened_cursors,
            expired_cursors,
            long_replays,
            resumes_from_memory,
            invitations,
            join_requests,
        } = self.store;
        let ClientStats { snapshots, resumes, events, plain_events, repeats, pings } = self.clients;
        let counts = [
            changes,
            late_commits,
            aborts,
            shortened_cursors,
            expired_cursors,
            long_replays,
            resumes_from_memory,
            invitations,
            join_requests,
            snapshots,
            resumes,
            events,
            plain_events,
            repeats,
            pings,
            self.crashes,
            self.drops,
            self.lost_wakes,
            self.doubled_wakes,
            self.polls,
            self.restored_views,
            self.rests,
            self.overflows,
            self.journal_overflows,
        ];
        assert!(counts.iter().all(|count| *count > 0), "something never happened: {self:#?}");
        let codes: Vec<u16> = self.closes.keys().copied().collect();
        assert_eq!(codes, [1012, 4001, 4002, 4003], "the reasons for which a server closes");
    }
}
