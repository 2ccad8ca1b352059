//! What goes out: the JSON of contract sections 2 and 3.

use actix_web::http::header::{ETag, EntityTag, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use groups_domain::{Change, ChangeKind, Group, NewMember, Role};
use groups_store::{Executed, MemberRow};
use notify::wire::{GroupBody, rfc3339};
use serde::Serialize;

/// A group, with its version as the entity tag.
pub(crate) fn group(mut response: HttpResponseBuilder, group: &Group, role: Role) -> HttpResponse {
    response.insert_header(etag(group)).json(GroupBody::new(group, Some(role)))
}

pub(crate) fn etag(group: &Group) -> ETag {
    ETag(EntityTag::new_strong(group.version.to_string()))
}

/// The header that says that an answer is the first one again.
pub(crate) const REPLAYED: &str = "idempotency-replayed";

/// Says so, where it is.
pub(crate) fn mark_replayed(mut response: HttpResponse, executed: &Executed) -> HttpResponse {
    if executed.replayed {
        response.headers_mut().insert(HeaderName::from_static(REPLAYED), HeaderValue::from_static("true"));
    }
    response
}

/// A member.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Member"))]
pub(crate) struct MemberBody {
    #[cfg_attr(test, ts(type = "Uuid"))]
    user_id: String,
    #[cfg_attr(test, ts(type = "Role"))]
    role: &'static str,
    #[cfg_attr(test, ts(type = "Time"))]
    joined_at: String,
    /// The display name, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    name: Option<String>,
}

impl MemberBody {
    pub(crate) fn new(row: MemberRow) -> Self {
        let MemberRow { membership, name } = row;
        Self {
            user_id: membership.user_id.to_string(),
            role: membership.role.as_str(),
            joined_at: rfc3339(membership.joined_at),
            name,
        }
    }
}

/// A change, as the history tells it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ChangeRecord"))]
pub(crate) struct ChangeBody<'a> {
    /// The version of the group that it made.
    version: u64,
    #[cfg_attr(test, ts(type = "Time"))]
    at: String,
    /// Who did it.
    #[cfg_attr(test, ts(type = "Uuid"))]
    actor_id: String,
    #[serde(flatten)]
    action: ChangeAction<'a>,
}

/// What a change did.
#[derive(Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum ChangeAction<'a> {
    GroupCreated {
        name: &'a str,
        description: &'a str,
        members: Vec<NewMemberBody>,
    },
    SettingsChanged {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        description: Option<&'a str>,
    },
    MemberAdded(NewMemberBody),
    MembersAdded {
        count: usize,
        members: Vec<NewMemberBody>,
    },
    MemberRemoved {
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: String,
    },
    MemberLeft {
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: String,
        /// Who is the owner since, where the leaver was.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid"))]
        new_owner_id: Option<String>,
    },
    RoleChanged {
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: String,
        #[cfg_attr(test, ts(type = "Role"))]
        role: &'static str,
        #[cfg_attr(test, ts(type = "Role"))]
        previous_role: &'static str,
    },
    OwnerChanged {
        #[cfg_attr(test, ts(type = "Uuid"))]
        user_id: String,
    },
    GroupDeleted,
}

/// Somebody who came in with a change, and as what.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Joined"))]
pub(crate) struct NewMemberBody {
    #[cfg_attr(test, ts(type = "Uuid"))]
    user_id: String,
    #[cfg_attr(test, ts(type = "Role"))]
    role: &'static str,
}

impl<'a> ChangeBody<'a> {
    pub(crate) fn new(change: &'a Change) -> Self {
        Self {
            version: change.version().get(),
            at: rfc3339(change.at()),
            actor_id: change.actor_id.to_string(),
            action: ChangeAction::new(change),
        }
    }
}

impl<'a> ChangeAction<'a> {
    fn new(change: &'a Change) -> Self {
        let joined = |members: &[NewMember]| members.iter().map(NewMemberBody::new).collect();
        match &change.kind {
            ChangeKind::GroupCreated { members } => Self::GroupCreated {
                name: change.group.name.as_str(),
                description: change.group.description.as_str(),
                members: joined(members),
            },
            ChangeKind::SettingsChanged { name, description } => Self::SettingsChanged {
                name: name.as_ref().map(|name| name.as_str()),
                description: description.as_ref().map(|description| description.as_str()),
            },
            ChangeKind::MembersAdded { members } => match &members[..] {
                [member] => Self::MemberAdded(NewMemberBody::new(member)),
                _ => Self::MembersAdded { count: members.len(), members: joined(members) },
            },
            ChangeKind::MemberRemoved { user_id } => Self::MemberRemoved { user_id: user_id.to_string() },
            ChangeKind::MemberLeft { successor } => Self::MemberLeft {
                user_id: change.actor_id.to_string(),
                new_owner_id: successor.map(|to| to.user_id.to_string()),
            },
            ChangeKind::RoleChanged { user_id, role, previous_role } => Self::RoleChanged {
                user_id: user_id.to_string(),
                role: role.as_str(),
                previous_role: previous_role.as_str(),
            },
            ChangeKind::OwnershipTransferred(to) => Self::OwnerChanged { user_id: to.user_id.to_string() },
            ChangeKind::GroupDeleted => Self::GroupDeleted,
        }
    }
}

impl NewMemberBody {
    fn new(member: &NewMember) -> Self {
        Self { user_id: member.user_id.to_string(), role: member.role.as_str() }
    }
}
