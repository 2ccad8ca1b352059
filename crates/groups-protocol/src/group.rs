//! The group as every answer and every event shows it.

use std::borrow::Cow;

use groups_domain::{Group, GroupId, Role, UserId, Version};
use serde::{Deserialize, Serialize};

use crate::rfc3339;

/// A group on the wire. `role` is the reader's own and is left out where the text is for many readers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GroupBody<'a> {
    /// The group's id, a UUIDv7: a newer group has a greater one.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub group_id: GroupId,
    /// 1–100 characters, trimmed.
    pub name: Cow<'a, str>,
    /// At most 1,000 characters.
    pub description: Cow<'a, str>,
    /// The owner.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub admin_id: UserId,
    /// The owner included.
    pub member_count: u32,
    /// Starts at 1 and grows by exactly 1 with every change of the group or of its membership.
    #[cfg_attr(test, ts(type = "number"))]
    pub version: Version,
    /// When version 1 was made.
    #[cfg_attr(test, ts(type = "Time"))]
    pub created_at: String,
    /// When this version was made.
    #[cfg_attr(test, ts(type = "Time"))]
    pub updated_at: String,
    /// The reader's own role, where the text is for one reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Role"))]
    pub role: Option<Role>,
}

impl<'a> GroupBody<'a> {
    /// The group as `role` sees it; without one, as it is told to many.
    pub fn new(group: &'a Group, role: Option<Role>) -> Self {
        Self {
            group_id: group.group_id,
            name: group.name.as_str().into(),
            description: group.description.as_str().into(),
            admin_id: group.owner_id,
            member_count: group.member_count,
            version: group.version,
            created_at: rfc3339(group.created_at),
            updated_at: rfc3339(group.updated_at),
            role,
        }
    }
}
