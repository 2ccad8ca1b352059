//! Why a request is refused, and the rule that refuses it.

use crate::{UserId, Version};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal: $sentence:literal;)*) => {
        /// A rule of the domain, by the name that the code, the tests and the documentation share.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $sentence] $name,)*
        }

        impl Rule {
            /// Every rule, in reading order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its stable identifier, by which `docs/rules.md` lists it.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The rule itself, as a sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

rules! {
    OutsidersSeeNothing = "outsiders-see-nothing": "To users who are not members, the group does not exist.";
    GroupIsNew = "group-is-new": "A group is created once. Its id is never reused, even after the group is deleted.";
    AdminsAdd = "admins-add": "Adding members requires the role `admin`.";
    AdminsSet = "admins-set": "Changing the settings requires the role `admin`.";
    OwnerDeletes = "owner-deletes": "Deleting the group requires the role `owner`.";
    ActBelow = "act-below": "You can only manage members whose role is below yours.";
    GiveBelow = "give-below": "You can only assign roles below your own.";
    OneOwner = "one-owner": "A group always has exactly one owner. Nobody can be added as an owner.";
    OwnerHandsOver = "owner-hands-over": "Only the owner can transfer the ownership, and becomes `admin`.";
    OwnerLeavesWithSuccessor = "owner-leaves-with-successor": "The owner must name another member as successor when leaving.";
    LastOneDeletes = "last-one-deletes": "The last member cannot leave the group. Delete the group instead.";
    OnlyOwnersNameSuccessors = "only-owners-name-successors": "Only the owner can name a successor when leaving.";
    OwnerIsReplacedFirst = "owner-is-replaced-first": "Transfer the ownership before you remove the owner or change their role.";
    OperatorsNameOwners = "operators-name-owners": "Only an operator can create a group for another user, and an operator must name its owner.";
    AdminsReadHistory = "admins-read-history": "Reading the history requires the role `admin`.";
    MembersOnly = "members-only": "You can only manage members of the group.";
    OnceAMember = "once-a-member": "A user can be a member only once.";
    RoomForAll = "room-for-all": "A group cannot have more members than its limit.";
    InvitationOnly = "invitation-only": "People join by invitation only. Nobody can be added directly.";
    AddedByConsent = "added-by-consent": "You can only add people who allow it: they have not blocked you and, if the server requires it, share a group with you.";
    GroupsPerUser = "groups-per-user": "A user cannot be in more groups than the limit per user.";
    SeenVersion = "seen-version": "A request for one version of the group is not executed on another.";
}

/// Why a request is refused. Finite and typed; [`code`](Self::code) is stable, the sentence is for people.
///
/// ```
/// use groups_domain::{Rejection, Rule};
///
/// let refused = Rejection::Forbidden(Rule::AdminsAdd);
/// assert_eq!(refused.code(), "forbidden");
/// assert_eq!(refused.rule().id(), "admins-add");
/// assert_eq!(refused.to_string(), "Adding members requires the role `admin`.");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such group, or the actor is not in it: they cannot tell which.
    #[error("The group does not exist.")]
    GroupNotFound,
    /// A group with this id exists, or did before it was deleted.
    #[error("A group with this id already exists or was deleted.")]
    GroupExists,
    /// The actor is not allowed to do this; the rule says why.
    #[error("{}", .0.sentence())]
    Forbidden(Rule),
    /// The person whom the command names is not a member, or an operator who is not one wants to leave.
    #[error("{user_id} is not a member of this group.")]
    MemberNotFound {
        /// Who is not.
        user_id: UserId,
    },
    /// The person to be added is in already.
    #[error("{user_id} is already a member.")]
    AlreadyMember {
        /// Who is.
        user_id: UserId,
    },
    /// The group would be without an owner: the owner leaves, or an operator removes or demotes them. The rule says what to do
    /// instead.
    #[error("{}", .0.sentence())]
    OwnerMustTransfer(Rule),
    /// The role cannot be given in this way.
    #[error("{}", Rule::OneOwner.sentence())]
    InvalidRole,
    /// The group would have more members than it may.
    #[error("The group would have {would_be} members. The limit is {members_max}.")]
    TooManyMembers {
        /// How many it would have.
        would_be: u64,
        /// How many it may have.
        members_max: u32,
    },
    /// The actor may not add this person. It does not tell whether the person has blocked the actor.
    #[error("{user_id} cannot be added. {}", Rule::AddedByConsent.sentence())]
    CannotBeAdded {
        /// Who.
        user_id: UserId,
    },
    /// Somebody would be in more groups than one person may be: the person to be added, or the owner of a new group.
    #[error("{user_id} is already in {groups_max} groups, the limit per user.")]
    TooManyGroups {
        /// Who.
        user_id: UserId,
        /// How many groups one person may be in.
        groups_max: u32,
    },
    /// The group has moved on since the actor looked.
    #[error("The group is at version {current}, not {expected}.")]
    VersionMismatch {
        /// What the actor had seen.
        expected: Version,
        /// What it is.
        current: Version,
    },
}

impl Rejection {
    /// A stable name for programs, the wire's `code`. [`GroupExists`](Self::GroupExists) has one too, though no client
    /// meets it where the service chooses the ids.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::GroupNotFound => "group_not_found",
            Self::GroupExists => "group_exists",
            Self::Forbidden(_) | Self::CannotBeAdded { .. } => "forbidden",
            Self::MemberNotFound { .. } => "member_not_found",
            Self::AlreadyMember { .. } => "already_member",
            Self::OwnerMustTransfer(_) => "owner_must_transfer",
            Self::InvalidRole => "invalid_role",
            Self::TooManyMembers { .. } => "too_many_members",
            Self::TooManyGroups { .. } => "too_many_groups",
            Self::VersionMismatch { .. } => "version_mismatch",
        }
    }

    /// The rule that refused.
    pub const fn rule(&self) -> Rule {
        match self {
            Self::GroupNotFound => Rule::OutsidersSeeNothing,
            Self::GroupExists => Rule::GroupIsNew,
            Self::Forbidden(rule) | Self::OwnerMustTransfer(rule) => *rule,
            Self::MemberNotFound { .. } => Rule::MembersOnly,
            Self::AlreadyMember { .. } => Rule::OnceAMember,
            Self::InvalidRole => Rule::OneOwner,
            Self::TooManyMembers { .. } => Rule::RoomForAll,
            Self::CannotBeAdded { .. } => Rule::AddedByConsent,
            Self::TooManyGroups { .. } => Rule::GroupsPerUser,
            Self::VersionMismatch { .. } => Rule::SeenVersion,
        }
    }
}
