//! Format 1 of changes.

use groups_domain::{ChangeKind, Description, GroupName, JoinPolicy, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::decoded::Columns;

#[derive(Serialize, Deserialize)]
pub(super) struct Change {
    name: String,
    description: String,
    owner_id: Uuid,
    member_count: u32,
    created_at: i64,
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    GroupCreated { members: Vec<Member> },
    SettingsChanged { name: Option<String>, description: Option<String> },
    MembersAdded { members: Vec<Member> },
    MemberRemoved { user_id: Uuid },
    MemberLeft { successor: Option<Member> },
    RoleChanged { user_id: Uuid, role: Role, previous_role: Role },
    OwnershipTransferred { user_id: Uuid, previous_role: Role },
    GroupDeleted,
}

/// A person and their new role; for a successor, their previous role.
#[derive(Serialize, Deserialize)]
pub(super) struct Member(Uuid, Role);

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Member,
    Admin,
    Owner,
}

impl From<groups_domain::Role> for Role {
    fn from(role: groups_domain::Role) -> Self {
        match role {
            groups_domain::Role::Member => Self::Member,
            groups_domain::Role::Admin => Self::Admin,
            groups_domain::Role::Owner => Self::Owner,
        }
    }
}

impl From<Role> for groups_domain::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
        }
    }
}

impl From<&groups_domain::NewMember> for Member {
    fn from(member: &groups_domain::NewMember) -> Self {
        Self(member.user_id.uuid(), member.role.into())
    }
}

impl From<Member> for groups_domain::NewMember {
    fn from(Member(user_id, role): Member) -> Self {
        Self { user_id: UserId::new(user_id), role: role.into() }
    }
}

impl Change {
    /// `None` if this format cannot represent the kind of change.
    pub(super) fn of(change: &groups_domain::Change) -> Option<Self> {
        // All fields are listed, so that a new field forces a new format. The actor is stored in a
        // column; whether it was an operator follows from the format.
        let groups_domain::Change { group, actor: _, kind } = change;
        let groups_domain::Group {
            group_id: _,
            name,
            description,
            owner_id,
            // Format 3 if it is not closed.
            join_policy: _,
            member_count,
            version: _,
            created_at,
            updated_at: _,
        } = group;
        Some(Self {
            name: name.as_str().to_owned(),
            description: description.as_str().to_owned(),
            owner_id: owner_id.uuid(),
            member_count: *member_count,
            created_at: created_at.unix_millis(),
            kind: Kind::of(kind)?,
        })
    }

    pub(super) fn into_change(self, columns: Columns) -> groups_domain::Change {
        let group = groups_domain::Group {
            group_id: columns.group_id,
            name: GroupName::from_stored(self.name),
            description: Description::from_stored(self.description),
            owner_id: UserId::new(self.owner_id),
            join_policy: JoinPolicy::Closed,
            member_count: self.member_count,
            version: columns.version,
            created_at: Timestamp::from_unix_millis(self.created_at),
            updated_at: columns.at,
        };
        groups_domain::Change { group, actor: groups_domain::Actor::Member(columns.actor_id), kind: self.kind.into() }
    }
}

impl Kind {
    /// `None` if the format cannot represent the kind.
    pub(super) fn of(kind: &ChangeKind) -> Option<Self> {
        let all = |members: &[groups_domain::NewMember]| members.iter().map(Member::from).collect();
        Some(match kind {
            ChangeKind::GroupCreated { members } => Self::GroupCreated { members: all(members) },
            ChangeKind::SettingsChanged { name, description, join_policy: None } => Self::SettingsChanged {
                name: name.as_ref().map(|name| name.as_str().to_owned()),
                description: description.as_ref().map(|description| description.as_str().to_owned()),
            },
            ChangeKind::MembersAdded { members } => Self::MembersAdded { members: all(members) },
            ChangeKind::MemberRemoved { user_id } => Self::MemberRemoved { user_id: user_id.uuid() },
            ChangeKind::MemberLeft { successor } => {
                Self::MemberLeft { successor: successor.map(|to| Member(to.user_id.uuid(), to.previous_role.into())) }
            }
            ChangeKind::RoleChanged { user_id, role, previous_role } => Self::RoleChanged {
                user_id: user_id.uuid(),
                role: (*role).into(),
                previous_role: (*previous_role).into(),
            },
            // The previous owner is the actor, or is stored separately in format 2.
            ChangeKind::OwnershipTransferred { successor, previous_owner_id: _ } => Self::OwnershipTransferred {
                user_id: successor.user_id.uuid(),
                previous_role: successor.previous_role.into(),
            },
            ChangeKind::GroupDeleted => Self::GroupDeleted,
            ChangeKind::SettingsChanged { join_policy: Some(_), .. }
            | ChangeKind::Joined { .. }
            | ChangeKind::Invited { .. }
            | ChangeKind::InvitationEnded { .. }
            | ChangeKind::JoinRequested { .. }
            | ChangeKind::JoinRequestEnded { .. }
            | ChangeKind::Banned { .. }
            | ChangeKind::Unbanned { .. }
            | ChangeKind::LinkCreated { .. }
            | ChangeKind::LinksRevoked { .. } => return None,
        })
    }
}

impl From<Kind> for ChangeKind {
    fn from(kind: Kind) -> Self {
        let all = |members: Vec<Member>| members.into_iter().map(Into::into).collect();
        let succession = |user_id, previous_role: Role| groups_domain::Succession {
            user_id: UserId::new(user_id),
            previous_role: previous_role.into(),
        };
        match kind {
            Kind::GroupCreated { members } => Self::GroupCreated { members: all(members) },
            Kind::SettingsChanged { name, description } => Self::SettingsChanged {
                name: name.map(GroupName::from_stored),
                description: description.map(Description::from_stored),
                join_policy: None,
            },
            Kind::MembersAdded { members } => Self::MembersAdded { members: all(members) },
            Kind::MemberRemoved { user_id } => Self::MemberRemoved { user_id: UserId::new(user_id) },
            Kind::MemberLeft { successor } => {
                Self::MemberLeft { successor: successor.map(|Member(user_id, role)| succession(user_id, role)) }
            }
            Kind::RoleChanged { user_id, role, previous_role } => Self::RoleChanged {
                user_id: UserId::new(user_id),
                role: role.into(),
                previous_role: previous_role.into(),
            },
            Kind::OwnershipTransferred { user_id, previous_role } => {
                let successor = succession(user_id, previous_role);
                Self::OwnershipTransferred { successor, previous_owner_id: None }
            }
            Kind::GroupDeleted => Self::GroupDeleted,
        }
    }
}
