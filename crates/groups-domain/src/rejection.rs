//! Rejections of requests, and the rules behind them.

use core::fmt;
use core::str::FromStr;

use crate::{UserId, Version};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal: $sentence:literal;)*) => {
        /// A rule of the domain. The code, the tests and the documentation use the same names.
        ///
        /// Not exhaustive: a rule can be refined in any release, and every rule has an id and a sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $sentence] $name,)*
        }

        impl Rule {
            /// Every rule, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable identifier of the rule, as listed in `docs/rules.md`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The rule as a sentence for people.
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
    AdminsInvite = "admins-invite": "Inviting people, withdrawing invitations and seeing them requires the role `admin`.";
    AdminsAnswerJoinRequests = "admins-answer-join-requests": "Answering requests to join and seeing them requires the role `admin`.";
    AdminsBan = "admins-ban": "Banning people, lifting bans and seeing them requires the role `admin`.";
    AdminsManageLinks = "admins-manage-links": "Creating, revoking and seeing links requires the role `admin`.";
    BannedStayOut = "banned-stay-out": "A banned user cannot be added, invited or let in before the ban is lifted.";
    InvitedOnly = "invited-only": "Only a user with an invitation that has not expired can accept or decline it, and only that invitation can be withdrawn.";
    AskedOnly = "asked-only": "Only a request to join that was not answered yet can be answered or withdrawn.";
    LinkIsValid = "link-is-valid": "A link works until it expires, is used up or is revoked.";
    ExpiryInRange = "expiry-in-range": "An invitation or link expires after 1 second to 366 days, or never.";
    RoomOnLists = "room-on-lists": "A group cannot have more invitations, requests to join, bans or links than the limit for each.";
    SeenVersion = "seen-version": "A request for one version of the group is not executed on another.";
}

/// Writes the [`id`](Rule::id) of the rule.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// The text is not the id of a rule of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a rule is one of those in docs/rules.md, such as `admins-add`")]
#[non_exhaustive]
pub struct ParseRuleError;

impl FromStr for Rule {
    type Err = ParseRuleError;

    /// Finds a rule by its [`id`](Rule::id).
    ///
    /// # Errors
    /// [`ParseRuleError`] if no rule of this version has the id.
    fn from_str(id: &str) -> Result<Self, ParseRuleError> {
        Self::ALL.iter().copied().find(|rule| rule.id() == id).ok_or(ParseRuleError)
    }
}

impl TryFrom<&str> for Rule {
    type Error = ParseRuleError;

    fn try_from(id: &str) -> Result<Self, ParseRuleError> {
        id.parse()
    }
}

/// The reason why a request is rejected. Programs branch on the variant or the stable [`code`](Self::code); the message is
/// for people.
///
/// Deliberately exhaustive: a service maps each rejection to a status and stores it as the answer to a repeated request. To
/// handle all of them alike, use the code and the message.
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
    /// The group does not exist, or the actor is not a member. The two cases are indistinguishable to the actor.
    #[error("The group does not exist.")]
    GroupNotFound,
    /// A group with this id exists, or existed and was deleted.
    #[error("A group with this id already exists or was deleted.")]
    GroupExists,
    /// The actor does not have the permission. The rule says why.
    #[error("{}", .0.sentence())]
    Forbidden(Rule),
    /// The user named by the command is not a member, or an operator who is not a member tries to leave.
    #[error("{user_id} is not a member of this group.")]
    MemberNotFound {
        /// The user who is not a member.
        user_id: UserId,
    },
    /// The user to add is already a member.
    #[error("{user_id} is already a member.")]
    AlreadyMember {
        /// The existing member.
        user_id: UserId,
    },
    /// The group would have no owner: the owner tries to leave, or an operator tries to remove or demote the owner. The rule
    /// says what to do instead.
    #[error("{}", .0.sentence())]
    OwnerMustTransfer(Rule),
    /// A user cannot be added with this role.
    #[error("{}", Rule::OneOwner.sentence())]
    InvalidRole,
    /// The group would have more members than the limit.
    #[error("The group would have {would_be} members. The limit is {members_max}.")]
    TooManyMembers {
        /// The number of members that the group would have.
        would_be: u64,
        /// The maximum number of members of a group.
        members_max: u32,
    },
    /// The actor may not add this user. The rejection does not reveal whether the user has blocked the actor.
    #[error("{user_id} cannot be added. {}", Rule::AddedByConsent.sentence())]
    CannotBeAdded {
        /// The user who cannot be added.
        user_id: UserId,
    },
    /// A user would be in more groups than the limit: the user to add, or the owner of a new group.
    #[error("{user_id} is already in {groups_max} groups, the limit per user.")]
    TooManyGroups {
        /// The user who has reached the limit.
        user_id: UserId,
        /// The maximum number of groups of one user.
        groups_max: u32,
    },
    /// The user is banned from the group.
    #[error("{user_id} is banned from this group. {}", Rule::BannedStayOut.sentence())]
    Banned {
        /// The banned user.
        user_id: UserId,
    },
    /// There is no invitation, or it has expired. Outsiders get the same answer for groups that do not exist.
    #[error("There is no such invitation.")]
    InvitationNotFound,
    /// There is no request to join. Outsiders get the same answer for groups that do not exist.
    #[error("There is no such request to join.")]
    JoinRequestNotFound,
    /// There is no such link, or it has expired, is used up or was revoked, or the actor is banned.
    #[error("There is no such link.")]
    LinkNotFound,
    /// An invitation or link would expire too early or too late.
    #[error("{}", Rule::ExpiryInRange.sentence())]
    InvalidExpiry,
    /// A list of the group is full.
    #[error("The group already has {max} {list}, which is the limit.")]
    ListFull {
        /// Which list.
        list: AccessList,
        /// Its maximum number of entries.
        max: u32,
    },
    /// The group is not at the version that the request expects.
    #[error("The group is at version {current}, not {expected}.")]
    VersionMismatch {
        /// The version in the request.
        expected: Version,
        /// The current version of the group.
        current: Version,
    },
}

impl Rejection {
    /// A stable name for programs: the `code` on the wire. Clients never see the code of
    /// [`GroupExists`](Self::GroupExists) if the service generates the group ids.
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
            Self::Banned { .. } => "banned",
            Self::InvitationNotFound => "invitation_not_found",
            Self::JoinRequestNotFound => "request_not_found",
            Self::LinkNotFound => "link_not_found",
            Self::InvalidExpiry => "invalid_expiry",
            Self::ListFull { list, .. } => match list {
                AccessList::Invitations => "too_many_invitations",
                AccessList::JoinRequests => "too_many_requests_to_join",
                AccessList::Bans => "too_many_bans",
                AccessList::Links => "too_many_links",
            },
            Self::VersionMismatch { .. } => "version_mismatch",
        }
    }

    /// The rule that the request violates.
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
            Self::Banned { .. } => Rule::BannedStayOut,
            Self::InvitationNotFound => Rule::InvitedOnly,
            Self::JoinRequestNotFound => Rule::AskedOnly,
            Self::LinkNotFound => Rule::LinkIsValid,
            Self::InvalidExpiry => Rule::ExpiryInRange,
            Self::ListFull { .. } => Rule::RoomOnLists,
            Self::VersionMismatch { .. } => Rule::SeenVersion,
        }
    }
}

/// A list of a group that only its owner and admins see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessList {
    /// Invitations that were not answered.
    Invitations,
    /// Requests to join that were not answered.
    JoinRequests,
    /// Bans.
    Bans,
    /// Links.
    Links,
}

impl AccessList {
    /// The rule that says who may see the list.
    pub const fn rule(self) -> Rule {
        match self {
            Self::Invitations => Rule::AdminsInvite,
            Self::JoinRequests => Rule::AdminsAnswerJoinRequests,
            Self::Bans => Rule::AdminsBan,
            Self::Links => Rule::AdminsManageLinks,
        }
    }
}

/// Writes the plural for a sentence.
impl fmt::Display for AccessList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Invitations => "invitations",
            Self::JoinRequests => "requests to join",
            Self::Bans => "bans",
            Self::Links => "links",
        })
    }
}
