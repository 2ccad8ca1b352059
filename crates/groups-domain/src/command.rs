//! What somebody may ask for.

use alloc::vec;
use alloc::vec::Vec;

use crate::{Actor, Description, GroupId, GroupName, NewMember, Role, TextError, Timestamp, UserId, Version};

/// What is asked for. Exhaustive on purpose: a new command must stop every layer from compiling until it has its rules.
///
/// Deserialising one (feature `serde`) checks its texts as [`GroupName::parse`] and [`Description::parse`] do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Command {
    /// Create the group; the initial members join in the same change.
    CreateGroup {
        /// Its name.
        name: GroupName,
        /// What it is for.
        description: Description,
        /// Who joins with it. The owner is ignored here, and of a user who is named twice the first mention counts.
        members: Vec<NewMember>,
        /// The owner of the new group. `None` is the actor. An operator must name the owner; a member may name nobody else.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        owner_id: Option<UserId>,
    },
    /// Change the name, the description or both; `None` leaves it as it is.
    UpdateSettings {
        /// The new name.
        name: Option<GroupName>,
        /// The new description; an empty one takes it away.
        description: Option<Description>,
    },
    /// Add one person. Somebody who is in already makes it fail.
    AddMember(NewMember),
    /// Add many in one change. Those who are in already are skipped and keep their role; of somebody who is named
    /// twice the first mention counts. The roles of all who are named are judged, also of those skipped.
    /// People who cannot join for a reason of their own are left out, and the others join: [`left_out`](crate::left_out).
    /// How many may be named at once is for the caller to limit.
    AddMembers(Vec<NewMember>),
    /// Remove a person. Removing oneself is leaving, for an operator who is a member as well. An operator cannot
    /// remove the owner: the ownership is transferred first.
    RemoveMember {
        /// Who has to go.
        user_id: UserId,
    },
    /// Leave. The owner names a successor, and the transfer and the leaving are one change.
    Leave {
        /// Who becomes the owner; only the owner names one.
        successor: Option<UserId>,
    },
    /// Give somebody another role. Giving `owner` transfers the ownership: the previous owner becomes `admin`.
    ChangeRole {
        /// Whose role.
        user_id: UserId,
        /// The role they get.
        role: Role,
    },
    /// Delete the group for everybody.
    DeleteGroup,
}

impl Command {
    /// [`Command::CreateGroup`] without initial members, from plain text.
    ///
    /// ```
    /// use groups_domain::{Command, TextError};
    ///
    /// assert!(Command::create("Project Team", "").is_ok());
    /// assert_eq!(Command::create("   ", ""), Err(TextError::Empty));
    /// ```
    ///
    /// # Errors
    /// [`TextError`] where the name or the description is not one.
    pub fn create(name: &str, description: &str) -> Result<Self, TextError> {
        Ok(Self::CreateGroup {
            name: GroupName::parse(name)?,
            description: Description::parse(description)?,
            members: Vec::new(),
            owner_id: None,
        })
    }
}

/// A command with all that decides it besides the facts: for which group, by whom, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// The group it is for; for [`Command::CreateGroup`] a fresh id.
    pub group_id: GroupId,
    /// Who asks, and in which capacity.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub actor: Actor,
    /// When. It becomes the change's time, unless the group's last change is later: then that one does.
    pub at: Timestamp,
    /// The version that the actor has seen, where they insist on it. [`Command::CreateGroup`] pays no heed to it.
    pub expected_version: Option<Version>,
    /// What they ask for.
    pub command: Command,
}

impl Request {
    /// The users whose memberships the decision depends on: the actor and those whom the command names.
    ///
    /// Together with the group itself, with the owner's membership if [`reads_owner`](Self::reads_owner), and with what is known of the [`candidates`](Self::candidates), this is all that
    /// [`decide`](crate::decide) looks at. Users may repeat.
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
            // A group that does not exist yet has no members to read.
            Command::CreateGroup { .. } => {}
            Command::UpdateSettings { .. } | Command::DeleteGroup => {}
            Command::AddMember(member) => users.push(member.user_id),
            Command::AddMembers(members) => users.extend(members.iter().map(|member| member.user_id)),
            Command::RemoveMember { user_id } | Command::ChangeRole { user_id, .. } => users.push(*user_id),
            Command::Leave { successor } => users.extend(successor),
        }
        users
    }

    /// Whether the facts must also contain the membership of the group's current owner. This is so if an operator
    /// transfers the ownership, because the owner steps down without being named.
    ///
    /// In a batch of requests for one group, the owner at its beginning is enough: later owners are named.
    pub fn reads_owner(&self) -> bool {
        self.actor.is_operator() && matches!(self.command, Command::ChangeRole { role: Role::Owner, .. })
    }

    /// The users who would become members. The decision depends on what is known of each of them beyond the group:
    /// [`People`](crate::People). Users may repeat.
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
            Command::UpdateSettings { .. }
            | Command::RemoveMember { .. }
            | Command::Leave { .. }
            | Command::ChangeRole { .. }
            | Command::DeleteGroup => Vec::new(),
        }
    }
}
