//! `GET /v1/invitations`: the caller's own invitations.
//! `POST /v1/groups/{group_id}/invitations/me/accept`: accept one of them.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::Command;
use groups_protocol::{InvitationPage, pending_bodies};

use crate::groups::Groups;
use crate::input::{self, CommandRequest, Paging, Reading};
use crate::{Problem, clock, output};

pub(super) async fn list(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let paging = Paging::of(&request)?;
    let after = paging.after.as_deref().map(|after| input::group_id(after).map_err(|_| Paging::not_ours()));
    let page =
        groups.store().own_invitations(reading.caller.user_id, clock::now(), after.transpose()?, paging.limit).await?;
    let (invitations, _) = pending_bodies(&page.pending);
    let next = page.next.map(|next| next.to_string());
    Ok(reading.answer(HttpResponse::Ok().json(InvitationPage { invitations, next })))
}

pub(super) async fn accept(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    output::joined(&command_request.execute(&groups, group_id, Command::AcceptInvitation).await?)
}
