//! `DELETE /v1/groups/{group_id}/members/{user_id}`: remove a member, or leave the group.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::Command;
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{self, CommandRequest};
use crate::{Problem, output};

#[derive(Deserialize)]
struct Query {
    successor: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path.0)?;
    let user_id = input::member_id(&path.1, command_request.caller.user_id)?;
    let query: Query = input::query(&request)?;
    let successor = query.successor.map(|successor| input::user_id(&successor, "successor")).transpose()?;
    let command = if user_id == command_request.caller.user_id {
        Command::Leave { successor }
    } else if successor.is_some() {
        return Err(Problem::malformed("`successor` is only allowed when the owner leaves."));
    } else {
        Command::RemoveMember { user_id }
    };
    let executed = command_request.execute(&groups, group_id, command).await?;
    Ok(output::mark_replayed(HttpResponse::NoContent().finish(), executed.replayed))
}
