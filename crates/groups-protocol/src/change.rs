//! Changes in the history of a group.

use std::borrow::Cow;

use groups_domain::{Change, ChangeKind, NewMember, Role, UserId, Version};
use serde::{Deserialize, Serialize};

/// A change in the history of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(ts_rs::TS, schemars::JsonSchema),
    ts(rename = "ChangeRecord"),
    schemars(rename = "ChangeRecord")
)]
pub struct ChangeBody<'a> {
    /// The version of the group after the change.
    #[cfg_attr(test, ts(type = "number"), schemars(with = "crate::schema::Version"))]
    pub version: Version,
    /// The time of the change.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
    /// The user who made the change.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub actor_id: UserId,
    /// `true` if an operator made the change, absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "true"), schemars(with = "Option<crate::schema::True>"))]
    pub operator: Option<bool>,
    /// The kind of change, with its details.
    #[serde(flatten)]
    pub action: ChangeAction<'a>,
}

/// The kind of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum ChangeAction<'a> {
    /// The group was created.
    GroupCreated {
        /// The name of the group.
        name: Cow<'a, str>,
        /// The description of the group.
        description: Cow<'a, str>,
        /// The initial members, without the owner.
        members: Vec<NewMemberBody>,
    },
    /// The name or the description changed.
    SettingsChanged {
        /// The new name. Absent if it did not change.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        name: Option<Cow<'a, str>>,
        /// The new description. Absent if it did not change.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        description: Option<Cow<'a, str>>,
    },
    /// One user was added.
    MemberAdded(NewMemberBody),
    /// Several users were added in one change.
    MembersAdded {
        /// The number of users added.
        count: usize,
        /// The new members, in joining order.
        members: Vec<NewMemberBody>,
    },
    /// A member was removed.
    MemberRemoved {
        /// The user who was removed.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
    },
    /// A member left.
    MemberLeft {
        /// The user who left.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// The new owner, if the user who left was the owner. Absent otherwise.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid"), schemars(with = "Option<crate::schema::Id>"))]
        new_owner_id: Option<UserId>,
    },
    /// A member's role changed.
    RoleChanged {
        /// The user whose role changed.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// The role after the change.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// The role before the change.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        previous_role: Role,
    },
    /// The ownership was transferred.
    OwnerChanged {
        /// The new owner.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
    },
    /// The group was deleted.
    GroupDeleted,
}

/// A user who joined with a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Joined"), schemars(rename = "Joined"))]
pub struct NewMemberBody {
    /// The new member.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The role of the new member.
    #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
    pub role: Role,
}

impl<'a> ChangeBody<'a> {
    /// The history entry of a change.
    pub fn new(change: &'a Change) -> Self {
        Self {
            version: change.version(),
            at: change.at().to_string(),
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
