//! `/v1/groups/{group_id}/links`: links into a group, which admins create and revoke.

use std::num::NonZeroU32;

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::{AccessList, Change, ChangeKind, Command, Link, LinkId, Role};
use groups_protocol::{CreatedLinkBody, LinkBody, LinkPage};
use groups_store::{LinkKey, Outcome};
use serde::Deserialize;
use serde_json::Number;

use crate::groups::Groups;
use crate::input::{self, CommandRequest, Paging, Place, Reading};
use crate::link_token::LinkToken;
use crate::{Code, Problem, output};

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewLink"))]
pub(super) struct Body {
    /// The role of those who join with the link. Default: `member`.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::RoleInput>"))]
    role: Option<String>,
    /// After how many seconds the link expires. Default: never.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::SecondsInput>"))]
    expires_in_seconds: Option<Number>,
    /// How many people can use it. Default: any number.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::UsesInput>"))]
    uses_max: Option<Number>,
    /// Whether those who use it ask to join instead of joining. Default: no.
    approval: Option<bool>,
}

pub(super) async fn list(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let paging = Paging::of(&request)?;
    let key = |Place { version, id }| LinkKey { created_version: version, link_id: LinkId::new(id) };
    let after = paging.after_place()?.map(key);
    let read = groups.store().links(reading.caller.actor(), group_id, after, paging.limit).await?;
    let page = output::admin_read(read, AccessList::Links)?;
    let print = |key: LinkKey| Place { version: key.created_version, id: key.link_id.uuid() }.print();
    let links = page.links.iter().map(LinkBody::from).collect();
    Ok(reading.answer(HttpResponse::Ok().json(LinkPage { links, next: page.next.map(print) })))
}

pub(super) async fn create(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let body: Body = command_request.json_if_any()?;
    let token = match command_request.secret(groups.store(), LinkToken::PURPOSE) {
        // A repetition must have the same answer, and the database does not have the token.
        Some(secret) => LinkToken::derived(&secret),
        None => LinkToken::random()?,
    };
    let link_id = token.link_id();
    let command = Command::CreateLink {
        link_id,
        role: body.role.as_deref().map_or(Ok(Role::Member), input::role)?,
        expires_in_seconds: input::seconds_of_validity(body.expires_in_seconds.as_ref())?,
        uses_max: body.uses_max.as_ref().map(uses_max).transpose()?,
        approval: body.approval.unwrap_or_default(),
    };
    let actor = command_request.caller.actor();
    let executed = command_request.execute(&groups, group_id, command).await?;
    let link = match executed.outcome {
        Outcome::LinkCreated { ref change } => created(change).ok_or_else(|| output::unexpected(&executed.outcome))?,
        // A key that was used long ago, whose answer is forgotten.
        Outcome::LinkExists => {
            let read = groups.store().link(actor, group_id, link_id).await?;
            output::admin_read(read, AccessList::Links)?.ok_or_else(Problem::link_not_found)?
        }
        ref other => return Err(output::unexpected(other)),
    };
    let answer = CreatedLinkBody { token: token.into_text(), link: LinkBody::from(&link) };
    let response = HttpResponse::Created().insert_header(output::etag(&executed.group)).json(answer);
    Ok(output::mark_replayed(response, executed.replayed))
}

fn uses_max(number: &Number) -> Result<NonZeroU32, Problem> {
    let number = number.as_u64().and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new);
    let detail = || format!("`uses_max` must be a number from 1 to {}.", u32::MAX);
    number.ok_or_else(|| Problem::new(Code::InvalidUsesMax, detail()))
}

fn created(change: &Change) -> Option<Link> {
    match change.kind {
        ChangeKind::LinkCreated { link_id, role, expires_at, uses_max, approval } => Some(Link {
            link_id,
            role,
            created_by: change.actor.user_id(),
            at: change.at(),
            expires_at,
            uses_max,
            uses: 0,
            approval,
        }),
        _ => None,
    }
}

pub(super) async fn get(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (group_id, link_id) = (input::group_id(&path.0)?, input::link_id(&path.1)?);
    let read = groups.store().link(reading.caller.actor(), group_id, link_id).await?;
    let link = output::admin_read(read, AccessList::Links)?.ok_or_else(Problem::link_not_found)?;
    Ok(reading.answer(HttpResponse::Ok().json(LinkBody::from(&link))))
}

pub(super) async fn revoke(
    groups: web::Data<Groups>,
    path: web::Path<(String, String)>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let (group_id, link_id) = (input::group_id(&path.0)?, input::link_id(&path.1)?);
    let executed = command_request.execute(&groups, group_id, Command::RevokeLink { link_id }).await?;
    Ok(output::mark_replayed(HttpResponse::NoContent().finish(), executed.replayed))
}

pub(super) async fn revoke_all(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let executed = command_request.execute(&groups, group_id, Command::RevokeLinks).await?;
    Ok(output::mark_replayed(HttpResponse::NoContent().finish(), executed.replayed))
}
