//! The event that one affected user receives for a change.

use alloc::vec::Vec;

use core::num::NonZeroU32;

use uuid::Uuid;

use crate::{
    Actor, Audience, Change, ChangeKind, Group, GroupId, GroupName, InvitationEnd, JoinRequestEnd, LinkId, NewMember,
    Note, Preview, Role, Timestamp, UserId, Version, Via, View,
};

/// The event that one affected user receives. A member receives one event per version, from the version in which they joined
/// to the version in which they left. Others receive one for each version that concerns their own invitation or request.
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
        /// How they joined; `None` if they were added.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        via: Option<Via>,
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
    /// Sent to the invited user.
    InvitedToGroup {
        /// What they see of the group.
        group: Preview,
        /// The role that they get.
        role: Role,
        /// The time from which the invitation counts as absent.
        expires_at: Option<Timestamp>,
    },
    /// Sent to the user whose invitation ended without a membership.
    InvitationEnded {
        /// The name of the group.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        group_name: GroupName,
        /// Why it ended.
        reason: InvitationEnd,
    },
    /// Sent to the user who asked to join, on all of their devices.
    JoinRequested {
        /// What they see of the group.
        group: Preview,
        /// What they have written to the admins.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        message: Note,
    },
    /// Sent to the user whose request to join ended without a membership.
    JoinRequestEnded {
        /// The name of the group.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        group_name: GroupName,
        /// Why it ended.
        reason: JoinRequestEnd,
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
        /// How they joined; `None` if they were added.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        via: Option<Via>,
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
    /// The name, the description or the join policy changed.
    SettingsChanged,
    /// To plain members: something changed that only the owner and admins are told. The event names nobody.
    AccessChanged,
    /// To the owner and admins, like the following ones: somebody was invited.
    Invited {
        /// The invited user.
        user_id: UserId,
        /// The role that they get.
        role: Role,
        /// The time from which the invitation counts as absent.
        expires_at: Option<Timestamp>,
    },
    /// An invitation ended without a membership.
    InvitationEnded {
        /// The user who was invited.
        user_id: UserId,
        /// Why.
        reason: InvitationEnd,
    },
    /// Somebody asked to join.
    JoinRequested {
        /// The user who asked.
        user_id: UserId,
        /// What they have written.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        message: Note,
    },
    /// A request to join ended without a membership.
    JoinRequestEnded {
        /// The user who had asked.
        user_id: UserId,
        /// Why.
        reason: JoinRequestEnd,
    },
    /// Somebody was banned, and removed if they were a member.
    Banned {
        /// The banned user.
        user_id: UserId,
        /// Why.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        reason: Note,
    },
    /// A ban was lifted.
    Unbanned {
        /// The user who was banned.
        user_id: UserId,
    },
    /// A link was created.
    LinkCreated {
        /// The link.
        link_id: LinkId,
        /// The role of those who join with it.
        role: Role,
        /// The time from which it counts as absent.
        expires_at: Option<Timestamp>,
        /// How many people can use it.
        uses_max: Option<NonZeroU32>,
        /// Whether those who use it ask to join instead of joining.
        approval: bool,
    },
    /// Links were revoked.
    LinksRevoked {
        /// The links.
        link_ids: Vec<LinkId>,
    },
}

/// How a membership ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum LeaveReason {
    /// Another user removed the member.
    Removed,
    /// The member left.
    Left,
    /// Another user removed and banned the member.
    Banned,
}

/// The event for `user_id` about `change`; `None` if they are not told of it. `audience` is what the user is to the group
/// before the change, or after it if they join.
///
/// The change does not list all members, so this function cannot check that. The caller must not ask for users who are
/// nothing to the group. [`Roster::told`](crate::Roster::told) returns events for affected users only.
///
/// ```
/// use groups_domain::{
///     Action, Audience, Change, ChangeKind, Description, EventKind, Group, GroupId, GroupName, JoinPolicy, NewMember, Role,
///     Timestamp, UserId, Uuid, Version, event_for,
/// };
///
/// let (ada, bob) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
/// let now = Timestamp::from_unix_millis(1_700_000_000_000);
/// let group = Group {
///     group_id: GroupId::new(Uuid::from_u128(10)),
///     name: GroupName::parse("Project Team")?,
///     description: Description::default(),
///     owner_id: ada,
///     join_policy: JoinPolicy::Closed,
///     member_count: 2,
///     version: Version::new(2),
///     created_at: now,
///     updated_at: now,
/// };
/// let kind = ChangeKind::MembersAdded { members: vec![NewMember::plain(bob)] };
/// let change = Change { group: group.clone(), actor: ada.into(), kind };
///
/// let to_bob = EventKind::AddedToGroup { group: group.clone(), role: Role::Member, via: None };
/// assert_eq!(event_for(&change, bob, Audience::Members).map(|event| event.kind), Some(to_bob));
/// let action = Action::MemberAdded { user_id: bob, role: Role::Member, via: None };
/// let to_ada = EventKind::GroupUpdated { group, action };
/// assert_eq!(event_for(&change, ada, Audience::Managers).map(|event| event.kind), Some(to_ada));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn event_for(change: &Change, user_id: UserId, audience: Audience) -> Option<Event> {
    change.view_for(user_id, audience).map(|view| change.event(view))
}

/// In the place of the actor of an event that names nobody.
const NOBODY: Actor = Actor::Member(UserId::new(Uuid::nil()));

impl Change {
    /// The event for every affected user with this view. The view must be one that
    /// [`subjects`](Self::subjects) or [`view_of_others`](Self::view_of_others) returns for this change.
    pub fn event(&self, view: View) -> Event {
        let group = || self.group.clone();
        let group_name = || self.group.name.clone();
        let kind = match view {
            View::Creator => EventKind::GroupCreated { group: group() },
            View::Added { role, via } => EventKind::AddedToGroup { group: group(), role, via },
            View::RoleChanged { role, previous_role } => EventKind::RoleChanged { group: group(), role, previous_role },
            View::Removed => EventKind::RemovedFromGroup { group_name: group_name(), reason: LeaveReason::Removed },
            View::Left => EventKind::RemovedFromGroup { group_name: group_name(), reason: LeaveReason::Left },
            View::Banned => EventKind::RemovedFromGroup { group_name: group_name(), reason: LeaveReason::Banned },
            View::Invited => {
                let (role, expires_at) = match self.kind {
                    ChangeKind::Invited { role, expires_at, .. } => (role, expires_at),
                    _ => (Role::Member, None),
                };
                EventKind::InvitedToGroup { group: Preview::from(&self.group), role, expires_at }
            }
            View::InvitationEnded => {
                let reason = match self.kind {
                    ChangeKind::InvitationEnded { reason, .. } => reason,
                    ChangeKind::Banned { .. } => InvitationEnd::Banned,
                    _ => InvitationEnd::Withdrawn,
                };
                EventKind::InvitationEnded { group_name: group_name(), reason }
            }
            View::JoinRequested => {
                let message = match &self.kind {
                    ChangeKind::JoinRequested { message, .. } => message.clone(),
                    _ => Note::default(),
                };
                EventKind::JoinRequested { group: Preview::from(&self.group), message }
            }
            View::JoinRequestEnded => {
                let reason = match self.kind {
                    ChangeKind::JoinRequestEnded { reason, .. } => reason,
                    ChangeKind::Banned { .. } => JoinRequestEnd::Banned,
                    _ => JoinRequestEnd::Declined,
                };
                EventKind::JoinRequestEnded { group_name: group_name(), reason }
            }
            View::Other if self.is_private() => {
                EventKind::GroupUpdated { group: group(), action: Action::AccessChanged }
            }
            View::Manager | View::Other => match self.action() {
                Some(action) => EventKind::GroupUpdated { group: group(), action },
                None => EventKind::GroupDeleted { group_name: group_name() },
            },
        };
        let actor = if self.is_private() && view == View::Other { NOBODY } else { self.actor };
        Event { group_id: self.group_id(), version: self.version(), at: self.at(), actor, kind }
    }

    /// The change as the owner and admins see it who are not its subjects; `None` for a deletion of the group.
    fn action(&self) -> Option<Action> {
        Some(match &self.kind {
            // The addition of a single member has its own form, no matter which command added it. Every member of a new group
            // is a subject of its creation, so nobody receives a creation in this form.
            ChangeKind::MembersAdded { members } | ChangeKind::GroupCreated { members } => match members[..] {
                [NewMember { user_id, role }] => Action::MemberAdded { user_id, role, via: None },
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
            ChangeKind::Joined { user_id, role, via, .. } => {
                Action::MemberAdded { user_id: *user_id, role: *role, via: Some(*via) }
            }
            ChangeKind::Invited { user_id, role, expires_at } => {
                Action::Invited { user_id: *user_id, role: *role, expires_at: *expires_at }
            }
            ChangeKind::InvitationEnded { user_id, reason } => {
                Action::InvitationEnded { user_id: *user_id, reason: *reason }
            }
            ChangeKind::JoinRequested { message, .. } => {
                Action::JoinRequested { user_id: self.actor_id(), message: message.clone() }
            }
            ChangeKind::JoinRequestEnded { user_id, reason } => {
                Action::JoinRequestEnded { user_id: *user_id, reason: *reason }
            }
            ChangeKind::Banned { user_id, reason, .. } => Action::Banned { user_id: *user_id, reason: reason.clone() },
            ChangeKind::Unbanned { user_id } => Action::Unbanned { user_id: *user_id },
            ChangeKind::LinkCreated { link_id, role, expires_at, uses_max, approval } => Action::LinkCreated {
                link_id: *link_id,
                role: *role,
                expires_at: *expires_at,
                uses_max: *uses_max,
                approval: *approval,
            },
            ChangeKind::LinksRevoked { link_ids } => Action::LinksRevoked { link_ids: link_ids.clone() },
        })
    }
}
