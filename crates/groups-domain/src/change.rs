//! What happened: one change is one new version of a group.

use alloc::vec;
use alloc::vec::Vec;

use crate::{Actor, Description, Group, GroupId, GroupName, NewMember, Role, Timestamp, UserId, Version, View};

/// One committed change of one group. Everything that anybody is told of it follows from it alone.
///
/// A history is the changes of one group in version order, from its creation on. It may end with a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Change {
    /// The group as it is after the change; a deleted one as it was, but for `version` and `updated_at`.
    pub group: Group,
    /// Who did it, and in which capacity.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub actor: Actor,
    /// What was done.
    pub kind: ChangeKind,
}

/// What was done. Exhaustive on purpose: a new kind must stop the store and the wire from compiling.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChangeKind {
    /// The group was created: by its owner, or by an operator for its owner.
    GroupCreated {
        /// Who joined with it, in order; the owner is not among them.
        members: Vec<NewMember>,
    },
    /// The settings were changed.
    SettingsChanged {
        /// The new name, where it changed.
        #[cfg_attr(feature = "serde", serde(default, deserialize_with = "crate::text::stored_option"))]
        name: Option<GroupName>,
        /// The new description, where it changed.
        #[cfg_attr(feature = "serde", serde(default, deserialize_with = "crate::text::stored_option"))]
        description: Option<Description>,
    },
    /// People were added.
    MembersAdded {
        /// Who, in order; at least one, and none twice.
        members: Vec<NewMember>,
    },
    /// Somebody was removed by the actor.
    MemberRemoved {
        /// Who.
        user_id: UserId,
    },
    /// The actor left.
    MemberLeft {
        /// To whom the ownership went, where the actor had it.
        successor: Option<Succession>,
    },
    /// Somebody got another role below the owner's.
    RoleChanged {
        /// Who.
        user_id: UserId,
        /// What they are now.
        role: Role,
        /// What they were.
        previous_role: Role,
    },
    /// The ownership was transferred, and the previous owner became `admin`.
    OwnershipTransferred {
        /// The new owner.
        #[cfg_attr(feature = "serde", serde(flatten))]
        successor: Succession,
        /// The previous owner if an operator transferred the ownership; `None` if the actor did, who is the previous owner.
        /// [`Change::previous_owner_id`] tells in both cases.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        previous_owner_id: Option<UserId>,
    },
    /// The group is gone for everybody.
    GroupDeleted,
}

/// Who became the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Succession {
    /// The new owner.
    pub user_id: UserId,
    /// What they were before.
    pub previous_role: Role,
}

/// What a change does to memberships: all that a store has to write and a hub has to subscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Somebody became a member.
    Joined {
        /// Who.
        user_id: UserId,
        /// As what.
        role: Role,
    },
    /// A member got another role.
    RoleSet {
        /// Who.
        user_id: UserId,
        /// What they are now.
        role: Role,
    },
    /// Somebody is no longer a member.
    Left {
        /// Who.
        user_id: UserId,
    },
    /// Nobody is a member any more, because there is no group.
    AllLeft,
}

impl Change {
    /// The group it is about.
    pub fn group_id(&self) -> GroupId {
        self.group.group_id
    }

    /// The user who did it.
    pub fn actor_id(&self) -> UserId {
        self.actor.user_id()
    }

    /// The user who was the owner before, if the change gives the group another owner.
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

    /// The version that it made.
    pub fn version(&self) -> Version {
        self.group.version
    }

    /// When it was made.
    pub fn at(&self) -> Timestamp {
        self.group.updated_at
    }

    /// Whether the group is gone with it.
    pub fn ends_group(&self) -> bool {
        matches!(self.kind, ChangeKind::GroupDeleted)
    }

    /// What it does to memberships: joins in joining order, and an owner steps down or leaves before the next one is set, so
    /// that written in this order there are never two.
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

    /// The users to whom it is more than news about others, each with their view of it, none twice.
    ///
    /// Everybody else who is affected has [`View::Other`]. There are never more of them than the change names.
    pub fn subjects(&self) -> Vec<(UserId, View)> {
        let added = |member: &NewMember| (member.user_id, View::Added { role: member.role });
        let promoted =
            |to: &Succession| (to.user_id, View::RoleChanged { role: Role::Owner, previous_role: to.previous_role });
        match &self.kind {
            ChangeKind::GroupCreated { members } => {
                let owner_id = self.group.owner_id;
                // An owner who did not create the group is told that somebody put them into it.
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

    /// How one affected user sees it.
    pub fn view_of(&self, user_id: UserId) -> View {
        self.subjects().into_iter().find(|(subject, _)| *subject == user_id).map_or(View::Other, |(_, view)| view)
    }
}
