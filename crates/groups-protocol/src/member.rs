//! The wire form of a member.

use groups_domain::{DisplayName, Role, UserId};
use serde::{Deserialize, Serialize};

use crate::name;

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Member"), schemars(rename = "Member"))]
pub struct MemberBody {
    /// The id of the member.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The role of the member.
    #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
    pub role: Role,
    /// The time at which the member joined.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub joined_at: String,
    /// The display name. Absent if it is unknown.
    #[serde(default, deserialize_with = "name::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::DisplayName>"))]
    pub name: Option<DisplayName>,
}
