//! What a client reads from the WebSocket.

use serde::Deserialize;

use crate::{EventBody, ServerMessage};

/// A message of the server, as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A change of a group.
    Event(Box<EventBody<'static>>),
    /// Anything else.
    Server(ServerMessage<'static>),
    /// A message of a later version, with its `type`. Ignore it.
    Unknown(String),
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
}

impl Message {
    /// Reads a text message.
    ///
    /// # Errors
    /// If it is not a JSON object with a `type` and the fields of that type.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let Head { kind } = serde_json::from_str(text)?;
        match kind.as_str() {
            "welcome" | "snapshot" | "ready" | "typing" | "pong" | "error" => {
                serde_json::from_str(text).map(Self::Server)
            }
            "group_created" | "added_to_group" | "group_updated" | "role_changed" | "removed_from_group"
            | "group_deleted" => serde_json::from_str(text).map(|event| Self::Event(Box::new(event))),
            _ => Ok(Self::Unknown(kind)),
        }
    }
}
