//! `POST /v1/groups/{group_id}/typing`: tell the other members that the caller has started or
//! stopped typing.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::Problem;
use crate::client::ClientAddress;
use crate::groups::Groups;
use crate::identity::Caller;
use crate::input;
use crate::limiter::Work;

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TypingState"))]
pub(super) struct Body {
    /// `true` while the caller types, `false` when they stop.
    typing: bool,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    groups.limiter().charge(caller.user_id, Work::Typing, 1.0)?;
    let group_id = input::group_id(&path)?;
    let body: Body = input::json(&input::read_body(payload, groups.body_timeout()).await?)?;
    // After reading the body, which may be slow: a slow client must not hold a permit.
    let _read = groups.reads().begin(caller.user_id, ClientAddress::of(&request).network()).await?;
    groups.store().group(caller.user_id, group_id).await?.ok_or_else(Problem::group_not_found)?;
    groups.hub().user_types(group_id, caller.user_id, body.typing);
    Ok(HttpResponse::Accepted().finish())
}
