//! Messages from clients.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::borrow::Cow;

use groups_domain::GroupId;
use serde::{Deserialize, Serialize};

/// A message from a client.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Requests a `pong`.
    Ping,
    /// The user started or stopped typing in a group.
    Typing {
        /// The group in which the user types.
        #[cfg_attr(test, schemars(with = "crate::schema::Id"))]
        group_id: GroupId,
        /// `true` while the user types, `false` when they stop.
        typing: bool,
    },
    /// Renews the authentication of the connection.
    Authenticate {
        /// A new token of the same user.
        token: String,
    },
}

impl std::fmt::Debug for ClientMessage {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ping => f.write_str("Ping"),
            Self::Typing { group_id, typing } => {
                f.debug_struct("Typing").field("group_id", group_id).field("typing", typing).finish()
            }
            Self::Authenticate { .. } => f.debug_struct("Authenticate").finish_non_exhaustive(),
        }
    }
}

/// The reason why a text is not a valid message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text is not a JSON object with a `type`, or a field is missing or has the wrong type.
    #[error("not a JSON object with a type and its fields: {0}")]
    Malformed(String),
    /// The `type` is unknown. Contains at most its first 64 characters.
    #[error("unknown type {0:?}")]
    UnknownType(String),
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Typing {
    group_id: GroupId,
    typing: bool,
}

#[derive(Deserialize)]
struct Authenticate {
    token: String,
}

/// Parses a message. Unknown fields are ignored.
///
/// # Errors
/// [`ParseError`] if the text is not a valid message.
pub fn parse(text: &str) -> Result<ClientMessage, ParseError> {
    let head: Head<'_> = read(text)?;
    match head.kind.as_ref() {
        "ping" => Ok(ClientMessage::Ping),
        "typing" => {
            let Typing { group_id, typing } = read(text)?;
            Ok(ClientMessage::Typing { group_id, typing })
        }
        "authenticate" => {
            let Authenticate { token } = read(text)?;
            Ok(ClientMessage::Authenticate { token })
        }
        // The client controls this text, so the part that the error echoes is bounded.
        unknown => Err(ParseError::UnknownType(unknown.chars().take(64).collect())),
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ParseError> {
    // Serde also deserialises structs from JSON arrays, but a message must be an object.
    if !text.trim_start().starts_with('{') {
        return Err(ParseError::Malformed("expected an object".to_owned()));
    }
    serde_json::from_str(text).map_err(|error| ParseError::Malformed(error.to_string()))
}
