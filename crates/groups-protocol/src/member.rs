//! A member of a group.

use groups_domain::{Role, UserId};
use serde::{Deserialize, Serialize};

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Member"))]
pub struct MemberBody {
    /// Who.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub user_id: UserId,
    /// As what.
    #[cfg_attr(test, ts(type = "Role"))]
    pub role: Role,
    /// Since when.
    #[cfg_attr(test, ts(type = "Time"))]
    pub joined_at: String,
    /// The display name, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub name: Option<String>,
}
