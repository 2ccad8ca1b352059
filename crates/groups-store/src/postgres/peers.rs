//! Which other servers use the database.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Maximum number of servers that are remembered. Above it, they are forgotten and found again.
const PEERS_MAX: usize = 256;

/// The servers that were heard since this one started.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<HashSet<String>>);

impl Peers {
    /// Remembers a server. Returns whether it was not known.
    pub(super) fn is_new(&self, server: &str) -> bool {
        self.with(|peers| {
            if peers.contains(server) {
                return false;
            }
            if peers.len() >= PEERS_MAX {
                peers.clear();
            }
            peers.insert(server.to_owned())
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.with(|peers| peers.is_empty())
    }

    fn with<T>(&self, with: impl FnOnce(&mut HashSet<String>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_new_once_and_their_number_is_bounded() {
        let peers = Peers::default();
        assert!(peers.is_empty());
        assert_eq!([peers.is_new("a"), peers.is_new("a"), peers.is_new("b")], [true, false, true]);
        (0..10_000).for_each(|number| assert!(peers.is_new(&number.to_string())));
        assert!(!peers.is_empty() && peers.with(|peers| peers.len()) <= PEERS_MAX);
    }
}
