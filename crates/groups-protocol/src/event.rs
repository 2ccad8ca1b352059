//! The event that one user receives for a change.

mod action;

use std::borrow::Cow;

use groups_domain::{
    Event, EventKind, GroupId, InvitationEnd, JoinRequestEnd, LeaveReason, Role, UserId, Version, Via,
};
use serde::{Deserialize, Serialize};

pub use self::action::ActionBody;
use crate::{GroupBody, PreviewBody};

/// An event with its position in the receiver's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "GroupEvent"), schemars(rename = "GroupEvent"))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody<'a> {
    /// Sent to the user who created the group and owns it.
    GroupCreated {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The name of the group.
        name: Cow<'a, str>,
        /// The description of the group.
        description: Cow<'a, str>,
        /// The owner of the group.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        admin_id: UserId,
        /// The receiver's role.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// The group after the change.
        group: GroupBody<'a>,
    },
    /// Sent to each added user.
    AddedToGroup {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The name of the group.
        group_name: Cow<'a, str>,
        /// The user who added the receiver.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        added_by: UserId,
        /// The receiver's role.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// How the receiver joined. Absent if they were added.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Via"), schemars(with = "Option<crate::schema::Via>"))]
        via: Option<Via>,
        /// The group after the change.
        group: GroupBody<'a>,
    },
    /// Sent to all other members.
    GroupUpdated {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The kind of change, with its details.
        #[serde(flatten)]
        action: ActionBody<'a>,
        /// The group after the change.
        group: GroupBody<'a>,
    },
    /// Sent to the user whose role changed.
    RoleChanged {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The name of the group.
        group_name: Cow<'a, str>,
        /// The receiver's role after the change.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// The receiver's role before the change.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        previous_role: Role,
        /// The user who changed the role.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        changed_by: UserId,
        /// The group after the change.
        group: GroupBody<'a>,
    },
    /// Sent to the user who is no longer a member.
    RemovedFromGroup {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The name of the group.
        group_name: Cow<'a, str>,
        /// The user who made the change: the receiver, if they left.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        removed_by: UserId,
        /// Whether the receiver was removed or left.
        #[cfg_attr(test, ts(type = "LeaveReason"), schemars(with = "crate::schema::LeaveReason"))]
        reason: LeaveReason,
    },
    /// Sent to every former member of a deleted group.
    GroupDeleted {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The name of the group.
        group_name: Cow<'a, str>,
        /// The user who deleted the group.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        deleted_by: UserId,
    },
    /// Sent to a user who was invited.
    InvitedToGroup {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// What the receiver sees of the group.
        group: PreviewBody<'a>,
        /// The role that the receiver gets.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// The user who invited the receiver.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        invited_by: UserId,
        /// The time from which the invitation counts as absent. `null`: it does not expire.
        #[cfg_attr(test, ts(type = "Time | null"), schemars(with = "Option<crate::schema::Time>"))]
        expires_at: Option<String>,
    },
    /// Sent to a user whose invitation ended without a membership.
    InvitationEnded {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The name of the group.
        group_name: Cow<'a, str>,
        /// Why it ended.
        #[cfg_attr(test, ts(type = "InvitationEnd"), schemars(with = "crate::schema::InvitationEnd"))]
        reason: InvitationEnd,
    },
    /// Sent to a user who asked to join, on all of their devices.
    JoinRequested {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// What the receiver sees of the group.
        group: PreviewBody<'a>,
        /// What the receiver has written to the admins. Absent if nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::Note>"))]
        message: Option<Cow<'a, str>>,
    },
    /// Sent to a user whose request to join ended without a membership.
    JoinRequestEnded {
        /// The fields that every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The name of the group.
        group_name: Cow<'a, str>,
        /// Why it ended.
        #[cfg_attr(test, ts(type = "JoinRequestEnd"), schemars(with = "crate::schema::JoinRequestEnd"))]
        reason: JoinRequestEnd,
    },
}

/// The fields that every event has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct EventHead<'a> {
    /// The id of the group.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub group_id: GroupId,
    /// The version of the group after the change.
    #[cfg_attr(test, ts(type = "number"), schemars(with = "crate::schema::Version"))]
    pub version: Version,
    /// The position to resume from after this event.
    #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
    pub cursor: Cow<'a, str>,
    /// The time of the change.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
    /// The user who made the change.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub actor_id: UserId,
    /// The display name of that user. Absent if the user has none, was an operator or has left with this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::DisplayName>"))]
    pub actor_name: Option<Cow<'a, str>>,
    /// `true` if an operator made the change, absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "true"), schemars(with = "Option<crate::schema::True>"))]
    pub operator: Option<bool>,
}

impl<'a> EventBody<'a> {
    /// The wire form of an event. `cursor` is the position to resume from after it.
    pub fn new(event: &'a Event, cursor: &'a str) -> Self {
        let Event { group_id, version, at, actor, kind } = event;
        let (actor_id, operator, at) = (actor.user_id(), actor.is_operator().then_some(true), at.to_string());
        let (group_id, version, cursor) = (*group_id, *version, cursor.into());
        let head = EventHead { group_id, version, cursor, at, actor_id, actor_name: None, operator };
        match kind {
            EventKind::GroupCreated { group } => Self::GroupCreated {
                head,
                name: group.name.as_str().into(),
                description: group.description.as_str().into(),
                admin_id: group.owner_id,
                role: Role::Owner,
                group: GroupBody::new(group, None),
            },
            EventKind::AddedToGroup { group, role, via } => Self::AddedToGroup {
                head,
                group_name: group.name.as_str().into(),
                added_by: actor_id,
                role: *role,
                via: *via,
                group: GroupBody::new(group, None),
            },
            EventKind::GroupUpdated { group, action } => {
                Self::GroupUpdated { head, action: ActionBody::new(action), group: GroupBody::new(group, None) }
            }
            EventKind::RoleChanged { group, role, previous_role } => Self::RoleChanged {
                head,
                group_name: group.name.as_str().into(),
                role: *role,
                previous_role: *previous_role,
                changed_by: actor_id,
                group: GroupBody::new(group, None),
            },
            EventKind::RemovedFromGroup { group_name, reason } => Self::RemovedFromGroup {
                head,
                group_name: group_name.as_str().into(),
                removed_by: actor_id,
                reason: *reason,
            },
            EventKind::GroupDeleted { group_name } => {
                Self::GroupDeleted { head, group_name: group_name.as_str().into(), deleted_by: actor_id }
            }
            EventKind::InvitedToGroup { group, role, expires_at } => Self::InvitedToGroup {
                head,
                group: PreviewBody::new(group),
                role: *role,
                invited_by: actor_id,
                expires_at: expires_at.map(|at| at.to_string()),
            },
            EventKind::InvitationEnded { group_name, reason } => {
                Self::InvitationEnded { head, group_name: group_name.as_str().into(), reason: *reason }
            }
            EventKind::JoinRequested { group, message } => {
                let message = (!message.is_empty()).then(|| message.as_str().into());
                Self::JoinRequested { head, group: PreviewBody::new(group), message }
            }
            EventKind::JoinRequestEnded { group_name, reason } => {
                Self::JoinRequestEnded { head, group_name: group_name.as_str().into(), reason: *reason }
            }
        }
    }
}

impl<'a> EventBody<'a> {
    /// The same event with the display name of the user who made the change.
    #[must_use]
    pub fn with_actor_name(mut self, actor_name: Option<&'a str>) -> Self {
        let (Self::GroupCreated { head, .. }
        | Self::AddedToGroup { head, .. }
        | Self::GroupUpdated { head, .. }
        | Self::RoleChanged { head, .. }
        | Self::RemovedFromGroup { head, .. }
        | Self::GroupDeleted { head, .. }
        | Self::InvitedToGroup { head, .. }
        | Self::InvitationEnded { head, .. }
        | Self::JoinRequested { head, .. }
        | Self::JoinRequestEnded { head, .. }) = &mut self;
        head.actor_name = actor_name.map(Cow::Borrowed);
        self
    }
}
