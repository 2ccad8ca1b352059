//! `/v1/groups/{group_id}/join`: join an open group, or ask to join and take it back.

use actix_web::{HttpResponse, web};
use groups_domain::Command;
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{self, CommandRequest};
use crate::{Problem, output};

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewJoinRequest"))]
pub(super) struct Body {
    /// What the caller writes to the admins, if they have to ask. Default: nothing.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::NoteInput>"))]
    pub(super) message: Option<String>,
}

pub(super) async fn join(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let body: Body = command_request.json_if_any()?;
    let command = Command::Join { message: input::message(body.message.as_deref())? };
    output::joined(&command_request.execute(&groups, group_id, command).await?)
}

pub(super) async fn withdraw(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let executed = command_request.execute(&groups, group_id, Command::WithdrawJoinRequest).await?;
    Ok(output::mark_replayed(HttpResponse::NoContent().finish(), executed.replayed))
}
