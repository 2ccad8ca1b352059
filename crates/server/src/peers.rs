//! What this server knows of the other servers on its database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// Interval at which a server announces its number of connections.
pub(crate) const ANNOUNCE_EVERY: Duration = Duration::from_secs(5);

/// A server that has not announced itself for this long has stopped.
const GONE_AFTER: Duration = Duration::from_secs(16);

/// Maximum number of other servers that are remembered. Further ones are not counted.
const SERVERS_MAX: usize = 1_024;

/// The connections of the other servers, as they have announced them.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<Uuid, (u64, Instant)>>);

impl Peers {
    /// Stores what a server has announced.
    pub(crate) fn heard(&self, server: Uuid, connections: u64, now: Instant) {
        let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        servers.retain(|_, (_, at)| now.saturating_duration_since(*at) < GONE_AFTER);
        if servers.len() < SERVERS_MAX || servers.contains_key(&server) {
            servers.insert(server, (connections, now));
        }
    }

    /// The sum over the other servers.
    pub(crate) fn connections(&self, now: Instant) -> u64 {
        let servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = servers.values().filter(|(_, at)| now.saturating_duration_since(*at) < GONE_AFTER);
        running.map(|(connections, _)| connections).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_silent_no_longer_counts() {
        let (peers, start) = (Peers::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        peers.heard(one, 5, start);
        peers.heard(other, 7, after(5));
        peers.heard(one, 6, after(5));
        assert_eq!(peers.connections(after(6)), 13);
        peers.heard(one, 6, after(20));
        assert_eq!(peers.connections(after(21)), 6);
        assert_eq!(peers.connections(after(60)), 0);
    }

    #[test]
    fn the_number_of_servers_is_bounded() {
        let (peers, now) = (Peers::default(), Instant::now());
        (0..2_000).for_each(|server| peers.heard(Uuid::from_u128(server), 1, now));
        assert_eq!(peers.connections(now), SERVERS_MAX as u64);
    }
}
