//! The results of orders.

use groups_domain::{Actor, Ban, Change, Group, Invitation, LeftOut, NewMember, Role};

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
    /// `Invite`: the user is invited.
    Invited {
        /// The new version.
        change: Change,
    },
    /// `Invite`: the user was invited already.
    AlreadyInvited {
        /// The invitation.
        invitation: Invitation,
    },
    /// `WithdrawInvitation`, `DeclineInvitation` or `ExpireInvitation`: there is no invitation any longer.
    InvitationEnded {
        /// The new version.
        change: Change,
    },
    /// `ExpireInvitation`: the user has no invitation that has expired.
    NothingExpired,
    /// `AcceptInvitation`, `Join`, `UseLink`, `ApproveJoinRequest`, or `Invite` of a user who has asked: the
    /// user is a member.
    Joined {
        /// The new member, with the display name known at that time.
        member: MemberRow,
        /// The new version.
        change: Change,
    },
    /// `AcceptInvitation`, `Join` or `UseLink`: the actor was a member already.
    AlreadyIn {
        /// The actor, with the display name known at that time.
        member: MemberRow,
    },
    /// `Join` or `UseLink`: the actor has asked.
    JoinRequested {
        /// The new version.
        change: Change,
    },
    /// `Join` or `UseLink`: the actor had asked already.
    AlreadyRequested,
    /// `WithdrawJoinRequest` or `DeclineJoinRequest`: there is no request any longer.
    JoinRequestEnded {
        /// The new version.
        change: Change,
    },
    /// `Ban`: the user is banned, and no member any longer.
    Banned {
        /// The new version.
        change: Change,
    },
    /// `Ban`: the user was banned already.
    AlreadyBanned {
        /// The ban.
        ban: Ban,
    },
    /// `Unban`: the user is not banned any longer.
    Unbanned {
        /// The new version.
        change: Change,
    },
    /// `Unban`: the user was not banned.
    NotBanned,
    /// `CreateLink`: the link can be used.
    LinkCreated {
        /// The new version.
        change: Change,
    },
    /// `CreateLink`: the group had this link already.
    LinkExists,
    /// `RevokeLink` or `RevokeLinks`: the links cannot be used any longer.
    LinksRevoked {
        /// The new version.
        change: Change,
    },
    /// `RevokeLinks`: the group had none.
    NoLinks,
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
            | Self::GroupDeleted { change }
            | Self::Invited { change }
            | Self::InvitationEnded { change }
            | Self::Joined { change, .. }
            | Self::JoinRequested { change }
            | Self::JoinRequestEnded { change }
            | Self::Banned { change }
            | Self::Unbanned { change }
            | Self::LinkCreated { change }
            | Self::LinksRevoked { change } => Some(change),
            Self::SettingsUnchanged
            | Self::NobodyAdded { .. }
            | Self::RoleUnchanged { .. }
            | Self::AlreadyInvited { .. }
            | Self::NothingExpired
            | Self::AlreadyIn { .. }
            | Self::AlreadyRequested
            | Self::AlreadyBanned { .. }
            | Self::NotBanned
            | Self::LinkExists
            | Self::NoLinks => None,
        }
    }

    /// The one member whom the command names, if the outcome shows them.
    pub(crate) fn member_mut(&mut self) -> Option<&mut MemberRow> {
        match self {
            Self::MemberAdded { member, .. }
            | Self::RoleChanged { member, .. }
            | Self::RoleUnchanged { member }
            | Self::Joined { member, .. }
            | Self::AlreadyIn { member }
            | Self::OwnershipTransferred { new_owner: member, .. } => Some(member),
            Self::GroupCreated { .. }
            | Self::SettingsUpdated { .. }
            | Self::SettingsUnchanged
            | Self::MembersAdded { .. }
            | Self::NobodyAdded { .. }
            | Self::MemberRemoved { .. }
            | Self::Left { .. }
            | Self::GroupDeleted { .. }
            | Self::Invited { .. }
            | Self::AlreadyInvited { .. }
            | Self::InvitationEnded { .. }
            | Self::NothingExpired
            | Self::JoinRequested { .. }
            | Self::AlreadyRequested
            | Self::JoinRequestEnded { .. }
            | Self::Banned { .. }
            | Self::AlreadyBanned { .. }
            | Self::Unbanned { .. }
            | Self::NotBanned
            | Self::LinkCreated { .. }
            | Self::LinkExists
            | Self::LinksRevoked { .. }
            | Self::NoLinks => None,
        }
    }
}

/// What an actor is in a group after an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// A member with this role. An operator may be a member too.
    Member(Role),
    /// An operator who is not a member.
    Operator,
    /// Not a member: the actor has left, has asked to join or declined, or the group was deleted.
    Outsider,
}

impl Standing {
    /// The standing of an actor with this role in the group.
    pub(crate) fn new(actor: Actor, role: Option<Role>) -> Self {
        match (role, actor) {
            (Some(role), _) => Self::Member(role),
            (None, Actor::Operator(_)) => Self::Operator,
            (None, Actor::Member(_)) => Self::Outsider,
        }
    }

    /// The role of a member; `None` for everybody else.
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Member(role) => Some(role),
            Self::Operator | Self::Outsider => None,
        }
    }
}
