//! The bodies of successful answers over HTTP, except single groups and members.

use groups_domain::{UserId, Version};
use serde::{Deserialize, Serialize};

use crate::{ChangeBody, GroupBody, MemberBody};

/// `GET /v1/groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GroupPage<'a> {
    /// Newest first.
    #[cfg_attr(test, ts(type = "Group[]"))]
    pub groups: Vec<GroupBody<'a>>,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
    /// The position that the page was read at.
    #[cfg_attr(test, ts(type = "Cursor"))]
    pub cursor: String,
}

/// `GET /v1/groups/{group_id}/members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MemberPage {
    /// In joining order.
    pub members: Vec<MemberBody>,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
    /// The group's version that the page shows.
    #[cfg_attr(test, ts(type = "number"))]
    pub version: Version,
}

/// `POST /v1/groups/{group_id}/members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Added"))]
pub struct AddedBody<'a> {
    /// The group after the change.
    #[cfg_attr(test, ts(type = "Group"))]
    pub group: GroupBody<'a>,
    /// What became of each person, in the order of the request.
    pub results: Vec<AddedMember>,
}

/// What became of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "AddedResult"))]
pub struct AddedMember {
    /// Who.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub user_id: UserId,
    /// What became of them.
    pub outcome: AddOutcome,
}

/// What became of somebody who was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[non_exhaustive]
pub enum AddOutcome {
    /// They are a member now.
    Added,
    /// They were a member before.
    AlreadyMember,
    /// The caller may not add them.
    NotAllowed,
    /// They are in as many groups as one person may be.
    TooManyGroups,
}

/// `GET /v1/groups/{group_id}/changes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ChangePage<'a> {
    /// Oldest first.
    pub changes: Vec<ChangeBody<'a>>,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
}

/// `GET /v1/me`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Me"))]
pub struct MeBody {
    /// The caller.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub user_id: UserId,
    /// The display name that others see, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub name: Option<String>,
    /// Until when the token is good.
    #[cfg_attr(test, ts(type = "Time"))]
    pub expires_at: String,
}

/// Somebody whom the caller has blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Block"))]
pub struct BlockBody {
    /// Who.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub user_id: UserId,
    /// Since when.
    #[cfg_attr(test, ts(type = "Time"))]
    pub blocked_at: String,
}

/// `GET /v1/me/blocks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BlockPage {
    /// By user id.
    pub blocks: Vec<BlockBody>,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
}

/// A person in development mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Person"))]
pub struct PersonBody {
    /// Who.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub user_id: UserId,
    /// The name that they signed in with.
    pub name: String,
}

/// `GET /v1/dev/people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "People"))]
pub struct PeopleBody {
    /// By name.
    pub people: Vec<PersonBody>,
}

/// `POST /v1/dev/login`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Login"))]
pub struct LoginBody {
    /// A token for 12 hours.
    pub token: String,
    /// Who signed in.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub user_id: UserId,
    /// Their name.
    pub name: String,
}

impl std::fmt::Debug for LoginBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginBody").field("user_id", &self.user_id).field("name", &self.name).finish_non_exhaustive()
    }
}
