//! The results of orders.

use groups_domain::{Actor, Change, Group, LeftOut, NewMember, Role};

use crate::MemberRow;

/// The result of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Executed {
    /// What the command did.
    pub outcome: Outcome,
    /// The group after the order, at the version that the order made. If the order deleted the
    /// group: the group before that, at the version of the deletion.
    pub group: Group,
    /// What the actor is in the group after the order.
    pub standing: Standing,
    /// Whether this answer was given before, to an order with the same idempotency key. Only names
    /// may differ from the first answer: those that the actor may not see now are omitted.
    pub replayed: bool,
}

/// What a command did: the variant follows from the command, and from whether the order was a
/// no-op. A variant without `change` is a no-op: the group has no new version.
///
/// More commands are planned, so a `match` needs a wildcard arm.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// `CreateGroup`: the group exists.
    GroupCreated {
        /// The new version.
        change: Change,
    },
    /// `UpdateSettings`: the name, the description or both have changed.
    SettingsUpdated {
        /// The new version.
        change: Change,
    },
    /// `UpdateSettings`: the group already had these settings.
    SettingsUnchanged,
    /// `AddMember`: the person is a member.
    MemberAdded {
        /// The new member, with the display name known at that time.
        member: MemberRow,
        /// The new version.
        change: Change,
    },
    /// `AddMembers`: at least one person has joined. Everybody else on the list was a member
    /// already, or is left out.
    MembersAdded {
        /// The new members, in list order.
        added: Vec<NewMember>,
        /// The people who could not be added, in list order.
        left_out: Vec<LeftOut>,
        /// The new version.
        change: Change,
    },
    /// `AddMembers`: nobody has joined. Everybody on the list was a member already, or is left out.
    NobodyAdded {
        /// The people who could not be added, in list order.
        left_out: Vec<LeftOut>,
    },
    /// `RemoveMember`: the person is no longer a member.
    MemberRemoved {
        /// The new version.
        change: Change,
    },
    /// `Leave`, or `RemoveMember` for the actor's own membership: the actor is no longer a member.
    Left {
        /// The new version.
        change: Change,
    },
    /// `ChangeRole`: the member has the new role.
    RoleChanged {
        /// The member after the order, with the display name known at that time.
        member: MemberRow,
        /// The new version.
        change: Change,
    },
    /// `ChangeRole`: the member already had this role.
    RoleUnchanged {
        /// The member, with the display name known at that time.
        member: MemberRow,
    },
    /// `ChangeRole` to `owner`: the member is the owner, and the previous owner is an admin.
    OwnershipTransferred {
        /// The owner after the order, with the display name known at that time.
        new_owner: MemberRow,
        /// The new version.
        change: Change,
    },
    /// `DeleteGroup`: nobody is a member anymore.
    GroupDeleted {
        /// The last version.
        change: Change,
    },
}

impl Outcome {
    /// The change; `None` if the order was a no-op.
    pub fn change(&self) -> Option<&Change> {
        match self {
            Self::GroupCreated { change }
            | Self::SettingsUpdated { change }
            | Self::MemberAdded { change, .. }
            | Self::MembersAdded { change, .. }
            | Self::MemberRemoved { change }
            | Self::Left { change }
            | Self::RoleChanged { change, .. }
            | Self::OwnershipTransferred { change, .. }
            | Self::GroupDeleted { change } => Some(change),
            Self::SettingsUnchanged | Self::NobodyAdded { .. } | Self::RoleUnchanged { .. } => None,
        }
    }

    /// The one member whom the command names, if the outcome shows them.
    pub(crate) fn member_mut(&mut self) -> Option<&mut MemberRow> {
        match self {
            Self::MemberAdded { member, .. }
            | Self::RoleChanged { member, .. }
            | Self::RoleUnchanged { member }
            | Self::OwnershipTransferred { new_owner: member, .. } => Some(member),
            Self::GroupCreated { .. }
            | Self::SettingsUpdated { .. }
            | Self::SettingsUnchanged
            | Self::MembersAdded { .. }
            | Self::NobodyAdded { .. }
            | Self::MemberRemoved { .. }
            | Self::Left { .. }
            | Self::GroupDeleted { .. } => None,
        }
    }
}

/// What an actor is in a group after an order. More kinds are planned, for example invited people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// A member with this role. An operator may be a member too.
    Member(Role),
    /// An operator who is not a member.
    Operator,
    /// No longer a member: the actor has left, or the group was deleted.
    FormerMember,
}

impl Standing {
    /// The standing of an actor with this role in the group.
    pub(crate) fn new(actor: Actor, role: Option<Role>) -> Self {
        match (role, actor) {
            (Some(role), _) => Self::Member(role),
            (None, Actor::Operator(_)) => Self::Operator,
            (None, Actor::Member(_)) => Self::FormerMember,
        }
    }

    /// The role of a member; `None` for everybody else.
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Member(role) => Some(role),
            Self::Operator | Self::FormerMember => None,
        }
    }
}
