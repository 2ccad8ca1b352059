//! What the server says besides events.

use std::borrow::Cow;

use groups_domain::{GroupId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::GroupBody;

/// A message of the server that is no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage<'a> {
    /// The first message: the client is known, and what it gets next.
    Welcome {
        /// As whom the client came in.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
        /// Which connection this is, for the logs of both sides.
        #[cfg_attr(test, ts(type = "Uuid"))]
        connection_id: Uuid,
        /// Whether missed events follow; else the whole list does.
        resumed: bool,
        /// How often the server asks for a sign of life.
        heartbeat_seconds: u64,
    },
    /// A piece of the user's list, newest group first.
    Snapshot {
        /// At most 500 groups, and some 256 KiB.
        #[cfg_attr(test, ts(type = "Group[]"))]
        groups: Vec<GroupBody<'a>>,
        /// Whether another piece follows.
        more: bool,
        /// With the last piece, the position that the list was read at; with the others, none.
        #[cfg_attr(test, ts(type = "Cursor"))]
        cursor: Cow<'a, str>,
    },
    /// From here on the client's view is right, and stays right.
    Ready {
        /// The position that was read at.
        #[cfg_attr(test, ts(type = "Cursor"))]
        cursor: Cow<'a, str>,
    },
    /// Somebody types, or has ceased to.
    Typing {
        /// Where.
        #[cfg_attr(test, ts(type = "Uuid"))]
        group_id: GroupId,
        /// Who.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
        /// Whether they do.
        typing: bool,
        /// For how long to believe it.
        expires_in_seconds: u64,
    },
    /// The answer to `ping`.
    Pong,
    /// A message of the client was not understood or not heeded.
    Error {
        /// What is wrong, for programs.
        code: ErrorCode,
        /// What is wrong, for people.
        detail: Cow<'a, str>,
    },
}

/// Why a message of the client had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MessageErrorCode"))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// It is no JSON object with a `type`, or a field is missing or of the wrong kind, or it is a binary frame.
    MalformedMessage,
    /// Its `type` is none of ours.
    UnknownType,
    /// There is no such group for this user.
    GroupNotFound,
    /// Messages come too fast; the next ones may end the connection.
    RateLimited,
}
