//! Groups, memberships and their limits.

use crate::{Description, GroupId, GroupName, Role, Timestamp, UserId, Version};

/// A group at one version.
///
/// Deserialising a group (feature `serde`) does not validate its texts again. The same applies to every type that contains
/// a group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Group {
    /// The id of the group.
    pub group_id: GroupId,
    /// The name: 1 to 100 characters, not unique.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
    pub name: GroupName,
    /// The description: at most 1,000 characters, may be empty.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
    pub description: Description,
    /// The owner. A group always has exactly one.
    pub owner_id: UserId,
    /// The number of members, including the owner.
    pub member_count: u32,
    /// The version: 1 at creation, incremented by each change.
    pub version: Version,
    /// The time at which the group was created.
    pub created_at: Timestamp,
    /// The time of the last change. It never goes back, even if server clocks differ.
    pub updated_at: Timestamp,
}

/// The membership of one user in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Membership {
    /// The member.
    pub user_id: UserId,
    /// Their role in the group.
    pub role: Role,
    /// The time at which they joined.
    pub joined_at: Timestamp,
    /// The version in which they joined: the first version that they receive an event for.
    pub joined_version: Version,
}

/// A user to add, with their role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewMember {
    /// The user to add.
    pub user_id: UserId,
    /// The role to assign.
    pub role: Role,
}

impl NewMember {
    /// A new member with the role `member`.
    pub const fn plain(user_id: UserId) -> Self {
        Self { user_id, role: Role::Member }
    }
}

/// The limit of members per group, the limit of groups per user, and the policy for adding users.
///
/// `Limits { members_max: 50, ..Limits::default() }` also sets the limits that later releases add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of members of a group, including the owner. Default: 100,000.
    pub members_max: u32,
    /// The maximum number of groups of one user; `None` means no limit. Default: 10,000.
    ///
    /// Lowering it removes nobody: a user above the limit cannot join another group.
    pub groups_per_user_max: Option<u32>,
    /// The policy for adding users. Default: [`AddPolicy::Anybody`].
    pub add_policy: AddPolicy,
}

/// Which users an admin or owner may add to a group. With every policy, they cannot add a user who has blocked them.
///
/// Deliberately exhaustive: a policy determines which facts a store must read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddPolicy {
    /// Any user whose id they know.
    #[default]
    Anybody,
    /// Only users with whom they already share a group.
    SharedGroup,
    /// Nobody: people join by invitation only.
    Invitation,
}

impl Default for Limits {
    fn default() -> Self {
        Self { members_max: 100_000, groups_per_user_max: Some(10_000), add_policy: AddPolicy::default() }
    }
}
