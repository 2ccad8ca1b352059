//! A user's own invitations and requests to join.

use std::borrow::Cow;

use groups_domain::{Pending, PendingKind, Role, UserId, Version};
use serde::{Deserialize, Serialize};

use crate::PreviewBody;

/// An invitation of the user who reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Invitation"), schemars(rename = "Invitation"))]
pub struct InvitationBody<'a> {
    /// What the user sees of the group.
    pub group: PreviewBody<'a>,
    /// The role that the user gets.
    #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
    pub role: Role,
    /// The user who has invited them.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub invited_by: UserId,
    /// When.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
    /// The time from which the invitation counts as absent. `null`: it does not expire.
    #[cfg_attr(test, ts(type = "Time | null"), schemars(with = "Option<crate::schema::Time>"))]
    pub expires_at: Option<String>,
    /// The version of the group that made it. An event with a greater version ends it.
    #[cfg_attr(test, ts(type = "number"), schemars(with = "crate::schema::Version"))]
    pub version: Version,
}

/// A request to join of the user who reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "JoinRequest"), schemars(rename = "JoinRequest"))]
pub struct JoinRequestBody<'a> {
    /// What the user sees of the group.
    pub group: PreviewBody<'a>,
    /// What the user has written to the admins. Absent if nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::Note>"))]
    pub message: Option<Cow<'a, str>>,
    /// When.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
    /// The version of the group that made it. An event with a greater version ends it.
    #[cfg_attr(test, ts(type = "number"), schemars(with = "crate::schema::Version"))]
    pub version: Version,
}

/// The wire forms of invitations and requests to join.
pub fn pending_bodies(pending: &[Pending]) -> (Vec<InvitationBody<'_>>, Vec<JoinRequestBody<'_>>) {
    let (mut invitations, mut requests) = (Vec::new(), Vec::new());
    for Pending { group, version, at, kind } in pending {
        let (group, version, at) = (PreviewBody::new(group), *version, at.to_string());
        match kind {
            PendingKind::Invitation { role, invited_by, expires_at } => invitations.push(InvitationBody {
                group,
                role: *role,
                invited_by: *invited_by,
                at,
                expires_at: expires_at.map(|at| at.to_string()),
                version,
            }),
            PendingKind::JoinRequest { message } => {
                let message = (!message.is_empty()).then(|| message.as_str().into());
                requests.push(JoinRequestBody { group, message, at, version });
            }
        }
    }
    (invitations, requests)
}
