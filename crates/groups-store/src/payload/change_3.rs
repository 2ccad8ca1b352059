//! Format 3 of changes: those of groups that are not closed, and all that concern invitations, requests to
//! join, bans and links. Other changes are still written in formats 1 and 2, so that servers of the previous
//! version can read them.

use std::num::NonZeroU32;

use groups_domain::{
    Actor, Audience, ChangeKind, Description, Group, GroupName, InvitationEnd, JoinPolicy, JoinRequestEnd, LinkId,
    Note, Timestamp, UserId, Via,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change_1::{self, Role};
use super::decoded::Columns;

#[derive(Serialize, Deserialize)]
pub(super) struct Change {
    name: String,
    description: String,
    owner_id: Uuid,
    join_policy: Policy,
    member_count: u32,
    created_at: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    operator: bool,
    kind: Kind,
    /// Present only if the ownership was transferred by somebody other than the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_owner_id: Option<Uuid>,
}

/// The names of the kinds do not overlap.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Kind {
    New(NewKind),
    Known(change_1::Kind),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NewKind {
    JoinPolicySet { name: Option<String>, description: Option<String>, join_policy: Policy },
    Joined { user_id: Uuid, role: Role, via: Way, link_id: Option<Uuid> },
    Invited { user_id: Uuid, role: Role, expires_at: Option<i64> },
    InvitationEnded { user_id: Uuid, reason: End },
    JoinRequested { role: Role, message: String, link_id: Option<Uuid> },
    JoinRequestEnded { user_id: Uuid, reason: End },
    Banned { user_id: Uuid, reason: String, before: Option<Before> },
    Unbanned { user_id: Uuid },
    LinkCreated { link_id: Uuid, role: Role, expires_at: Option<i64>, uses_max: Option<NonZeroU32>, approval: bool },
    LinksRevoked { link_ids: Vec<Uuid> },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Policy {
    Closed,
    Request,
    Open,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    Invitation,
    Request,
    Link,
    Open,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    Withdrawn,
    Declined,
    Expired,
    Banned,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Before {
    Manager,
    Member,
    Invited,
    Requested,
}

impl Change {
    pub(super) fn of(change: &groups_domain::Change) -> Self {
        // All fields are listed, so that a new field forces a new format.
        let groups_domain::Change { group, actor, kind } = change;
        let Group {
            group_id: _,
            name,
            description,
            owner_id,
            join_policy,
            member_count,
            version: _,
            created_at,
            updated_at: _,
        } = group;
        let previous_owner_id = match kind {
            ChangeKind::OwnershipTransferred { previous_owner_id, .. } => previous_owner_id.map(UserId::uuid),
            _ => None,
        };
        Self {
            name: name.as_str().to_owned(),
            description: description.as_str().to_owned(),
            owner_id: owner_id.uuid(),
            join_policy: (*join_policy).into(),
            member_count: *member_count,
            created_at: created_at.unix_millis(),
            operator: actor.is_operator(),
            kind: NewKind::of(kind).map_or_else(
                // One of the formats represents each kind.
                || Kind::Known(change_1::Kind::of(kind).unwrap_or(change_1::Kind::GroupDeleted)),
                Kind::New,
            ),
            previous_owner_id,
        }
    }

    pub(super) fn into_change(self, columns: Columns) -> groups_domain::Change {
        let group = Group {
            group_id: columns.group_id,
            name: GroupName::from_stored(self.name),
            description: Description::from_stored(self.description),
            owner_id: UserId::new(self.owner_id),
            join_policy: self.join_policy.into(),
            member_count: self.member_count,
            version: columns.version,
            created_at: Timestamp::from_unix_millis(self.created_at),
            updated_at: columns.at,
        };
        let actor = if self.operator { Actor::Operator(columns.actor_id) } else { Actor::Member(columns.actor_id) };
        let mut kind = match self.kind {
            Kind::New(kind) => kind.into(),
            Kind::Known(kind) => kind.into(),
        };
        if let ChangeKind::OwnershipTransferred { previous_owner_id, .. } = &mut kind {
            *previous_owner_id = self.previous_owner_id.map(UserId::new);
        }
        groups_domain::Change { group, actor, kind }
    }
}

impl NewKind {
    /// `None` if format 1 represents the kind.
    fn of(kind: &ChangeKind) -> Option<Self> {
        Some(match kind {
            ChangeKind::SettingsChanged { name, description, join_policy: Some(join_policy) } => Self::JoinPolicySet {
                name: name.as_ref().map(|name| name.as_str().to_owned()),
                description: description.as_ref().map(|description| description.as_str().to_owned()),
                join_policy: (*join_policy).into(),
            },
            ChangeKind::Joined { user_id, role, via, link_id } => Self::Joined {
                user_id: user_id.uuid(),
                role: (*role).into(),
                via: (*via).into(),
                link_id: link_id.map(LinkId::uuid),
            },
            ChangeKind::Invited { user_id, role, expires_at } => Self::Invited {
                user_id: user_id.uuid(),
                role: (*role).into(),
                expires_at: expires_at.map(Timestamp::unix_millis),
            },
            ChangeKind::InvitationEnded { user_id, reason } => {
                let reason = match reason {
                    InvitationEnd::Withdrawn => End::Withdrawn,
                    InvitationEnd::Declined => End::Declined,
                    InvitationEnd::Expired => End::Expired,
                    InvitationEnd::Banned => End::Banned,
                };
                Self::InvitationEnded { user_id: user_id.uuid(), reason }
            }
            ChangeKind::JoinRequested { role, message, link_id } => Self::JoinRequested {
                role: (*role).into(),
                message: message.as_str().to_owned(),
                link_id: link_id.map(LinkId::uuid),
            },
            ChangeKind::JoinRequestEnded { user_id, reason } => {
                let reason = match reason {
                    JoinRequestEnd::Declined => End::Declined,
                    JoinRequestEnd::Withdrawn => End::Withdrawn,
                    JoinRequestEnd::Banned => End::Banned,
                };
                Self::JoinRequestEnded { user_id: user_id.uuid(), reason }
            }
            ChangeKind::Banned { user_id, reason, before } => {
                let before = before.map(|before| match before {
                    Audience::Managers => Before::Manager,
                    Audience::Members => Before::Member,
                    Audience::Invited => Before::Invited,
                    Audience::Requested => Before::Requested,
                });
                Self::Banned { user_id: user_id.uuid(), reason: reason.as_str().to_owned(), before }
            }
            ChangeKind::Unbanned { user_id } => Self::Unbanned { user_id: user_id.uuid() },
            ChangeKind::LinkCreated { link_id, role, expires_at, uses_max, approval } => Self::LinkCreated {
                link_id: link_id.uuid(),
                role: (*role).into(),
                expires_at: expires_at.map(Timestamp::unix_millis),
                uses_max: *uses_max,
                approval: *approval,
            },
            ChangeKind::LinksRevoked { link_ids } => {
                Self::LinksRevoked { link_ids: link_ids.iter().map(|link_id| link_id.uuid()).collect() }
            }
            ChangeKind::GroupCreated { .. }
            | ChangeKind::SettingsChanged { join_policy: None, .. }
            | ChangeKind::MembersAdded { .. }
            | ChangeKind::MemberRemoved { .. }
            | ChangeKind::MemberLeft { .. }
            | ChangeKind::RoleChanged { .. }
            | ChangeKind::OwnershipTransferred { .. }
            | ChangeKind::GroupDeleted => return None,
        })
    }
}

impl From<NewKind> for ChangeKind {
    fn from(kind: NewKind) -> Self {
        match kind {
            NewKind::JoinPolicySet { name, description, join_policy } => Self::SettingsChanged {
                name: name.map(GroupName::from_stored),
                description: description.map(Description::from_stored),
                join_policy: Some(join_policy.into()),
            },
            NewKind::Joined { user_id, role, via, link_id } => Self::Joined {
                user_id: UserId::new(user_id),
                role: role.into(),
                via: via.into(),
                link_id: link_id.map(LinkId::new),
            },
            NewKind::Invited { user_id, role, expires_at } => Self::Invited {
                user_id: UserId::new(user_id),
                role: role.into(),
                expires_at: expires_at.map(Timestamp::from_unix_millis),
            },
            NewKind::InvitationEnded { user_id, reason } => {
                let reason = match reason {
                    End::Withdrawn => InvitationEnd::Withdrawn,
                    End::Declined => InvitationEnd::Declined,
                    End::Expired => InvitationEnd::Expired,
                    End::Banned => InvitationEnd::Banned,
                };
                Self::InvitationEnded { user_id: UserId::new(user_id), reason }
            }
            NewKind::JoinRequested { role, message, link_id } => Self::JoinRequested {
                role: role.into(),
                message: Note::from_stored(message),
                link_id: link_id.map(LinkId::new),
            },
            NewKind::JoinRequestEnded { user_id, reason } => {
                let reason = match reason {
                    End::Declined => JoinRequestEnd::Declined,
                    // Requests do not expire.
                    End::Withdrawn | End::Expired => JoinRequestEnd::Withdrawn,
                    End::Banned => JoinRequestEnd::Banned,
                };
                Self::JoinRequestEnded { user_id: UserId::new(user_id), reason }
            }
            NewKind::Banned { user_id, reason, before } => {
                let before = before.map(|before| match before {
                    Before::Manager => Audience::Managers,
                    Before::Member => Audience::Members,
                    Before::Invited => Audience::Invited,
                    Before::Requested => Audience::Requested,
                });
                Self::Banned { user_id: UserId::new(user_id), reason: Note::from_stored(reason), before }
            }
            NewKind::Unbanned { user_id } => Self::Unbanned { user_id: UserId::new(user_id) },
            NewKind::LinkCreated { link_id, role, expires_at, uses_max, approval } => Self::LinkCreated {
                link_id: LinkId::new(link_id),
                role: role.into(),
                expires_at: expires_at.map(Timestamp::from_unix_millis),
                uses_max,
                approval,
            },
            NewKind::LinksRevoked { link_ids } => {
                Self::LinksRevoked { link_ids: link_ids.into_iter().map(LinkId::new).collect() }
            }
        }
    }
}

impl From<JoinPolicy> for Policy {
    fn from(policy: JoinPolicy) -> Self {
        match policy {
            JoinPolicy::Closed => Self::Closed,
            JoinPolicy::Request => Self::Request,
            JoinPolicy::Open => Self::Open,
        }
    }
}

impl From<Policy> for JoinPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Closed => Self::Closed,
            Policy::Request => Self::Request,
            Policy::Open => Self::Open,
        }
    }
}

impl From<Via> for Way {
    fn from(via: Via) -> Self {
        match via {
            Via::Invitation => Self::Invitation,
            Via::Request => Self::Request,
            Via::Link => Self::Link,
            Via::Open => Self::Open,
        }
    }
}

impl From<Way> for Via {
    fn from(way: Way) -> Self {
        match way {
            Way::Invitation => Self::Invitation,
            Way::Request => Self::Request,
            Way::Link => Self::Link,
            Way::Open => Self::Open,
        }
    }
}
