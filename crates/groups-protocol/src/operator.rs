//! Bodies of `/v1/admin`.

use std::borrow::Cow;

use groups_domain::{DisplayName, GroupId, Role, UserId};
use serde::{Deserialize, Serialize};

use crate::{ChangeBody, name};

/// A change in the log of all groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "LogChange"), schemars(rename = "LogChange"))]
pub struct LogChangeBody<'a> {
    /// The id of the group.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub group_id: GroupId,
    /// The position after this change: the value of `after` to continue with the next one.
    #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
    pub cursor: Cow<'a, str>,
    /// The change.
    #[serde(flatten)]
    pub change: ChangeBody<'a>,
}

/// Response of `GET /v1/admin/changes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct LogPage<'a> {
    /// The changes, in commit order.
    pub changes: Vec<LogChangeBody<'a>>,
    /// The value of `after` for the next page. Never `null`: the log has no end.
    #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
    pub next: Cow<'a, str>,
}

/// A question of `POST /v1/admin/check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Check"))]
pub struct CheckBody {
    /// The id of the group.
    #[cfg_attr(test, schemars(with = "crate::schema::Id"))]
    pub group_id: GroupId,
    /// The id of the user.
    #[cfg_attr(test, schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The role that the user must have at least. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<crate::schema::Role>"))]
    pub role: Option<Role>,
}

/// The answer to one question of `POST /v1/admin/check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "CheckResult"), schemars(rename = "CheckResult"))]
pub struct CheckResultBody {
    /// Whether the user is in the group, with at least the role of the question.
    pub member: bool,
    /// The role of the user. Absent if the user is not in the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Role"), schemars(with = "Option<crate::schema::Role>"))]
    pub role: Option<Role>,
    /// The version of the group; 0 if there is no such group.
    #[cfg_attr(test, ts(type = "number"))]
    pub version: u64,
}

/// Response of `POST /v1/admin/check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(ts_rs::TS, schemars::JsonSchema),
    ts(rename = "CheckResults"),
    schemars(rename = "CheckResults")
)]
pub struct CheckResultsBody<'a> {
    /// One answer for each question, in the same order.
    pub results: Vec<CheckResultBody>,
    /// The answers include every change up to this position.
    #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
    pub cursor: Cow<'a, str>,
}

/// The span of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "LogSpan"), schemars(rename = "LogSpan"))]
pub struct LogSpanBody {
    /// Number of changes in the log.
    #[cfg_attr(test, ts(type = "number"))]
    pub changes: u64,
    /// The time of the oldest change; `null` if the log is empty.
    #[cfg_attr(test, ts(type = "Time | null"), schemars(with = "Option<crate::schema::Time>"))]
    pub oldest_at: Option<String>,
    /// The time of the newest change; `null` if the log is empty.
    #[cfg_attr(test, ts(type = "Time | null"), schemars(with = "Option<crate::schema::Time>"))]
    pub newest_at: Option<String>,
}

/// Response of `GET /v1/admin/stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Stats"), schemars(rename = "Stats"))]
pub struct StatsBody {
    /// Number of groups.
    #[cfg_attr(test, ts(type = "number"))]
    pub groups: u64,
    /// Number of memberships in these groups.
    #[cfg_attr(test, ts(type = "number"))]
    pub memberships: u64,
    /// WebSocket connections of the server that answers.
    #[cfg_attr(test, ts(type = "number"))]
    pub connections: u64,
    /// WebSocket connections of all servers on this database, a few seconds old.
    #[cfg_attr(test, ts(type = "number"))]
    pub connections_of_all: u64,
    /// The span of the log.
    pub log: LogSpanBody,
}

/// A user with a display name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "User"), schemars(rename = "User"))]
pub struct UserBody {
    /// The id of the user.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The display name.
    #[serde(deserialize_with = "name::required")]
    #[cfg_attr(test, ts(type = "string"), schemars(with = "crate::schema::DisplayName"))]
    pub name: DisplayName,
}

/// Response of `GET /v1/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Users"), schemars(rename = "Users"))]
pub struct UsersBody {
    /// The users, ordered by name.
    pub users: Vec<UserBody>,
}
