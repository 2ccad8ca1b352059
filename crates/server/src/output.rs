//! What goes out: the JSON of contract sections 2 and 3.

use actix_web::http::header::{ETag, EntityTag};
use actix_web::{HttpResponse, HttpResponseBuilder};
use groups_domain::{Change, ChangeKind, Group, NewMember, Role};
use groups_store::{Executed, MemberRow};
use notify::wire::{GroupBody, rfc3339};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A group, with its version as the entity tag.
pub(crate) fn group(mut response: HttpResponseBuilder, group: &Group, role: Role) -> HttpResponse {
    response.insert_header(etag(group)).json(GroupBody::new(group, Some(role)))
}

pub(crate) fn etag(group: &Group) -> ETag {
    ETag(EntityTag::new_strong(group.version.to_string()))
}

/// Says that an answer is the first one again.
pub(crate) fn mark_replayed(mut response: HttpResponse, executed: &Executed) -> HttpResponse {
    use actix_web::http::header::{HeaderName, HeaderValue};
    if executed.replayed {
        let name = HeaderName::from_static("idempotency-replayed");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}

/// A member.
#[derive(Serialize)]
pub(crate) struct MemberBody {
    user_id: String,
    role: &'static str,
    joined_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
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
pub(crate) fn change(change: &Change) -> Value {
    let members = |members: &[NewMember]| -> Vec<Value> {
        members
            .iter()
            .map(|member| json!({"user_id": member.user_id.to_string(), "role": member.role.as_str()}))
            .collect()
    };
    let mut body = json!({
        "version": change.version().get(),
        "at": rfc3339(change.at()),
        "actor_id": change.actor_id.to_string(),
    });
    let (action, fields) = match &change.kind {
        ChangeKind::GroupCreated { members: joined } => (
            "group_created",
            json!({
                "name": change.group.name.as_str(),
                "description": change.group.description.as_str(),
                "members": members(joined),
            }),
        ),
        ChangeKind::SettingsChanged { name, description } => {
            let mut fields = Map::new();
            if let Some(name) = name {
                fields.insert("name".to_owned(), name.as_str().into());
            }
            if let Some(description) = description {
                fields.insert("description".to_owned(), description.as_str().into());
            }
            ("settings_changed", Value::Object(fields))
        }
        ChangeKind::MembersAdded { members: joined } => match joined[..] {
            [NewMember { user_id, role }] => {
                ("member_added", json!({"user_id": user_id.to_string(), "role": role.as_str()}))
            }
            _ => ("members_added", json!({"count": joined.len(), "members": members(joined)})),
        },
        ChangeKind::MemberRemoved { user_id } => ("member_removed", json!({"user_id": user_id.to_string()})),
        ChangeKind::MemberLeft { successor: None } => ("member_left", json!({"user_id": change.actor_id.to_string()})),
        ChangeKind::MemberLeft { successor: Some(to) } => (
            "member_left",
            json!({
                "user_id": change.actor_id.to_string(),
                "new_owner_id": to.user_id.to_string(),
            }),
        ),
        ChangeKind::RoleChanged { user_id, role, previous_role } => (
            "role_changed",
            json!({
                "user_id": user_id.to_string(),
                "role": role.as_str(),
                "previous_role": previous_role.as_str(),
            }),
        ),
        ChangeKind::OwnershipTransferred(to) => ("owner_changed", json!({"user_id": to.user_id.to_string()})),
        ChangeKind::GroupDeleted => ("group_deleted", json!({})),
    };
    if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
        body.insert("action".to_owned(), action.into());
        body.extend(fields);
    }
    body
}
