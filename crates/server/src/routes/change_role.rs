//! `PATCH /v1/groups/{group_id}/members/{user_id}`: change a member's role; `owner` transfers the
//! ownership.

use actix_web::{HttpResponse, web};
use groups_domain::Command;
use groups_store::Outcome;
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{self, CommandRequest};
use crate::{Problem, output};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RoleChange"))]
pub(super) struct Body {
    /// The new role; `owner` transfers the ownership.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::RoleInput"))]
    role: String,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<(String, String)>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path.0)?;
    let user_id = input::member_id(&path.1, command_request.caller.user_id)?;
    let body: Body = command_request.json()?;
    let role = input::role(&body.role)?;
    let executed = command_request.execute(&groups, group_id, Command::ChangeRole { user_id, role }).await?;
    // A replayed response shows the member as of the first one: they may have left since.
    let member = match executed.outcome {
        Outcome::RoleChanged { member, .. } | Outcome::RoleUnchanged { member } => member,
        Outcome::OwnershipTransferred { new_owner, .. } => new_owner,
        other => return Err(output::unexpected(&other)),
    };
    let response = HttpResponse::Ok().insert_header(output::etag(&executed.group)).json(output::member(member));
    Ok(output::mark_replayed(response, executed.replayed))
}
