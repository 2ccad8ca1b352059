//! Commands, and requests to execute them.

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::{
    Actor, Description, GroupId, GroupName, JoinPolicy, LinkId, NewMember, Note, Role, TextError, Timestamp, UserId,
    Version,
};

/// An operation on a group. Deliberately exhaustive: if a command is added, no layer compiles until it handles it.
///
/// Deserialising a command (feature `serde`) validates its texts like [`GroupName::parse`], [`Description::parse`] and
/// [`Note::parse`].
///
/// The steps of people who are not members come last: their actor acts for themselves, also as an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Command {
    /// Create the group. The initial members join in the same change.
    CreateGroup {
        /// The name of the group.
        name: GroupName,
        /// The description of the group.
        description: Description,
        /// The initial members. The owner is ignored here. If a user is named twice, the first entry counts.
        members: Vec<NewMember>,
        /// The owner of the new group; `None` means the actor. An operator must name the owner. A member cannot name
        /// another user.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        owner_id: Option<UserId>,
    },
    /// Change the name, the description, the join policy or several of them. `None` keeps the current value.
    UpdateSettings {
        /// The new name.
        name: Option<GroupName>,
        /// The new description. An empty one removes it.
        description: Option<Description>,
        /// The new join policy. Requests that were made before stay.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        join_policy: Option<JoinPolicy>,
    },
    /// Add one user. Fails if the user is already a member.
    AddMember(NewMember),
    /// Add several users in one change.
    ///
    /// Users who are already members are skipped and keep their role. If a user is named twice, the first entry counts.
    /// All roles on the list are validated, including those of skipped users. Users who have an
    /// [`Obstacle`](crate::Obstacle) are left out and the others join; see [`left_out`](crate::left_out).
    /// The caller limits the length of the list.
    AddMembers(Vec<NewMember>),
    /// Remove a member. A member who removes themselves leaves the group; so does an operator who is a member.
    /// An operator cannot remove the owner before the ownership is transferred.
    RemoveMember {
        /// The member to remove.
        user_id: UserId,
    },
    /// Leave the group. The owner must name a successor; the transfer and the leave are one change.
    Leave {
        /// The next owner. Only the owner may name one.
        successor: Option<UserId>,
    },
    /// Change a member's role. Assigning `owner` transfers the ownership: the previous owner becomes `admin`.
    ChangeRole {
        /// The member whose role changes.
        user_id: UserId,
        /// The new role.
        role: Role,
    },
    /// Delete the group for everybody.
    DeleteGroup,
    /// Invite a user. A no-op if they are invited already. A user who has asked to join becomes a member.
    Invite {
        /// The user to invite.
        user_id: UserId,
        /// The role that they get.
        role: Role,
        /// After how many seconds the invitation expires: from 1 to [`Command::EXPIRES_IN_SECONDS_MAX`]. `None`: never.
        expires_in_seconds: Option<u64>,
    },
    /// End an invitation.
    WithdrawInvitation {
        /// The invited user.
        user_id: UserId,
    },
    /// End an invitation that has expired. A no-op if the user has none that has. For the service itself, as an operator.
    ExpireInvitation {
        /// The invited user.
        user_id: UserId,
    },
    /// Let in a user who has asked to join.
    ApproveJoinRequest {
        /// The user who has asked.
        user_id: UserId,
        /// Their role. `None`: that of the request.
        role: Option<Role>,
    },
    /// Turn down a user who has asked to join.
    DeclineJoinRequest {
        /// The user who has asked.
        user_id: UserId,
    },
    /// Ban a user, who is removed if they are a member. A no-op if they are banned already.
    Ban {
        /// The user to ban.
        user_id: UserId,
        /// Why, for the other admins.
        reason: Note,
    },
    /// Lift a ban. A no-op if there is none.
    Unban {
        /// The user who was banned.
        user_id: UserId,
    },
    /// Create a link into the group.
    CreateLink {
        /// The new id. It must not reveal the token of the link.
        link_id: LinkId,
        /// The role of those who join with it.
        role: Role,
        /// After how many seconds the link expires: from 1 to [`Command::EXPIRES_IN_SECONDS_MAX`]. `None`: never.
        expires_in_seconds: Option<u64>,
        /// How many people can use it. `None`: any number.
        uses_max: Option<NonZeroU32>,
        /// Whether those who use it ask to join instead of joining.
        approval: bool,
    },
    /// Make a link useless.
    RevokeLink {
        /// The link.
        link_id: LinkId,
    },
    /// Make all links of the group useless. A no-op if there are none.
    RevokeLinks,
    /// Accept the actor's invitation. A no-op for members.
    AcceptInvitation,
    /// Decline the actor's invitation.
    DeclineInvitation,
    /// Join, or ask to join, as the group's join policy says. An invited user joins. A no-op for members, and for those who
    /// have asked and cannot join.
    Join {
        /// To the admins, with a request.
        message: Note,
    },
    /// Take back the actor's request to join.
    WithdrawJoinRequest,
    /// Join, or ask to join, with a link, whatever the group's join policy is. An invited user joins with the invitation. A
    /// no-op for members, and for those who have asked if the link only lets them ask.
    UseLink {
        /// The link.
        link_id: LinkId,
        /// To the admins, with a request.
        message: Note,
    },
}

impl Command {
    /// The longest time after which an invitation or a link expires: 366 days.
    pub const EXPIRES_IN_SECONDS_MAX: u64 = 366 * 24 * 60 * 60;

    /// Whether the command only takes something away: a membership, an invitation, a request to join, a link or the group. A
    /// program that limits how much users change must always let them do this.
    pub const fn takes_away(&self) -> bool {
        match self {
            Self::RemoveMember { .. }
            | Self::Leave { .. }
            | Self::DeleteGroup
            | Self::WithdrawInvitation { .. }
            | Self::ExpireInvitation { .. }
            | Self::DeclineJoinRequest { .. }
            | Self::Ban { .. }
            | Self::RevokeLink { .. }
            | Self::RevokeLinks
            | Self::DeclineInvitation
            | Self::WithdrawJoinRequest => true,
            Self::CreateGroup { .. }
            | Self::UpdateSettings { .. }
            | Self::AddMember(_)
            | Self::AddMembers(_)
            | Self::ChangeRole { .. }
            | Self::Invite { .. }
            | Self::ApproveJoinRequest { .. }
            | Self::Unban { .. }
            | Self::CreateLink { .. }
            | Self::AcceptInvitation
            | Self::Join { .. }
            | Self::UseLink { .. } => false,
        }
    }

    /// A [`Command::CreateGroup`] without initial members. Parses the name and the description.
    ///
    /// ```
    /// use groups_domain::{Command, TextError};
    ///
    /// assert!(Command::create("Project Team", "").is_ok());
    /// assert_eq!(Command::create("   ", ""), Err(TextError::Empty));
    /// ```
    ///
    /// # Errors
    /// [`TextError`] if the name or the description is invalid.
    pub fn create(name: &str, description: &str) -> Result<Self, TextError> {
        Ok(Self::CreateGroup {
            name: GroupName::parse(name)?,
            description: Description::parse(description)?,
            members: Vec::new(),
            owner_id: None,
        })
    }

    /// [`Command::CreateGroup`] without initial members, for an operator who creates a group for
    /// somebody else.
    ///
    /// # Errors
    /// [`TextError`] if the name or the description is invalid.
    pub fn create_for(owner_id: UserId, name: &str, description: &str) -> Result<Self, TextError> {
        Ok(Self::CreateGroup {
            name: GroupName::parse(name)?,
            description: Description::parse(description)?,
            members: Vec::new(),
            owner_id: Some(owner_id),
        })
    }
}

/// A command with its group, actor and time. Together with the [`Facts`](crate::Facts), it determines the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// The group to act on. For [`Command::CreateGroup`], a new id.
    pub group_id: GroupId,
    /// The user who makes the request, and in which capacity.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub actor: Actor,
    /// The time of the request. The change gets this time, or the time of the group's last change if that is later.
    pub at: Timestamp,
    /// The version that the group must have; `None` accepts any. [`Command::CreateGroup`] ignores it.
    pub expected_version: Option<Version>,
    /// The command to execute.
    pub command: Command,
}

impl Request {
    /// The users whose memberships and standings the decision depends on: the actor and the users named by the command.
    ///
    /// [`decide`](crate::decide) reads only these, the group itself with its [`counts`](crate::Facts::counts), the owner's
    /// membership if [`reads_owner`](Self::reads_owner), the [`links`](Self::reads_links), and the
    /// [`People`](crate::People) data of the [`candidates`](Self::candidates). The list may contain duplicates.
    ///
    /// ```
    /// use groups_domain::{Command, GroupId, NewMember, Request, Timestamp, UserId, Uuid};
    ///
    /// let (ada, bob) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
    /// let request = Request {
    ///     group_id: GroupId::new(Uuid::from_u128(10)),
    ///     actor: ada.into(),
    ///     at: Timestamp::from_unix_millis(1_700_000_000_000),
    ///     expected_version: None,
    ///     command: Command::AddMember(NewMember::plain(bob)),
    /// };
    /// assert_eq!(request.reads(), [ada, bob], "two memberships, however large the group is");
    /// ```
    pub fn reads(&self) -> Vec<UserId> {
        let mut users = vec![self.actor.user_id()];
        match &self.command {
            // A new group has no memberships to read.
            Command::CreateGroup { .. } => {}
            Command::UpdateSettings { .. } | Command::DeleteGroup => {}
            Command::AddMember(member) => users.push(member.user_id),
            Command::AddMembers(members) => users.extend(members.iter().map(|member| member.user_id)),
            Command::RemoveMember { user_id }
            | Command::ChangeRole { user_id, .. }
            | Command::Invite { user_id, .. }
            | Command::WithdrawInvitation { user_id }
            | Command::ExpireInvitation { user_id }
            | Command::ApproveJoinRequest { user_id, .. }
            | Command::DeclineJoinRequest { user_id }
            | Command::Ban { user_id, .. }
            | Command::Unban { user_id } => users.push(*user_id),
            Command::Leave { successor } => users.extend(successor),
            Command::CreateLink { .. } | Command::RevokeLink { .. } | Command::RevokeLinks => {}
            Command::AcceptInvitation
            | Command::DeclineInvitation
            | Command::Join { .. }
            | Command::WithdrawJoinRequest
            | Command::UseLink { .. } => {}
        }
        users
    }

    /// Whether the facts must also contain the membership of the group's current owner. True if an operator
    /// transfers the ownership, because the command does not name the owner who steps down.
    ///
    /// A batch of requests for one group needs only the owner at its start: later owners are named by its commands.
    pub fn reads_owner(&self) -> bool {
        self.actor.is_operator() && matches!(self.command, Command::ChangeRole { role: Role::Owner, .. })
    }

    /// Which of the group's links the decision depends on.
    pub fn reads_links(&self) -> LinkReads {
        match &self.command {
            Command::CreateLink { link_id, .. }
            | Command::RevokeLink { link_id }
            | Command::UseLink { link_id, .. } => LinkReads::One(*link_id),
            Command::RevokeLinks => LinkReads::All,
            _ => LinkReads::None,
        }
    }

    /// The users who would become members, or whose consent matters. The decision depends on data about them outside of the group; see
    /// [`People`](crate::People). The list may contain duplicates.
    ///
    /// ```
    /// use groups_domain::{Command, GroupId, NewMember, Request, Timestamp, UserId, Uuid};
    ///
    /// let (ada, bob) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
    /// let request = |command| Request {
    ///     group_id: GroupId::new(Uuid::from_u128(10)),
    ///     actor: ada.into(),
    ///     at: Timestamp::from_unix_millis(1_700_000_000_000),
    ///     expected_version: None,
    ///     command,
    /// };
    /// assert_eq!(request(Command::create("Project Team", "")?).candidates(), [ada], "the owner joins as well");
    /// assert_eq!(request(Command::AddMember(NewMember::plain(bob))).candidates(), [bob]);
    /// assert_eq!(request(Command::DeleteGroup).candidates(), []);
    /// # Ok::<(), groups_domain::TextError>(())
    /// ```
    pub fn candidates(&self) -> Vec<UserId> {
        let all = |members: &[NewMember]| members.iter().map(|member| member.user_id).collect::<Vec<_>>();
        match &self.command {
            Command::CreateGroup { members, owner_id, .. } => {
                let mut users = all(members);
                users.push(owner_id.unwrap_or(self.actor.user_id()));
                users
            }
            Command::AddMember(member) => vec![member.user_id],
            Command::AddMembers(members) => all(members),
            Command::Invite { user_id, .. } | Command::ApproveJoinRequest { user_id, .. } => vec![*user_id],
            Command::AcceptInvitation | Command::Join { .. } | Command::UseLink { .. } => vec![self.actor.user_id()],
            Command::UpdateSettings { .. }
            | Command::RemoveMember { .. }
            | Command::Leave { .. }
            | Command::ChangeRole { .. }
            | Command::DeleteGroup
            | Command::WithdrawInvitation { .. }
            | Command::ExpireInvitation { .. }
            | Command::DeclineJoinRequest { .. }
            | Command::Ban { .. }
            | Command::Unban { .. }
            | Command::CreateLink { .. }
            | Command::RevokeLink { .. }
            | Command::RevokeLinks
            | Command::DeclineInvitation
            | Command::WithdrawJoinRequest => Vec::new(),
        }
    }
}

/// The links of a group that a decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkReads {
    /// None.
    None,
    /// This one, if it is a link of the group.
    One(LinkId),
    /// All links of the group.
    All,
}
