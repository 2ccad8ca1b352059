//! Which other servers use the database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Maximum number of servers that are remembered. Above it, they are forgotten and found again.
const PEERS_MAX: usize = 256;

/// How long a server is remembered that says nothing. Three times as long as it may be silent
/// ([`HELLO_EVERY`]).
const REMEMBERED: Duration = Duration::from_secs(60);

/// How often a server says that it is there.
pub(super) const HELLO_EVERY: Duration = Duration::from_secs(20);

/// The servers that were heard lately, and when.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<HashMap<String, Instant>>);

impl Peers {
    /// Remembers a server. Returns whether it was not known.
    pub(super) fn is_new(&self, server: &str, now: Instant) -> bool {
        self.with(now, |peers| {
            if let Some(heard_at) = peers.get_mut(server) {
                *heard_at = now;
                return false;
            }
            if peers.len() >= PEERS_MAX {
                peers.clear();
            }
            peers.insert(server.to_owned(), now);
            true
        })
    }

    pub(super) fn is_empty(&self, now: Instant) -> bool {
        self.with(now, |peers| peers.is_empty())
    }

    fn with<T>(&self, now: Instant, with: impl FnOnce(&mut HashMap<String, Instant>) -> T) -> T {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, heard_at| now.saturating_duration_since(*heard_at) < REMEMBERED);
        with(&mut peers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_new_once_and_their_number_is_bounded() {
        let (peers, now) = (Peers::default(), Instant::now());
        assert!(peers.is_empty(now));
        assert_eq!(["a", "a", "b"].map(|server| peers.is_new(server, now)), [true, false, true]);
        (0..10_000).for_each(|number| assert!(peers.is_new(&number.to_string(), now)));
        assert!(!peers.is_empty(now) && peers.with(now, |peers| peers.len()) <= PEERS_MAX);
    }

    #[test]
    fn a_server_that_is_silent_for_a_minute_is_forgotten() {
        let (peers, start) = (Peers::default(), Instant::now());
        assert!(peers.is_new("a", start));
        assert!(!peers.is_new("a", start + 2 * HELLO_EVERY));
        assert!(!peers.is_empty(start + 4 * HELLO_EVERY));
        assert!(peers.is_empty(start + 5 * HELLO_EVERY));
        assert!(peers.is_new("a", start + 5 * HELLO_EVERY));
    }
}
