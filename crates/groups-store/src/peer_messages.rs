//! Short messages between servers, sent through the database. Any message may be lost.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::postgres::Bus;

/// Sends and receives short messages between the servers on one database. Messages are not stored:
/// a server that is not listening misses them.
#[derive(Clone, Debug)]
pub struct PeerMessages {
    bus: Bus,
}

impl PeerMessages {
    /// Maximum length of a message in bytes. PostgreSQL's own limit is 8,000.
    pub const BYTES_MAX: usize = 4_000;

    pub(crate) fn new(bus: Bus) -> Self {
        Self { bus }
    }

    /// Queues a message to the other servers; never waits. Messages are sent in batches. Returns
    /// `false` if the message was dropped: it is longer than [`BYTES_MAX`](Self::BYTES_MAX), or the
    /// queue is full, as happens while the database is unreachable.
    pub fn send(&self, text: &str) -> bool {
        text.len() <= Self::BYTES_MAX && self.bus.send(text)
    }

    /// The messages that other servers send from now on. A slow subscriber misses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<str>> {
        self.bus.heard()
    }

    /// Whether this server is currently listening. If not, it tries to reconnect every second.
    pub fn is_listening(&self) -> bool {
        self.bus.is_listening()
    }
}
