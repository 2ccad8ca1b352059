//! Bodies of successful HTTP responses, except single groups and members.

use groups_domain::{DisplayName, UserId, Uuid, Version};
use serde::{Deserialize, Serialize};

use crate::{ChangeBody, GroupBody, MemberBody, name};

/// Response of `GET /v1/groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct GroupPage<'a> {
    /// The groups of the page, newest first.
    #[cfg_attr(test, ts(type = "Group[]"))]
    pub groups: Vec<GroupBody<'a>>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
    /// The position at which the page was read.
    #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
    pub cursor: String,
}

/// Response of `GET /v1/admin/groups`, except for all groups of one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct FoundGroupPage<'a> {
    /// The groups of the page, ordered by name.
    #[cfg_attr(test, ts(type = "GroupBody[]"))]
    pub groups: Vec<GroupBody<'a>>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// Response of `GET /v1/groups/{group_id}/members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct MemberPage {
    /// The members of the page, in joining order.
    pub members: Vec<MemberBody>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
    /// The version of the group at which the page was read.
    #[cfg_attr(test, ts(type = "number"), schemars(with = "crate::schema::Version"))]
    pub version: Version,
}

/// Response of `POST /v1/groups/{group_id}/members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Added"), schemars(rename = "Added"))]
pub struct AddedBody<'a> {
    /// The group after the change.
    #[cfg_attr(test, ts(type = "Group"))]
    pub group: GroupBody<'a>,
    /// The result for each user, in the order of the request.
    pub results: Vec<AddedMember>,
}

/// The result for one user of a request to add members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "AddedResult"), schemars(rename = "AddedResult"))]
pub struct AddedMember {
    /// The user in the request.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// Whether the user was added, and why not.
    pub outcome: AddOutcome,
}

/// The outcome for one user of a request to add members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[non_exhaustive]
pub enum AddOutcome {
    /// The user is now a member.
    Added,
    /// The user was already a member.
    AlreadyMember,
    /// The caller may not add the user.
    NotAllowed,
    /// The user has reached the group limit per user.
    TooManyGroups,
    /// The user is banned from the group.
    Banned,
}

/// Response of `GET /v1/groups/{group_id}/changes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct ChangePage<'a> {
    /// The changes of the page, oldest first.
    pub changes: Vec<ChangeBody<'a>>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// Response of `GET /v1/me`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Me"), schemars(rename = "Me"))]
pub struct MeBody {
    /// The id of the caller.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The identity provider's name for the caller: `sub` of the token.
    pub subject: String,
    /// The display name that other users see. Absent if there is none.
    #[serde(default, deserialize_with = "name::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::DisplayName>"))]
    pub name: Option<DisplayName>,
    /// The time at which the token expires.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub expires_at: String,
    /// What the token allows.
    #[serde(default)]
    pub access: AccessBody,
}

/// What a token allows, by its scopes. A server that does not say so allows `write`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Access"), schemars(rename = "Access"))]
#[non_exhaustive]
pub enum AccessBody {
    /// `GET` requests and the WebSocket.
    Read,
    /// Everything that a user can do.
    #[default]
    Write,
    /// The same, and `/v1/admin`.
    Admin,
}

/// Response of `GET /v1/admin/users?subject=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Subject"), schemars(rename = "Subject"))]
pub struct SubjectBody {
    /// The id of the user.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The identity provider's name for the user: `sub` of a token.
    pub subject: String,
    /// The identity provider: `iss` of a token. Absent if the tokens have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub issuer: Option<String>,
}

/// A user whom the caller has blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Block"), schemars(rename = "Block"))]
pub struct BlockBody {
    /// The blocked user.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The time at which the caller blocked the user.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub blocked_at: String,
}

/// Response of `GET /v1/me/blocks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct BlockPage {
    /// The blocked users of the page, ordered by user id.
    pub blocks: Vec<BlockBody>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// Response of `DELETE /v1/admin/users/{user_id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "JobCreated"), schemars(rename = "JobCreated"))]
pub struct JobCreatedBody {
    /// The id of the job.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub job_id: Uuid,
}

/// Response of `GET /v1/admin/jobs/{job_id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Job"), schemars(rename = "Job"))]
pub struct JobBody {
    /// Whether the job has ended.
    pub state: JobStateBody,
    /// Steps done.
    #[cfg_attr(test, ts(type = "number"))]
    pub done: u64,
    /// All steps, as far as they are known. It may grow.
    #[cfg_attr(test, ts(type = "number"))]
    pub total: u64,
    /// Why the job failed. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub reason: Option<String>,
}

/// Whether a job has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "JobState"), schemars(rename = "JobState"))]
#[non_exhaustive]
pub enum JobStateBody {
    /// It runs, or waits for its turn.
    Running,
    /// It has succeeded.
    Done,
    /// It was given up. What it has done stays done.
    Failed,
}

/// A user in development mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Person"), schemars(rename = "Person"))]
pub struct PersonBody {
    /// The id of the user.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The name with which the user signed in.
    #[serde(deserialize_with = "name::required")]
    #[cfg_attr(test, ts(type = "string"), schemars(with = "crate::schema::DisplayName"))]
    pub name: DisplayName,
}

/// Response of `GET /v1/dev/people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "People"), schemars(rename = "People"))]
pub struct PeopleBody {
    /// The users, ordered by name.
    pub people: Vec<PersonBody>,
}

/// Response of `POST /v1/dev/login`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Login"), schemars(rename = "Login"))]
pub struct LoginBody {
    /// A token that is valid for 12 hours.
    pub token: String,
    /// The id of the user who signed in.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The name of the user who signed in.
    #[serde(deserialize_with = "name::required")]
    #[cfg_attr(test, ts(type = "string"), schemars(with = "crate::schema::DisplayName"))]
    pub name: DisplayName,
}

impl std::fmt::Debug for LoginBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginBody").field("user_id", &self.user_id).field("name", &self.name).finish_non_exhaustive()
    }
}
