//! Groups, memberships and their limits.

use crate::{Description, GroupId, GroupName, JoinPolicy, Role, Timestamp, UserId, Version};

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
    /// How outsiders can join without an invitation or a link.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "JoinPolicy::is_closed"))]
    pub join_policy: JoinPolicy,
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

/// The limits of groups, of users, and of the lists of a group, and the policy for adding users.
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
    /// The maximum number of invitations of a group that nobody has answered. Default: 10,000.
    pub invitations_max: u32,
    /// The maximum number of requests to join a group that nobody has answered. Default: 10,000.
    pub join_requests_max: u32,
    /// The maximum number of users who are banned from a group. Default: 10,000.
    pub bans_max: u32,
    /// The maximum number of links of a group. Default: 100.
    pub links_max: u32,
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
        Self {
            members_max: 100_000,
            groups_per_user_max: Some(10_000),
            add_policy: AddPolicy::default(),
            invitations_max: 10_000,
            join_requests_max: 10_000,
            bans_max: 10_000,
            links_max: 100,
        }
    }
}
