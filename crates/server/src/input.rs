//! Parses requests into domain types.

mod body;
mod command_request;
mod if_match;
mod json;
mod member;
mod paging;
mod reading;

use std::time::Duration;

use actix_web::{HttpRequest, web};
use groups_domain::{GroupId, JoinPolicy, LinkId, Note, ParseJoinPolicyError, Rejection, Role, UserId};
use serde::de::DeserializeOwned;
use serde_json::Number;
use uuid::Uuid;

use crate::{Code, Problem};

use body::BODY_BYTES_MAX;
pub(crate) use body::{end_body_despite_upgrade, read_body, spare_oversized};
pub(crate) use command_request::CommandRequest;
#[cfg(fuzzing)]
pub(crate) use if_match::fuzz;
pub(crate) use json::{Object, json};
#[cfg(test)]
pub(crate) use member::MEMBERS_PER_REQUEST_MAX;
pub(crate) use member::MemberInput;
pub(crate) use paging::{Paging, Place};
pub(crate) use reading::Reading;

/// Parses a UUID in hyphenated form; other forms are rejected.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    (text.len() == uuid::fmt::Hyphenated::LENGTH).then(|| Uuid::try_parse(text).ok())?
}

/// Parses the group id in the path.
pub(crate) fn group_id(text: &str) -> Result<GroupId, Problem> {
    uuid(text).map(GroupId::new).ok_or_else(|| Problem::malformed("the group id in the path is not a UUID"))
}

/// Parses the link id in the path.
pub(crate) fn link_id(text: &str) -> Result<LinkId, Problem> {
    uuid(text).map(LinkId::new).ok_or_else(|| Problem::malformed("the link id in the path is not a UUID"))
}

/// Parses the member id in the path. `me` stands for the caller.
pub(crate) fn member_id(text: &str, caller: UserId) -> Result<UserId, Problem> {
    if text == "me" {
        return Ok(caller);
    }
    user(text).ok_or_else(|| Problem::malformed("the user id in the path is neither 'me' nor a UUID"))
}

/// Parses a user id. The nil UUID is not a user: it stands for users who were erased.
fn user(text: &str) -> Option<UserId> {
    uuid(text).filter(|id| !id.is_nil()).map(UserId::new)
}

/// Parses how long an answer may wait for something to happen, in seconds. A larger value than the
/// maximum is reduced to it. Default: 0.
pub(crate) fn wait(seconds: Option<&str>, seconds_max: u64) -> Result<Duration, Problem> {
    let seconds = seconds.map_or(Ok(0), str::parse::<u64>);
    let seconds = seconds.map_err(|_| Problem::malformed("`wait` must be a number of seconds."))?;
    Ok(Duration::from_secs(seconds.min(seconds_max)))
}

/// Parses a user id in a body or a query.
pub(crate) fn user_id(text: &str, field: &str) -> Result<UserId, Problem> {
    user(text).ok_or_else(|| Problem::malformed(format!("{field} is not the UUID of a user")))
}

/// Parses a role name.
pub(crate) fn role(name: &str) -> Result<Role, Problem> {
    name.parse().map_err(|error| Problem::new(Code::InvalidRole, format!("{error}")))
}

/// Parses a join policy.
pub(crate) fn join_policy(name: &str) -> Result<JoinPolicy, Problem> {
    name.parse().map_err(|error: ParseJoinPolicyError| {
        Problem::new(Code::InvalidJoinPolicy, format!("Invalid join policy: {error}."))
    })
}

/// Parses how long an invitation or a link is valid. Its range is a rule of the domain.
pub(crate) fn seconds_of_validity(seconds: Option<&Number>) -> Result<Option<u64>, Problem> {
    seconds.map(|seconds| seconds.as_u64().ok_or_else(|| Rejection::InvalidExpiry.into())).transpose()
}

/// Parses what somebody who asks to join writes to the admins.
pub(crate) fn message(text: Option<&str>) -> Result<Note, Problem> {
    let invalid = |error| Problem::new(Code::InvalidMessage, format!("Invalid message: {error}."));
    Note::parse(text.unwrap_or_default()).map_err(invalid)
}

/// Parses why somebody is banned.
pub(crate) fn reason(text: Option<&str>) -> Result<Note, Problem> {
    let invalid = |error| Problem::new(Code::InvalidReason, format!("Invalid reason: {error}."));
    Note::parse(text.unwrap_or_default()).map_err(invalid)
}

/// Parses the query string of the URL.
pub(crate) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let query = web::Query::<T>::from_query(request.query_string());
    query.map(web::Query::into_inner).map_err(|_| Problem::malformed("the query cannot be read"))
}
