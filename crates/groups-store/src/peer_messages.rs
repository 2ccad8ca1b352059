//! Short texts from server to server, through the database, of which any may be lost.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::postgres::Bus;

/// Carries short texts between the servers on one database. Nothing is kept: who does not listen now, never hears it.
#[derive(Clone, Debug)]
pub struct PeerMessages {
    bus: Bus,
}

impl PeerMessages {
    /// PostgreSQL carries no more than 8,000 bytes.
    pub const BYTES_MAX: usize = 4_000;

    pub(crate) fn new(bus: Bus) -> Self {
        Self { bus }
    }

    /// Sends a text to the other servers, soon and together with others; never waits. Whether it is on its way: it is dropped where it is
    /// longer than [`BYTES_MAX`](Self::BYTES_MAX), or too many wait, as they do while the database cannot be reached.
    pub fn send(&self, text: &str) -> bool {
        text.len() <= Self::BYTES_MAX && self.bus.send(text)
    }

    /// What the other servers send from now on. Whoever is too slow misses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<str>> {
        self.bus.heard()
    }

    /// Whether this server hears the others now. If not, it tries again every second.
    pub fn is_listening(&self) -> bool {
        self.bus.is_listening()
    }
}
