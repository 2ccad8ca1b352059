//! What one user is told of a change.

use std::borrow::Cow;

use groups_domain::{Action, Event, EventKind, GroupId, LeaveReason, Role, UserId, Version};
use serde::{Deserialize, Serialize};

use crate::{GroupBody, rfc3339};

/// From how many added people on `members_added` names nobody and only counts.
const NAMED_MEMBERS_MAX: usize = 100;

/// An event with its position in the reader's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "GroupEvent"))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody<'a> {
    /// To the user who created the group and owns it.
    GroupCreated {
        /// What every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The group's name.
        name: Cow<'a, str>,
        /// What it is for.
        description: Cow<'a, str>,
        /// Its owner.
        #[cfg_attr(test, ts(type = "Uuid"))]
        admin_id: UserId,
        /// The reader's role.
        #[cfg_attr(test, ts(type = "Role"))]
        role: Role,
        /// The group.
        group: GroupBody<'a>,
    },
    /// To each added user.
    AddedToGroup {
        /// What every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The group's name.
        group_name: Cow<'a, str>,
        /// Who added them.
        #[cfg_attr(test, ts(type = "Uuid"))]
        added_by: UserId,
        /// The reader's role.
        #[cfg_attr(test, ts(type = "Role"))]
        role: Role,
        /// The group.
        group: GroupBody<'a>,
    },
    /// To everybody else in the group.
    GroupUpdated {
        /// What every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// What happened.
        #[serde(flatten)]
        action: ActionBody<'a>,
        /// The group.
        group: GroupBody<'a>,
    },
    /// To the user whose role changed.
    RoleChanged {
        /// What every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The group's name.
        group_name: Cow<'a, str>,
        /// The reader's role now.
        #[cfg_attr(test, ts(type = "Role"))]
        role: Role,
        /// The reader's role before.
        #[cfg_attr(test, ts(type = "Role"))]
        previous_role: Role,
        /// Who changed it.
        #[cfg_attr(test, ts(type = "Uuid"))]
        changed_by: UserId,
        /// The group.
        group: GroupBody<'a>,
    },
    /// To the user who is no longer a member.
    RemovedFromGroup {
        /// What every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The group's name.
        group_name: Cow<'a, str>,
        /// Who did it.
        #[cfg_attr(test, ts(type = "Uuid"))]
        removed_by: UserId,
        /// `removed` or `left`.
        #[cfg_attr(test, ts(type = "LeaveReason"))]
        reason: LeaveReason,
    },
    /// To everybody who was a member.
    GroupDeleted {
        /// What every event has.
        #[serde(flatten)]
        head: EventHead<'a>,
        /// The group's name.
        group_name: Cow<'a, str>,
        /// Who did it.
        #[cfg_attr(test, ts(type = "Uuid"))]
        deleted_by: UserId,
    },
}

/// What every event has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct EventHead<'a> {
    /// Of which group.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub group_id: GroupId,
    /// The version of the group that it made.
    #[cfg_attr(test, ts(type = "number"))]
    pub version: Version,
    /// What to resume from after it.
    #[cfg_attr(test, ts(type = "Cursor"))]
    pub cursor: Cow<'a, str>,
    /// When it happened.
    #[cfg_attr(test, ts(type = "Time"))]
    pub at: String,
    /// Who did it.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub actor_id: UserId,
    /// Only on what an operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "true"))]
    pub operator: Option<bool>,
}

/// What happened to others, or to the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Action"))]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ActionBody<'a> {
    /// One person was added.
    MemberAdded {
        /// Who.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
        /// As what.
        #[cfg_attr(test, ts(type = "Role"))]
        role: Role,
    },
    /// Several people were added at once.
    MembersAdded {
        /// How many.
        count: usize,
        /// Who, where there are at most 100.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid[]"))]
        user_ids: Option<Cow<'a, [UserId]>>,
    },
    /// Somebody was removed.
    MemberRemoved {
        /// Who.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
    },
    /// Somebody left.
    MemberLeft {
        /// Who.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
        /// Who is the owner since, where the leaver was.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid"))]
        new_owner_id: Option<UserId>,
    },
    /// Somebody else's role changed.
    RoleChanged {
        /// Who.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
        /// What they are now.
        #[cfg_attr(test, ts(type = "Role"))]
        role: Role,
    },
    /// The ownership changed hands between others.
    OwnerChanged {
        /// The new owner.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
    },
    /// The name or the description changed.
    SettingsChanged,
}

impl<'a> EventBody<'a> {
    /// The event as it goes to its reader; `cursor` is the position to resume from after it.
    pub fn new(event: &'a Event, cursor: &'a str) -> Self {
        let Event { group_id, version, at, actor, kind } = event;
        let (actor_id, operator, at) = (actor.user_id(), actor.is_operator().then_some(true), rfc3339(*at));
        let head = EventHead { group_id: *group_id, version: *version, cursor: cursor.into(), at, actor_id, operator };
        match kind {
            EventKind::GroupCreated { group } => Self::GroupCreated {
                head,
                name: group.name.as_str().into(),
                description: group.description.as_str().into(),
                admin_id: group.owner_id,
                role: Role::Owner,
                group: GroupBody::new(group, None),
            },
            EventKind::AddedToGroup { group, role } => Self::AddedToGroup {
                head,
                group_name: group.name.as_str().into(),
                added_by: actor_id,
                role: *role,
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
        }
    }
}

impl<'a> ActionBody<'a> {
    fn new(action: &'a Action) -> Self {
        match action {
            Action::MemberAdded { user_id, role } => Self::MemberAdded { user_id: *user_id, role: *role },
            Action::MembersAdded { user_ids } => Self::MembersAdded {
                count: user_ids.len(),
                user_ids: (user_ids.len() <= NAMED_MEMBERS_MAX).then_some(user_ids.as_slice().into()),
            },
            Action::MemberRemoved { user_id } => Self::MemberRemoved { user_id: *user_id },
            Action::MemberLeft { user_id, successor } => {
                Self::MemberLeft { user_id: *user_id, new_owner_id: *successor }
            }
            Action::RoleChanged { user_id, role } => Self::RoleChanged { user_id: *user_id, role: *role },
            Action::OwnerChanged { user_id } => Self::OwnerChanged { user_id: *user_id },
            Action::SettingsChanged => Self::SettingsChanged,
        }
    }
}
