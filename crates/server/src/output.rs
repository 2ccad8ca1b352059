//! What goes out: the JSON of contract sections 2 and 3.

use actix_web::http::header::{ETag, EntityTag, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use groups_domain::{Group, Role};
use groups_protocol::{GroupBody, MemberBody, rfc3339};
use groups_store::{Executed, MemberRow};

/// A group as somebody with this role sees it, with its version as the entity tag. An operator who is not a member has no role.
pub(crate) fn group(mut response: HttpResponseBuilder, group: &Group, role: Option<Role>) -> HttpResponse {
    response.insert_header(etag(group)).json(GroupBody::new(group, role))
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

/// A member, as the store knows them.
pub(crate) fn member(row: MemberRow) -> MemberBody {
    let MemberRow { membership, name } = row;
    MemberBody { user_id: membership.user_id, role: membership.role, joined_at: rfc3339(membership.joined_at), name }
}
