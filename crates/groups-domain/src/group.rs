//! A group, a membership, and what limits them.

use crate::{Description, GroupId, GroupName, Role, Timestamp, UserId, Version};

/// A group as it stands at one version.
///
/// Deserialising one (feature `serde`) takes its texts as they were stored, without checking them again; the same holds for
/// whatever contains one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Group {
    /// Which group.
    pub group_id: GroupId,
    /// What people call it.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
    pub name: GroupName,
    /// What it is for.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
    pub description: Description,
    /// Its one owner.
    pub owner_id: UserId,
    /// How many members it has, the owner included.
    pub member_count: u32,
    /// How often it has changed.
    pub version: Version,
    /// When version 1 was made.
    pub created_at: Timestamp,
    /// When this version was made. It never goes back, whatever the clocks of the servers say.
    pub updated_at: Timestamp,
}

/// Somebody's place in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Membership {
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// The version with which they came in: the first that they hear of.
    pub joined_version: Version,
}

/// Somebody to be added, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewMember {
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
}

impl NewMember {
    /// As a plain `member`.
    pub const fn plain(user_id: UserId) -> Self {
        Self { user_id, role: Role::Member }
    }
}

/// How large a group may become, in how many groups one person may be, and who may add whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most members that a group may have, the owner included. Default: 100,000.
    pub members_max: u32,
    /// The most groups that one person may be in; `None` is no limit. Default: 10,000.
    ///
    /// Lowering it removes nobody: a person above the limit joins no further group.
    pub groups_per_user_max: Option<u32>,
    /// Who may add whom. Default: [`AddPolicy::Anybody`].
    pub add_policy: AddPolicy,
}

/// Whom an admin or owner may add to a group. In every case nobody is added by somebody whom they have blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddPolicy {
    /// Anybody whose id they know.
    #[default]
    Anybody,
    /// People with whom they share a group already.
    SharedGroup,
    /// Nobody: people join by invitation only.
    Invitation,
}

impl Default for Limits {
    fn default() -> Self {
        Self { members_max: 100_000, groups_per_user_max: Some(10_000), add_policy: AddPolicy::default() }
    }
}
