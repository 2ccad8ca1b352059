//! What one affected user is told of a change.

use alloc::vec::Vec;

use crate::{Actor, Change, ChangeKind, Group, GroupId, GroupName, NewMember, Role, Timestamp, UserId, Version};

/// How a user stands to a change. All users with the same view are told the same, so it needs encoding only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// They created the group, and own it.
    Creator,
    /// They were added: to a group that exists, or with its creation by somebody else.
    Added {
        /// As what.
        role: Role,
    },
    /// Their own role changed.
    RoleChanged {
        /// What they are now.
        role: Role,
        /// What they were.
        previous_role: Role,
    },
    /// They were removed.
    Removed,
    /// They left.
    Left,
    /// It happened to others, or to the group.
    Other,
}

/// What one affected user is told: one event for each version, from the one they came in with to the one they left with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// The group it is about.
    pub group_id: GroupId,
    /// The version that the change made.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// Who did it, and in which capacity.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub actor: Actor,
    /// What is told.
    pub kind: EventKind,
}

/// What is told. Exhaustive on purpose: a new kind must stop the wire from compiling.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EventKind {
    /// To the creator: the group is there.
    GroupCreated {
        /// The new group.
        group: Group,
    },
    /// To each added user.
    AddedToGroup {
        /// The group they are in now.
        group: Group,
        /// As what.
        role: Role,
    },
    /// To everybody else in the group.
    GroupUpdated {
        /// The group as it is now.
        group: Group,
        /// What happened.
        action: Action,
    },
    /// To the user whose role changed.
    RoleChanged {
        /// The group as it is now.
        group: Group,
        /// What they are now.
        role: Role,
        /// What they were.
        previous_role: Role,
    },
    /// To the user who is no longer a member.
    RemovedFromGroup {
        /// What the group is called.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        group_name: GroupName,
        /// Whether they were removed or left.
        reason: LeaveReason,
    },
    /// To everybody who was a member.
    GroupDeleted {
        /// What the group was called.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        group_name: GroupName,
    },
}

impl Event {
    /// The user who did it.
    pub fn actor_id(&self) -> UserId {
        self.actor.user_id()
    }
}

/// What happened to others, or to the group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// One person was added.
    MemberAdded {
        /// Who.
        user_id: UserId,
        /// As what.
        role: Role,
    },
    /// Several people were added at once.
    MembersAdded {
        /// Who, in joining order.
        user_ids: Vec<UserId>,
    },
    /// Somebody was removed.
    MemberRemoved {
        /// Who.
        user_id: UserId,
    },
    /// Somebody left.
    MemberLeft {
        /// Who.
        user_id: UserId,
        /// Who is the owner since, where the leaver was.
        successor: Option<UserId>,
    },
    /// Somebody else's role changed.
    RoleChanged {
        /// Who.
        user_id: UserId,
        /// What they are now.
        role: Role,
    },
    /// The ownership changed hands between others.
    OwnerChanged {
        /// The new owner.
        user_id: UserId,
    },
    /// The name or the description changed.
    SettingsChanged,
}

/// How somebody ceased to be a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum LeaveReason {
    /// Somebody else did it.
    Removed,
    /// They did it themselves.
    Left,
}

/// What `user_id` is told of `change`; they must be affected, that is, a member before or after it.
///
/// The change alone cannot tell who else is in the group: for somebody who is not affected the answer is what the other
/// members are told, and telling it to them is the caller's mistake. [`Roster::told`](crate::Roster::told) makes none.
///
/// ```
/// use groups_domain::{
///     Action, Change, ChangeKind, Description, EventKind, Group, GroupId, GroupName, NewMember, Role, Timestamp, UserId,
///     Uuid, Version, event_for,
/// };
///
/// let (ada, bob) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
/// let now = Timestamp::from_unix_millis(1_700_000_000_000);
/// let group = Group {
///     group_id: GroupId::new(Uuid::from_u128(10)),
///     name: GroupName::parse("Project Team")?,
///     description: Description::default(),
///     owner_id: ada,
///     member_count: 2,
///     version: Version::new(2),
///     created_at: now,
///     updated_at: now,
/// };
/// let kind = ChangeKind::MembersAdded { members: vec![NewMember::plain(bob)] };
/// let change = Change { group: group.clone(), actor: ada.into(), kind };
///
/// let to_bob = EventKind::AddedToGroup { group: group.clone(), role: Role::Member };
/// assert_eq!(event_for(&change, bob).kind, to_bob);
/// let action = Action::MemberAdded { user_id: bob, role: Role::Member };
/// assert_eq!(event_for(&change, ada).kind, EventKind::GroupUpdated { group, action });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn event_for(change: &Change, user_id: UserId) -> Event {
    change.event(change.view_of(user_id))
}

impl Change {
    /// What every affected user with this view is told. The view has to be one of this change's: that of a subject in
    /// [`subjects`](Self::subjects), or [`View::Other`].
    pub fn event(&self, view: View) -> Event {
        let group = || self.group.clone();
        let group_name = || self.group.name.clone();
        let kind = match view {
            View::Creator => EventKind::GroupCreated { group: group() },
            View::Added { role } => EventKind::AddedToGroup { group: group(), role },
            View::RoleChanged { role, previous_role } => EventKind::RoleChanged { group: group(), role, previous_role },
            View::Removed => EventKind::RemovedFromGroup { group_name: group_name(), reason: LeaveReason::Removed },
            View::Left => EventKind::RemovedFromGroup { group_name: group_name(), reason: LeaveReason::Left },
            View::Other => match self.action() {
                Some(action) => EventKind::GroupUpdated { group: group(), action },
                None => EventKind::GroupDeleted { group_name: group_name() },
            },
        };
        Event { group_id: self.group_id(), version: self.version(), at: self.at(), actor: self.actor, kind }
    }

    /// What it is to those whom it does not name; `None` where it is the end of the group.
    fn action(&self) -> Option<Action> {
        Some(match &self.kind {
            // A single addition has its own form, however it was asked for. A creation names everybody whom it affects, so
            // nobody is told of one in this form.
            ChangeKind::MembersAdded { members } | ChangeKind::GroupCreated { members } => match members[..] {
                [NewMember { user_id, role }] => Action::MemberAdded { user_id, role },
                _ => Action::MembersAdded { user_ids: members.iter().map(|member| member.user_id).collect() },
            },
            ChangeKind::SettingsChanged { .. } => Action::SettingsChanged,
            ChangeKind::MemberRemoved { user_id } => Action::MemberRemoved { user_id: *user_id },
            ChangeKind::MemberLeft { successor } => {
                Action::MemberLeft { user_id: self.actor_id(), successor: successor.map(|to| to.user_id) }
            }
            ChangeKind::RoleChanged { user_id, role, .. } => Action::RoleChanged { user_id: *user_id, role: *role },
            ChangeKind::OwnershipTransferred { successor, .. } => Action::OwnerChanged { user_id: successor.user_id },
            ChangeKind::GroupDeleted => return None,
        })
    }
}
