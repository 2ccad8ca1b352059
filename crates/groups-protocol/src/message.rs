//! Messages that a client receives over the WebSocket.

use serde::Deserialize;

use crate::{EventBody, ServerMessage};

/// A message from the server, parsed by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// An event about a group.
    Event(Box<EventBody<'static>>),
    /// Any other known message.
    Server(ServerMessage<'static>),
    /// A message of a later protocol version, with its `type`. Clients ignore it.
    Unknown(String),
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
}

impl Message {
    /// Parses a text message.
    ///
    /// # Errors
    /// If the text is not a JSON object with a `type` and the fields of that type.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let Head { kind } = serde_json::from_str(text)?;
        match kind.as_str() {
            "welcome" | "snapshot" | "ready" | "typing" | "authenticated" | "token_expiring" | "pong" | "error" => {
                serde_json::from_str(text).map(Self::Server)
            }
            "group_created" | "added_to_group" | "group_updated" | "role_changed" | "removed_from_group"
            | "group_deleted" | "invited_to_group" | "invitation_ended" | "join_requested" | "join_request_ended" => {
                serde_json::from_str(text).map(|event| Self::Event(Box::new(event)))
            }
            _ => Ok(Self::Unknown(kind)),
        }
    }
}
