//! Format 1 of answers.

use groups_domain::{
    Description, DisplayName, GroupId, GroupName, JoinPolicy, Membership, Rule, Timestamp, UserId, Version,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change_1::Role;
use super::decoded;
use crate::MemberRow;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Changed { group_id: Uuid, version: u64, role: Option<Role>, member: Option<Member> },
    Unchanged { group: Group, role: Option<Role>, member: Option<Member> },
    Rejected(Rejection),
}

/// Rules by their stable identifiers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rejection {
    GroupNotFound,
    GroupExists,
    Forbidden { rule: String },
    MemberNotFound { user_id: Uuid },
    AlreadyMember { user_id: Uuid },
    OwnerMustTransfer { rule: String },
    InvalidRole,
    TooManyMembers { would_be: u64, members_max: u32 },
    VersionMismatch { expected: u64, current: u64 },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Group {
    group_id: Uuid,
    name: String,
    description: String,
    owner_id: Uuid,
    member_count: u32,
    version: u64,
    created_at: i64,
    updated_at: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Member {
    user_id: Uuid,
    role: Role,
    joined_at: i64,
    joined_version: u64,
    name: Option<String>,
}

impl Answer {
    /// The answer without the people left out; `None` if this format cannot represent it.
    pub(super) fn of(answer: &decoded::Answer) -> Option<Self> {
        // All fields are listed, so that a new field forces a new format.
        Some(match answer {
            decoded::Answer::Changed { group_id, version, role, member, left_out: _ } => Self::Changed {
                group_id: group_id.uuid(),
                version: version.get(),
                role: role.map(Into::into),
                member: member.as_ref().map(Into::into),
            },
            // Format 3, if there is a standing.
            decoded::Answer::Unchanged { group, role, member, standing: _, left_out: _ } => Self::Unchanged {
                group: group.into(),
                role: role.map(Into::into),
                member: member.as_ref().map(Into::into),
            },
            decoded::Answer::Rejected(rejection) => Self::Rejected(Rejection::of(rejection)?),
        })
    }
}

impl TryFrom<Answer> for decoded::Answer {
    type Error = String;

    fn try_from(answer: Answer) -> Result<Self, String> {
        Ok(match answer {
            Answer::Changed { group_id, version, role, member } => Self::Changed {
                group_id: GroupId::new(group_id),
                version: Version::new(version),
                role: role.map(Into::into),
                member: member.map(Into::into),
                left_out: Vec::new(),
            },
            Answer::Unchanged { group, role, member } => Self::Unchanged {
                group: group.into(),
                role: role.map(Into::into),
                member: member.map(Into::into),
                standing: None,
                left_out: Vec::new(),
            },
            Answer::Rejected(rejection) => Self::Rejected(rejection.try_into()?),
        })
    }
}

impl Rejection {
    fn of(rejection: &groups_domain::Rejection) -> Option<Self> {
        use groups_domain::Rejection as Rejected;
        Some(match rejection {
            Rejected::TooManyGroups { .. }
            | Rejected::CannotBeAdded { .. }
            | Rejected::Banned { .. }
            | Rejected::InvitationNotFound
            | Rejected::JoinRequestNotFound
            | Rejected::LinkNotFound
            | Rejected::InvalidExpiry
            | Rejected::ListFull { .. } => return None,
            Rejected::GroupNotFound => Self::GroupNotFound,
            Rejected::GroupExists => Self::GroupExists,
            Rejected::Forbidden(rule) => Self::Forbidden { rule: rule.id().to_owned() },
            Rejected::MemberNotFound { user_id } => Self::MemberNotFound { user_id: user_id.uuid() },
            Rejected::AlreadyMember { user_id } => Self::AlreadyMember { user_id: user_id.uuid() },
            Rejected::OwnerMustTransfer(rule) => Self::OwnerMustTransfer { rule: rule.id().to_owned() },
            Rejected::InvalidRole => Self::InvalidRole,
            Rejected::TooManyMembers { would_be, members_max } => {
                Self::TooManyMembers { would_be: *would_be, members_max: *members_max }
            }
            Rejected::VersionMismatch { expected, current } => {
                Self::VersionMismatch { expected: expected.get(), current: current.get() }
            }
        })
    }
}

impl TryFrom<Rejection> for groups_domain::Rejection {
    type Error = String;

    fn try_from(rejection: Rejection) -> Result<Self, String> {
        Ok(match rejection {
            Rejection::GroupNotFound => Self::GroupNotFound,
            Rejection::GroupExists => Self::GroupExists,
            Rejection::Forbidden { rule } => Self::Forbidden(rule_named(&rule)?),
            Rejection::MemberNotFound { user_id } => Self::MemberNotFound { user_id: UserId::new(user_id) },
            Rejection::AlreadyMember { user_id } => Self::AlreadyMember { user_id: UserId::new(user_id) },
            Rejection::OwnerMustTransfer { rule } => Self::OwnerMustTransfer(rule_named(&rule)?),
            Rejection::InvalidRole => Self::InvalidRole,
            Rejection::TooManyMembers { would_be, members_max } => Self::TooManyMembers { would_be, members_max },
            Rejection::VersionMismatch { expected, current } => {
                Self::VersionMismatch { expected: Version::new(expected), current: Version::new(current) }
            }
        })
    }
}

fn rule_named(id: &str) -> Result<Rule, String> {
    id.parse().map_err(|_| format!("the rule {id:?} is unknown to this version"))
}

impl From<&groups_domain::Group> for Group {
    fn from(group: &groups_domain::Group) -> Self {
        let groups_domain::Group {
            group_id,
            name,
            description,
            owner_id,
            // Format 3 if it is not closed.
            join_policy: _,
            member_count,
            version,
            created_at,
            updated_at,
        } = group;
        Self {
            group_id: group_id.uuid(),
            name: name.as_str().to_owned(),
            description: description.as_str().to_owned(),
            owner_id: owner_id.uuid(),
            member_count: *member_count,
            version: version.get(),
            created_at: created_at.unix_millis(),
            updated_at: updated_at.unix_millis(),
        }
    }
}

impl From<Group> for groups_domain::Group {
    fn from(group: Group) -> Self {
        Self {
            group_id: GroupId::new(group.group_id),
            name: GroupName::from_stored(group.name),
            description: Description::from_stored(group.description),
            owner_id: UserId::new(group.owner_id),
            join_policy: JoinPolicy::Closed,
            member_count: group.member_count,
            version: Version::new(group.version),
            created_at: Timestamp::from_unix_millis(group.created_at),
            updated_at: Timestamp::from_unix_millis(group.updated_at),
        }
    }
}

impl From<&MemberRow> for Member {
    fn from(row: &MemberRow) -> Self {
        let MemberRow { membership: Membership { user_id, role, joined_at, joined_version }, name } = row;
        Self {
            user_id: user_id.uuid(),
            role: (*role).into(),
            joined_at: joined_at.unix_millis(),
            joined_version: joined_version.get(),
            name: name.as_ref().map(|name| name.as_str().to_owned()),
        }
    }
}

impl From<Member> for MemberRow {
    fn from(member: Member) -> Self {
        let membership = Membership {
            user_id: UserId::new(member.user_id),
            role: member.role.into(),
            joined_at: Timestamp::from_unix_millis(member.joined_at),
            joined_version: Version::new(member.joined_version),
        };
        Self { membership, name: member.name.map(DisplayName::from_stored) }
    }
}
