//! Response bodies and headers (contract, sections 2 and 3).

use actix_web::http::header::{ETag, EntityTag, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use groups_domain::{AccessList, Group, Rejection, Role};
use groups_protocol::{GroupBody, MemberBody, RequestedBody, RequestedState};
use groups_store::{AdminRead, Executed, MemberRow, Outcome};

use crate::{Code, Problem};

/// Responds with a group, as a user with this role sees it, and its version as the entity tag.
/// Somebody who is not a member has no role.
pub(crate) fn group(mut response: HttpResponseBuilder, group: &Group, role: Option<Role>) -> HttpResponse {
    response.insert_header(etag(group)).json(GroupBody::new(group, role))
}

/// Responds to somebody who has tried to join.
pub(crate) fn joined(executed: &Executed) -> Result<HttpResponse, Problem> {
    let response = match executed.outcome {
        Outcome::Joined { .. } | Outcome::AlreadyIn { .. } => {
            group(HttpResponse::Ok(), &executed.group, executed.standing.role())
        }
        // Without the entity tag, which they do not see otherwise.
        Outcome::JoinRequested { .. } | Outcome::AlreadyRequested => {
            HttpResponse::Accepted().json(RequestedBody { state: RequestedState::Requested })
        }
        ref other => return Err(unexpected(other)),
    };
    Ok(mark_replayed(response, executed.replayed))
}

/// A list that only admins read, or why the caller may not.
pub(crate) fn admin_read<T>(read: AdminRead<T>, list: AccessList) -> Result<T, Problem> {
    match read {
        AdminRead::Found(found) => Ok(found),
        AdminRead::NotFound => Err(Problem::group_not_found()),
        AdminRead::Forbidden => Err(Rejection::Forbidden(list.rule()).into()),
    }
}

pub(crate) fn etag(group: &Group) -> ETag {
    ETag(EntityTag::new_strong(group.version.to_string()))
}

/// Response header that marks a replayed response to a repeated idempotency key.
pub(crate) const REPLAYED: &str = "idempotency-replayed";

/// Adds the [`REPLAYED`] header if the response is a replay.
pub(crate) fn mark_replayed(mut response: HttpResponse, replayed: bool) -> HttpResponse {
    if replayed {
        response.headers_mut().insert(HeaderName::from_static(REPLAYED), HeaderValue::from_static("true"));
    }
    response
}

/// The problem for an outcome of a different command, which would be a bug in the store.
pub(crate) fn unexpected(outcome: &Outcome) -> Problem {
    tracing::error!(?outcome, "the store returned the outcome of a different command");
    Problem::new(Code::Internal, "The change was made, but its result cannot be shown.")
}

/// Converts a member row into its response body.
pub(crate) fn member(row: MemberRow) -> MemberBody {
    let MemberRow { membership, name } = row;
    MemberBody { user_id: membership.user_id, role: membership.role, joined_at: membership.joined_at.to_string(), name }
}
