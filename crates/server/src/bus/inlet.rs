//! Receives the messages of other servers.

use std::sync::Arc;
use std::time::Instant;

use notify::Hub;
use tokio::sync::Notify;

use super::peer_message::PeerMessage;
use crate::peers::Peers;

/// Where messages from other servers go.
#[derive(Clone)]
pub(crate) struct Inlet {
    pub(crate) hub: Hub,
    pub(crate) peers: Arc<Peers>,
    /// Notified when there may be new revocations in the database.
    pub(crate) revoked: Arc<Notify>,
}

#[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "there are no other servers"))]
impl Inlet {
    pub(super) fn receive(&self, text: &str) {
        match PeerMessage::parse(text) {
            None => {}
            Some(PeerMessage::Typing { group_id, user_id, typing }) => self.hub.typing(group_id, user_id, typing),
            Some(PeerMessage::Revoked) => self.revoked.notify_one(),
            Some(PeerMessage::Connections { server, count }) => self.peers.heard(server, count, Instant::now()),
        }
    }
}
