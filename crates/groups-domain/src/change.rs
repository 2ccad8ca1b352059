//! Committed changes. Each change makes one new version of a group.

use alloc::vec;
use alloc::vec::Vec;

use crate::{Actor, Description, Group, GroupId, GroupName, NewMember, Role, Timestamp, UserId, Version, View};

/// One committed change of one group. All of its events are derived from it alone.
///
/// A history is the list of changes of one group in version order, starting with its creation. It may end with a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Change {
    /// The group after the change. For a deletion, the group before it with the new `version` and `updated_at`.
    pub group: Group,
    /// The user who made the change, and in which capacity.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub actor: Actor,
    /// The kind of change, with its details.
    pub kind: ChangeKind,
}

/// The kind of a change. Deliberately exhaustive: if a kind is added, the store and the wire do not compile until they handle it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChangeKind {
    /// The group was created, by its owner or by an operator for its owner.
    GroupCreated {
        /// The initial members in joining order, without the owner.
        members: Vec<NewMember>,
    },
    /// The settings were changed.
    SettingsChanged {
        /// The new name; `None` if it did not change.
        #[cfg_attr(feature = "serde", serde(default, deserialize_with = "crate::text::stored_option"))]
        name: Option<GroupName>,
        /// The new description; `None` if it did not change.
        #[cfg_attr(feature = "serde", serde(default, deserialize_with = "crate::text::stored_option"))]
        description: Option<Description>,
    },
    /// One or more users were added.
    MembersAdded {
        /// The new members in joining order: at least one, without duplicates.
        members: Vec<NewMember>,
    },
    /// The actor removed a member.
    MemberRemoved {
        /// The user who was removed.
        user_id: UserId,
    },
    /// The actor left.
    MemberLeft {
        /// The new owner, if the actor was the owner.
        successor: Option<Succession>,
    },
    /// A member's role changed between `member` and `admin`.
    RoleChanged {
        /// The user whose role changed.
        user_id: UserId,
        /// The role after the change.
        role: Role,
        /// The role before the change.
        previous_role: Role,
    },
    /// The ownership was transferred and the previous owner became `admin`.
    OwnershipTransferred {
        /// The new owner.
        #[cfg_attr(feature = "serde", serde(flatten))]
        successor: Succession,
        /// The previous owner if an operator transferred the ownership; `None` if the previous owner is the actor.
        /// [`Change::previous_owner_id`] returns it in both cases.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        previous_owner_id: Option<UserId>,
    },
    /// The group was deleted for all members.
    GroupDeleted,
}

/// A transfer of the ownership to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Succession {
    /// The new owner.
    pub user_id: UserId,
    /// The new owner's previous role.
    pub previous_role: Role,
}

/// The effect of a change on one membership. A store writes it, and a hub updates its subscriptions from it.
///
/// Deliberately exhaustive: a program that skips an effect has wrong memberships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A user became a member.
    Joined {
        /// The new member.
        user_id: UserId,
        /// Their role.
        role: Role,
    },
    /// A member's role changed.
    RoleSet {
        /// The member.
        user_id: UserId,
        /// The new role.
        role: Role,
    },
    /// A user is no longer a member.
    Left {
        /// The former member.
        user_id: UserId,
    },
    /// All memberships ended because the group was deleted.
    AllLeft,
}

impl Change {
    /// The id of the group that changed.
    pub fn group_id(&self) -> GroupId {
        self.group.group_id
    }

    /// The user who made the change.
    pub fn actor_id(&self) -> UserId {
        self.actor.user_id()
    }

    /// The previous owner, if the change gives the group a new owner.
    pub fn previous_owner_id(&self) -> Option<UserId> {
        match &self.kind {
            ChangeKind::OwnershipTransferred { previous_owner_id, .. } => {
                Some(previous_owner_id.unwrap_or(self.actor_id()))
            }
            ChangeKind::MemberLeft { successor: Some(_) } => Some(self.actor_id()),
            ChangeKind::GroupCreated { .. }
            | ChangeKind::SettingsChanged { .. }
            | ChangeKind::MembersAdded { .. }
            | ChangeKind::MemberRemoved { .. }
            | ChangeKind::MemberLeft { successor: None }
            | ChangeKind::RoleChanged { .. }
            | ChangeKind::GroupDeleted => None,
        }
    }

    /// The version of the group after the change.
    pub fn version(&self) -> Version {
        self.group.version
    }

    /// The time of the change.
    pub fn at(&self) -> Timestamp {
        self.group.updated_at
    }

    /// Whether the change deletes the group.
    pub fn ends_group(&self) -> bool {
        matches!(self.kind, ChangeKind::GroupDeleted)
    }

    /// The effects on memberships, in the order to write them. Joins are in joining order. An owner steps down or leaves
    /// before the next owner is set, so there are never two owners.
    pub fn effects(&self) -> Vec<Effect> {
        let joined = |member: &NewMember| Effect::Joined { user_id: member.user_id, role: member.role };
        let becomes_owner = |to: &Succession| Effect::RoleSet { user_id: to.user_id, role: Role::Owner };
        match &self.kind {
            ChangeKind::GroupCreated { members } => {
                let owner = Effect::Joined { user_id: self.group.owner_id, role: Role::Owner };
                core::iter::once(owner).chain(members.iter().map(joined)).collect()
            }
            ChangeKind::SettingsChanged { .. } => Vec::new(),
            ChangeKind::MembersAdded { members } => members.iter().map(joined).collect(),
            ChangeKind::MemberRemoved { user_id } => vec![Effect::Left { user_id: *user_id }],
            ChangeKind::MemberLeft { successor } => {
                let left = Effect::Left { user_id: self.actor_id() };
                core::iter::once(left).chain(successor.iter().map(becomes_owner)).collect()
            }
            ChangeKind::RoleChanged { user_id, role, .. } => vec![Effect::RoleSet { user_id: *user_id, role: *role }],
            ChangeKind::OwnershipTransferred { successor, previous_owner_id } => {
                let user_id = previous_owner_id.unwrap_or(self.actor_id());
                vec![Effect::RoleSet { user_id, role: Role::Admin }, becomes_owner(successor)]
            }
            ChangeKind::GroupDeleted => vec![Effect::AllLeft],
        }
    }

    /// The users whose own membership the change affects, each with their [`View`], without duplicates.
    ///
    /// All other members have [`View::Other`]. A deletion and a change of settings have no subjects.
    /// There are never more subjects than the users named by the change.
    pub fn subjects(&self) -> Vec<(UserId, View)> {
        let added = |member: &NewMember| (member.user_id, View::Added { role: member.role });
        let promoted =
            |to: &Succession| (to.user_id, View::RoleChanged { role: Role::Owner, previous_role: to.previous_role });
        match &self.kind {
            ChangeKind::GroupCreated { members } => {
                let owner_id = self.group.owner_id;
                // If somebody else created the group, its owner is told that they were added.
                let view = if owner_id == self.actor_id() { View::Creator } else { View::Added { role: Role::Owner } };
                core::iter::once((owner_id, view)).chain(members.iter().map(added)).collect()
            }
            ChangeKind::MembersAdded { members } => members.iter().map(added).collect(),
            ChangeKind::MemberRemoved { user_id } => vec![(*user_id, View::Removed)],
            ChangeKind::MemberLeft { successor } => {
                core::iter::once((self.actor_id(), View::Left)).chain(successor.iter().map(promoted)).collect()
            }
            ChangeKind::RoleChanged { user_id, role, previous_role } => {
                vec![(*user_id, View::RoleChanged { role: *role, previous_role: *previous_role })]
            }
            ChangeKind::OwnershipTransferred { successor, previous_owner_id } => {
                let stepped_down = View::RoleChanged { role: Role::Admin, previous_role: Role::Owner };
                vec![promoted(successor), (previous_owner_id.unwrap_or(self.actor_id()), stepped_down)]
            }
            ChangeKind::SettingsChanged { .. } | ChangeKind::GroupDeleted => Vec::new(),
        }
    }

    /// The view of one affected user: [`View::Other`] if the user is not one of the [`subjects`](Self::subjects).
    pub fn view_of(&self, user_id: UserId) -> View {
        self.subjects().into_iter().find(|(subject, _)| *subject == user_id).map_or(View::Other, |(_, view)| view)
    }
}
