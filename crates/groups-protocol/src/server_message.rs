//! Messages from the server, except events.

use std::borrow::Cow;

use groups_domain::{GroupId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{GroupBody, InvitationBody, JoinRequestBody};

/// A message from the server that is not an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage<'a> {
    /// The first message after authentication. Says what the client receives next.
    Welcome {
        /// The authenticated user.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// The id of this connection, for the logs of client and server.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        connection_id: Uuid,
        /// `true` if the missed events follow, `false` if the whole list follows.
        resumed: bool,
        /// The interval between heartbeats of the server, in seconds.
        heartbeat_seconds: u64,
    },
    /// A piece of the user's list of groups, newest first.
    Snapshot {
        /// The groups of this piece: at most 500 groups and about 256 KiB.
        #[cfg_attr(test, ts(type = "Group[]"))]
        groups: Vec<GroupBody<'a>>,
        /// The user's invitations, newest first. Only in the last piece.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Invitation[]"))]
        invitations: Option<Vec<InvitationBody<'a>>>,
        /// The user's requests to join, newest first. Only in the last piece.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "JoinRequest[]"))]
        requests: Option<Vec<JoinRequestBody<'a>>>,
        /// Whether another piece follows.
        more: bool,
        /// In the last piece, the position at which the list was read. In the other pieces, a value that is not a position.
        #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
        cursor: Cow<'a, str>,
    },
    /// The client's list is now up to date. Events keep it up to date.
    Ready {
        /// The position that the client has reached.
        #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
        cursor: Cow<'a, str>,
    },
    /// A user started or stopped typing.
    Typing {
        /// The group in which the user types.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        group_id: GroupId,
        /// The user who types.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// `true` while the user types, `false` when they stop.
        typing: bool,
        /// The time in seconds after which the client drops the typing state, if no other message arrives.
        expires_in_seconds: u64,
    },
    /// The connection was renewed with a new token.
    Authenticated {
        /// The time at which the new token expires.
        #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
        expires_at: Cow<'a, str>,
    },
    /// The token expires soon, and the connection with it. Renew it with `authenticate`.
    TokenExpiring {
        /// The time at which the token expires.
        #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
        expires_at: Cow<'a, str>,
    },
    /// The response to `ping`.
    Pong,
    /// A message from the client was rejected and had no effect.
    Error {
        /// The error code, for programs.
        code: ErrorCode,
        /// A description of the error, for people.
        detail: Cow<'a, str>,
    },
}

/// The reason why a message from the client had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(ts_rs::TS, schemars::JsonSchema),
    ts(rename = "MessageErrorCode"),
    schemars(rename = "MessageErrorCode")
)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The message is not a JSON object with a `type`, a field is missing or has the wrong type, or the frame is binary.
    MalformedMessage,
    /// The `type` is unknown.
    UnknownType,
    /// The group does not exist, or the user is not a member.
    GroupNotFound,
    /// The token of the connection only allows reading.
    Forbidden,
    /// The token in `authenticate` is invalid. The connection keeps its earlier token.
    Unauthenticated,
    /// The token in `authenticate` cannot be checked now. The connection keeps its earlier token.
    Unavailable,
    /// The client sends messages too fast. If it continues, the server may close the connection.
    RateLimited,
}
