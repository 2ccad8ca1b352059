//! The answer to a client that polls.

use std::borrow::Cow;

use groups_domain::UserId;
use serde::{Deserialize, Serialize};

use crate::{EventBody, GroupBody, InvitationBody, JoinRequestBody};

/// Response of `GET /v1/events` in JSON: what the client has missed, or the whole list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "CatchUp"), schemars(rename = "CatchUp"))]
pub struct CatchUpBody<'a> {
    /// The authenticated user.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// `true` if the events follow the cursor of the request, `false` if they follow the list.
    pub resumed: bool,
    /// All groups of the user, newest first. Absent if `resumed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Group[]"))]
    pub groups: Option<Vec<GroupBody<'a>>>,
    /// The user's invitations, newest first. Absent if `resumed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Invitation[]"))]
    pub invitations: Option<Vec<InvitationBody<'a>>>,
    /// The user's requests to join, newest first. Absent if `resumed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "JoinRequest[]"))]
    pub requests: Option<Vec<JoinRequestBody<'a>>>,
    /// The events, in the order of a WebSocket.
    #[cfg_attr(test, ts(type = "GroupEvent[]"))]
    pub events: Vec<EventBody<'a>>,
    /// The position after the last event: the `cursor` of the next request.
    #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
    pub cursor: Cow<'a, str>,
}
