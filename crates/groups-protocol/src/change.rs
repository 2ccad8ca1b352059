//! A change in the history of a group.

use std::borrow::Cow;

use groups_domain::{Change, ChangeKind, NewMember, Role, UserId, Version};
use serde::{Deserialize, Serialize};

use crate::rfc3339;

/// A change, as the history tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ChangeRecord"))]
pub struct ChangeBody<'a> {
    /// The version of the group that it made.
    #[cfg_attr(test, ts(type = "number"))]
    pub version: Version,
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
    /// What it did.
    #[serde(flatten)]
    pub action: ChangeAction<'a>,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ChangeAction<'a> {
    /// The group was created.
    GroupCreated {
        /// The group's name.
        name: Cow<'a, str>,
        /// What it is for.
        description: Cow<'a, str>,
        /// Who was added.
        members: Vec<NewMemberBody>,
    },
    /// The name or the description changed.
    SettingsChanged {
        /// The new name, if it changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        name: Option<Cow<'a, str>>,
        /// The new description, if it changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        description: Option<Cow<'a, str>>,
    },
    /// One person was added.
    MemberAdded(NewMemberBody),
    /// Several people were added at once.
    MembersAdded {
        /// How many people.
        count: usize,
        /// Who was added.
        members: Vec<NewMemberBody>,
    },
    /// Somebody was removed.
    MemberRemoved {
        /// Whom it concerns.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
    },
    /// Somebody left.
    MemberLeft {
        /// Whom it concerns.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
        /// Who is the owner since, where the leaver was.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid"))]
        new_owner_id: Option<UserId>,
    },
    /// Somebody's role changed.
    RoleChanged {
        /// Whom it concerns.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
        /// Their role now.
        #[cfg_attr(test, ts(type = "Role"))]
        role: Role,
        /// Their role before.
        #[cfg_attr(test, ts(type = "Role"))]
        previous_role: Role,
    },
    /// Ownership was transferred.
    OwnerChanged {
        /// Whom it concerns.
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: UserId,
    },
    /// The group was deleted.
    GroupDeleted,
}

/// Somebody who came in with a change, and as what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Joined"))]
pub struct NewMemberBody {
    /// Who.
    #[cfg_attr(test, ts(type = "Uuid"))]
    pub user_id: UserId,
    /// As what.
    #[cfg_attr(test, ts(type = "Role"))]
    pub role: Role,
}

impl<'a> ChangeBody<'a> {
    /// The change as the history shows it.
    pub fn new(change: &'a Change) -> Self {
        Self {
            version: change.version(),
            at: rfc3339(change.at()),
            actor_id: change.actor_id(),
            operator: change.actor.is_operator().then_some(true),
            action: ChangeAction::new(change),
        }
    }
}

impl<'a> ChangeAction<'a> {
    fn new(change: &'a Change) -> Self {
        let joined = |members: &[NewMember]| members.iter().map(NewMemberBody::new).collect();
        match &change.kind {
            ChangeKind::GroupCreated { members } => Self::GroupCreated {
                name: change.group.name.as_str().into(),
                description: change.group.description.as_str().into(),
                members: joined(members),
            },
            ChangeKind::SettingsChanged { name, description } => Self::SettingsChanged {
                name: name.as_ref().map(|name| name.as_str().into()),
                description: description.as_ref().map(|description| description.as_str().into()),
            },
            ChangeKind::MembersAdded { members } => match &members[..] {
                [member] => Self::MemberAdded(NewMemberBody::new(member)),
                _ => Self::MembersAdded { count: members.len(), members: joined(members) },
            },
            ChangeKind::MemberRemoved { user_id } => Self::MemberRemoved { user_id: *user_id },
            ChangeKind::MemberLeft { successor } => {
                Self::MemberLeft { user_id: change.actor_id(), new_owner_id: successor.map(|to| to.user_id) }
            }
            ChangeKind::RoleChanged { user_id, role, previous_role } => {
                Self::RoleChanged { user_id: *user_id, role: *role, previous_role: *previous_role }
            }
            ChangeKind::OwnershipTransferred { successor, .. } => Self::OwnerChanged { user_id: successor.user_id },
            ChangeKind::GroupDeleted => Self::GroupDeleted,
        }
    }
}

impl NewMemberBody {
    fn new(member: &NewMember) -> Self {
        Self { user_id: member.user_id, role: member.role }
    }
}
