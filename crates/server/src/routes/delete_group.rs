//! `DELETE /v1/groups/{group_id}`: delete the group for all members.

use actix_web::{HttpResponse, web};
use groups_domain::Command;

use crate::groups::Groups;
use crate::input::{self, CommandRequest};
use crate::{Problem, output};

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let executed = command_request.execute(&groups, group_id, Command::DeleteGroup).await?;
    Ok(output::mark_replayed(HttpResponse::NoContent().finish(), executed.replayed))
}
