//! `/v1/join/{token}`: see where a link leads, and use it.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::{Command, GroupId};
use groups_protocol::{LinkPreviewBody, PreviewBody};
use uuid::Uuid;

use super::join::Body;
use crate::client::ClientAddress;
use crate::groups::Groups;
use crate::input::{self, CommandRequest, Reading};
use crate::link_token::LinkToken;
use crate::{Problem, clock, output};

pub(super) async fn preview(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let token = LinkToken::parse(&path).ok_or_else(Problem::link_not_found)?;
    let found = groups.store().link_preview(reading.caller.user_id, token.link_id(), clock::now()).await?;
    let (group, link) = found.ok_or_else(Problem::link_not_found)?;
    let body = LinkPreviewBody { group: PreviewBody::new(&group), approval: link.approval };
    Ok(reading.answer(HttpResponse::Ok().json(body)))
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    request: HttpRequest,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let token = LinkToken::parse(&path).ok_or_else(Problem::link_not_found)?;
    let body: Body = command_request.json_if_any()?;
    let message = input::message(body.message.as_deref())?;
    let link_id = token.link_id();
    let group_id = {
        // Without its body, which is read already: a slow client must not hold a permit.
        let address = ClientAddress::of(&request).network();
        let _read = groups.reads().begin(command_request.caller.user_id, address).await?;
        groups.store().group_of_link(link_id).await?
    };
    // A link that does not exist is rejected like any other that cannot be used: a repetition with the
    // same key has its first answer, even if the link is revoked by now.
    let group_id = group_id.unwrap_or(GroupId::new(Uuid::nil()));
    output::joined(&command_request.execute(&groups, group_id, Command::UseLink { link_id, message }).await?)
}
