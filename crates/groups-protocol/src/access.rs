//! The ways into a group: its invitations, requests to join, bans and links as admins see them, and what people see and get who
//! are not members.

use std::borrow::Cow;
use std::num::NonZeroU32;

use groups_domain::{Ban, DisplayName, Invitation, JoinRequest, Link, LinkId, Preview, Role, UserId};
use serde::{Deserialize, Serialize};

use crate::{GroupBody, InvitationBody, JoinRequestBody, MemberBody, PreviewBody, name};

/// An invitation that was not answered, as admins see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(ts_rs::TS, schemars::JsonSchema),
    ts(rename = "GroupInvitation"),
    schemars(rename = "GroupInvitation")
)]
pub struct GroupInvitationBody {
    /// The invited user.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// Their display name. Absent if it is unknown.
    #[serde(default, deserialize_with = "name::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::DisplayName>"))]
    pub name: Option<DisplayName>,
    /// The role that they get.
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
}

impl GroupInvitationBody {
    /// The wire form of an invitation.
    pub fn new(user_id: UserId, name: Option<DisplayName>, invitation: &Invitation) -> Self {
        Self {
            user_id,
            name,
            role: invitation.role,
            invited_by: invitation.invited_by,
            at: invitation.at.to_string(),
            expires_at: invitation.expires_at.map(|at| at.to_string()),
        }
    }
}

/// Response of `GET /v1/groups/{group_id}/invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct GroupInvitationPage {
    /// The invitations of the page, oldest first. Expired ones are absent.
    pub invitations: Vec<GroupInvitationBody>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// Response of `POST /v1/groups/{group_id}/invitations` for a user who has asked to join: they are a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "LetIn"), schemars(rename = "LetIn"))]
pub struct LetInBody<'a> {
    /// The group after the change.
    #[cfg_attr(test, ts(type = "Group"))]
    pub group: GroupBody<'a>,
    /// The new member.
    pub member: MemberBody,
}

/// A request to join that was not answered, as admins see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(ts_rs::TS, schemars::JsonSchema),
    ts(rename = "GroupJoinRequest"),
    schemars(rename = "GroupJoinRequest")
)]
pub struct GroupJoinRequestBody<'a> {
    /// The user who has asked.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// Their display name. Absent if it is unknown.
    #[serde(default, deserialize_with = "name::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::DisplayName>"))]
    pub name: Option<DisplayName>,
    /// The role that they get if the request is approved without naming one.
    #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
    pub role: Role,
    /// What they have written to the admins. Absent if nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::Note>"))]
    pub message: Option<Cow<'a, str>>,
    /// When.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
}

impl<'a> GroupJoinRequestBody<'a> {
    /// The wire form of a request to join.
    pub fn new(user_id: UserId, name: Option<DisplayName>, request: &'a JoinRequest) -> Self {
        let message = (!request.message.is_empty()).then(|| request.message.as_str().into());
        Self { user_id, name, role: request.role, message, at: request.at.to_string() }
    }
}

/// Response of `GET /v1/groups/{group_id}/requests`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct GroupJoinRequestPage<'a> {
    /// The requests of the page, oldest first.
    pub requests: Vec<GroupJoinRequestBody<'a>>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Ban"), schemars(rename = "Ban"))]
pub struct BanBody<'a> {
    /// The banned user.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// Their display name. Absent if it is unknown.
    #[serde(default, deserialize_with = "name::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::DisplayName>"))]
    pub name: Option<DisplayName>,
    /// The user who has banned them.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub banned_by: UserId,
    /// Why. Absent if nobody has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::Note>"))]
    pub reason: Option<Cow<'a, str>>,
    /// When.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
}

impl<'a> BanBody<'a> {
    /// The wire form of a ban.
    pub fn new(user_id: UserId, name: Option<DisplayName>, ban: &'a Ban) -> Self {
        let reason = (!ban.reason.is_empty()).then(|| ban.reason.as_str().into());
        Self { user_id, name, banned_by: ban.banned_by, reason, at: ban.at.to_string() }
    }
}

/// Response of `GET /v1/groups/{group_id}/bans`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct BanPage<'a> {
    /// The bans of the page, oldest first.
    pub bans: Vec<BanBody<'a>>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// A link into a group. Everybody who has its token can use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Link"), schemars(rename = "Link"))]
pub struct LinkBody {
    /// The id of the link, which does not reveal its token.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub link_id: LinkId,
    /// The role of those who join with it.
    #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
    pub role: Role,
    /// The user who has created it.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub created_by: UserId,
    /// When.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
    /// The time from which it counts as absent. `null`: it does not expire.
    #[cfg_attr(test, ts(type = "Time | null"), schemars(with = "Option<crate::schema::Time>"))]
    pub expires_at: Option<String>,
    /// How many people can use it. `null`: any number.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub uses_max: Option<NonZeroU32>,
    /// How many people have used it.
    pub uses: u32,
    /// Whether those who use it ask to join instead of joining.
    pub approval: bool,
}

impl From<&Link> for LinkBody {
    fn from(link: &Link) -> Self {
        Self {
            link_id: link.link_id,
            role: link.role,
            created_by: link.created_by,
            at: link.at.to_string(),
            expires_at: link.expires_at.map(|at| at.to_string()),
            uses_max: link.uses_max,
            uses: link.uses,
            approval: link.approval,
        }
    }
}

/// Response of `POST /v1/groups/{group_id}/links`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "CreatedLink"), schemars(rename = "CreatedLink"))]
pub struct CreatedLinkBody {
    /// The token, which nobody can read again.
    #[cfg_attr(test, schemars(regex(pattern = r"^[A-Za-z0-9_-]{32}$")))]
    pub token: String,
    /// The link.
    #[serde(flatten)]
    #[cfg_attr(test, ts(flatten))]
    pub link: LinkBody,
}

/// Without the token.
impl std::fmt::Debug for CreatedLinkBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedLinkBody").field("link", &self.link).finish_non_exhaustive()
    }
}

/// Response of `GET /v1/groups/{group_id}/links`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct LinkPage {
    /// The links of the page, oldest first. Those that have expired or are used up are among them.
    pub links: Vec<LinkBody>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// Response of `GET /v1/invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct InvitationPage<'a> {
    /// The caller's invitations of the page, newest group first. Expired ones are absent.
    pub invitations: Vec<InvitationBody<'a>>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// Response of `GET /v1/requests`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct JoinRequestPage<'a> {
    /// The caller's requests to join of the page, newest group first.
    pub requests: Vec<JoinRequestBody<'a>>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// Response to somebody who tries to join and has to wait for an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Requested"), schemars(rename = "Requested"))]
pub struct RequestedBody {
    /// Always `requested`.
    pub state: RequestedState,
}

/// The only state of a [`RequestedBody`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum RequestedState {
    /// The caller has asked to join.
    Requested,
}

/// Response of `GET /v1/join/{token}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "LinkPreview"), schemars(rename = "LinkPreview"))]
pub struct LinkPreviewBody<'a> {
    /// The group to which the link leads.
    pub group: PreviewBody<'a>,
    /// Whether those who use the link ask to join instead of joining.
    pub approval: bool,
}

/// Response of `GET /v1/directory`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct DirectoryPage<'a> {
    /// The groups of the page, ordered by name. A page may have fewer than `limit`, even if more follow.
    pub groups: Vec<PreviewBody<'a>>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

impl<'a> DirectoryPage<'a> {
    /// The wire form of a page.
    pub fn new(groups: &'a [Preview], next: Option<String>) -> Self {
        Self { groups: groups.iter().map(PreviewBody::new).collect(), next }
    }
}
