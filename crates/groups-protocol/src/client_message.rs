//! What a client says.

#[cfg(test)]
mod fuzz;

use std::borrow::Cow;

use groups_domain::GroupId;
use serde::{Deserialize, Serialize};

/// A message of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Asks for a `pong`.
    Ping,
    /// The user types in a group, or has ceased to.
    Typing {
        /// Where.
        group_id: GroupId,
        /// Whether they do.
        typing: bool,
    },
}

/// Why a text is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is no JSON object with a `type`, or a field is missing or of the wrong kind.
    #[error("not a JSON object with a type and its fields: {0}")]
    Malformed(String),
    /// Its `type` is none of ours.
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

/// Reads a message. Fields that are not known are passed over.
///
/// # Errors
/// [`ParseError`] says what is wrong with it.
pub fn parse(text: &str) -> Result<ClientMessage, ParseError> {
    let head: Head<'_> = read(text)?;
    match head.kind.as_ref() {
        "ping" => Ok(ClientMessage::Ping),
        "typing" => {
            let Typing { group_id, typing } = read(text)?;
            Ok(ClientMessage::Typing { group_id, typing })
        }
        // What is echoed in the error is bounded: it is the client's own text, and nobody needs much of it.
        unknown => Err(ParseError::UnknownType(unknown.chars().take(64).collect())),
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ParseError> {
    // A struct can also be read from a JSON array; a message is an object.
    if !text.trim_start().starts_with('{') {
        return Err(ParseError::Malformed("expected an object".to_owned()));
    }
    serde_json::from_str(text).map_err(|error| ParseError::Malformed(error.to_string()))
}
