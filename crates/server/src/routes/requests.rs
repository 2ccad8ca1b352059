//! `/v1/groups/{group_id}/requests`: see who has asked to join, and answer.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::{AccessList, Command};
use groups_protocol::{GroupJoinRequestBody, GroupJoinRequestPage};
use groups_store::Outcome;
use serde::Deserialize;

use super::invitations::{key, print};
use crate::groups::Groups;
use crate::input::{self, CommandRequest, Paging, Reading};
use crate::{Problem, output};

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Approval"))]
pub(super) struct Body {
    /// The role of the new member. Default: that of the request.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::RoleInput>"))]
    role: Option<String>,
}

pub(super) async fn list(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let paging = Paging::of(&request)?;
    let after = paging.after_place()?.map(key);
    let read = groups.store().join_requests(reading.caller.actor(), group_id, after, paging.limit).await?;
    let page = output::admin_read(read, AccessList::JoinRequests)?;
    let requests = page.rows.iter().map(|row| GroupJoinRequestBody::new(row.user_id, row.name.clone(), &row.standing));
    Ok(reading.answer(
        HttpResponse::Ok().json(GroupJoinRequestPage { requests: requests.collect(), next: page.next.map(print) }),
    ))
}

pub(super) async fn approve(
    groups: web::Data<Groups>,
    path: web::Path<(String, String)>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path.0)?;
    let user_id = input::user_id(&path.1, "The user id in the path")?;
    let body: Body = command_request.json_if_any()?;
    let role = body.role.as_deref().map(input::role).transpose()?;
    let executed = command_request.execute(&groups, group_id, Command::ApproveJoinRequest { user_id, role }).await?;
    let Outcome::Joined { member, .. } = executed.outcome else { return Err(output::unexpected(&executed.outcome)) };
    let response = HttpResponse::Ok().insert_header(output::etag(&executed.group)).json(output::member(member));
    Ok(output::mark_replayed(response, executed.replayed))
}

pub(super) async fn decline(
    groups: web::Data<Groups>,
    path: web::Path<(String, String)>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path.0)?;
    let user_id = input::user_id(&path.1, "The user id in the path")?;
    let executed = command_request.execute(&groups, group_id, Command::DeclineJoinRequest { user_id }).await?;
    Ok(output::mark_replayed(HttpResponse::NoContent().finish(), executed.replayed))
}
