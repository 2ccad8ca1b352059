//! `POST /v1/admin/users/{user_id}/disconnect`: close a user's connections and revoke older tokens.

use actix_web::{HttpResponse, web};
use groups_domain::Timestamp;
use serde::Deserialize;

use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, CommandRequest};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Disconnection"))]
pub(in crate::routes) struct Body {
    /// Tokens that were issued before this time are refused. Default: none are.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::TimeInput>"))]
    not_before: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let user_id = input::user_id(&path, "The user id in the path")?;
    let not_before = match command_request.has_body() {
        true => command_request.json::<Body>()?.not_before,
        false => None,
    };
    let not_before = not_before.map(|time| time.parse::<Timestamp>().map_err(|_| not_a_time()));
    groups.disconnect(user_id, not_before.transpose()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn not_a_time() -> Problem {
    Problem::malformed("`not_before` must be a time in UTC such as \"2026-11-23T05:59:10.065Z\".")
}
