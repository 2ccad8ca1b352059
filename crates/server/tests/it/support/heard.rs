//! What a client receives, and why it could not connect.

use serde_json::Value;

use super::Answer;

/// Why connecting failed.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The server rejected the upgrade.
    Answered(Answer),
    /// The server is not reachable.
    Lost(String),
}

impl Refused {
    pub(super) fn lost(error: std::io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

/// What a connection receives.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A message.
    Message(Value),
    /// The server sent a close frame, with a code and a reason.
    Closed(u16, String),
    /// The connection was lost without a close frame.
    Lost,
}
