//! The event that one affected user receives for a change.

use alloc::vec::Vec;

use crate::{Actor, Change, ChangeKind, Group, GroupId, GroupName, NewMember, Role, Timestamp, UserId, Version, View};

/// The event that one affected user receives. A user receives one event per version, from the version in which they joined
/// to the version in which they left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// The group that changed.
    pub group_id: GroupId,
    /// The version of the group after the change.
    pub version: Version,
    /// The time of the change.
    pub at: Timestamp,
    /// The user who made the change, and in which capacity.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub actor: Actor,
    /// The kind of event, with its details.
    pub kind: EventKind,
}

/// The kind of an event. Deliberately exhaustive: if a kind is added, the wire does not compile until it handles it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EventKind {
    /// Sent to the creator, if they own the group.
    GroupCreated {
        /// The new group.
        group: Group,
    },
    /// Sent to each added user.
    AddedToGroup {
        /// The group that they joined.
        group: Group,
        /// Their role in the group.
        role: Role,
    },
    /// Sent to all other members.
    GroupUpdated {
        /// The group after the change.
        group: Group,
        /// The change, as other members see it.
        action: Action,
    },
    /// Sent to the user whose role changed.
    RoleChanged {
        /// The group after the change.
        group: Group,
        /// The role after the change.
        role: Role,
        /// The role before the change.
        previous_role: Role,
    },
    /// Sent to the user who is no longer a member.
    RemovedFromGroup {
        /// The name of the group.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        group_name: GroupName,
        /// Whether they were removed or left.
        reason: LeaveReason,
    },
    /// Sent to every former member of a deleted group.
    GroupDeleted {
        /// The name of the deleted group.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        group_name: GroupName,
    },
}

impl Event {
    /// The user who made the change.
    pub fn actor_id(&self) -> UserId {
        self.actor.user_id()
    }
}

/// A change of other members or of the group itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// One user was added.
    MemberAdded {
        /// The new member.
        user_id: UserId,
        /// Their role.
        role: Role,
    },
    /// Several users were added in one change.
    MembersAdded {
        /// The new members in joining order.
        user_ids: Vec<UserId>,
    },
    /// A member was removed.
    MemberRemoved {
        /// The user who was removed.
        user_id: UserId,
    },
    /// A member left.
    MemberLeft {
        /// The user who left.
        user_id: UserId,
        /// The new owner, if the user who left was the owner.
        successor: Option<UserId>,
    },
    /// Another member's role changed.
    RoleChanged {
        /// The member whose role changed.
        user_id: UserId,
        /// The new role.
        role: Role,
    },
    /// The ownership was transferred between other members.
    OwnerChanged {
        /// The new owner.
        user_id: UserId,
    },
    /// The name or the description changed.
    SettingsChanged,
}

/// How a membership ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum LeaveReason {
    /// Another user removed the member.
    Removed,
    /// The member left.
    Left,
}

/// The event for `user_id` about `change`. The user must be affected, that is, a member before or after the change.
///
/// The change does not list all members, so this function cannot check that. For a user who is not affected it returns the
/// event for the other members, and the caller must not deliver it. [`Roster::told`](crate::Roster::told) returns events
/// for affected users only.
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
    /// The event for every affected user with this view. The view must be one that
    /// [`subjects`](Self::subjects) returns for this change, or [`View::Other`].
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

    /// The change as members see it who are not its subjects; `None` for a deletion of the group.
    fn action(&self) -> Option<Action> {
        Some(match &self.kind {
            // The addition of a single member has its own form, no matter which command added it. Every member of a new group
            // is a subject of its creation, so nobody receives a creation in this form.
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
