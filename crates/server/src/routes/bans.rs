//! `/v1/groups/{group_id}/bans`: keep users out of a group.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::{AccessList, Ban, Change, ChangeKind, Command};
use groups_protocol::{BanBody, BanPage};
use groups_store::Outcome;
use serde::Deserialize;

use super::invitations::{key, print};
use crate::groups::Groups;
use crate::input::{self, CommandRequest, Paging, Reading};
use crate::{Problem, output};

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewBan"))]
pub(super) struct Body {
    /// Why, for the other admins. Default: nothing.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::NoteInput>"))]
    reason: Option<String>,
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
    let read = groups.store().bans(reading.caller.actor(), group_id, after, paging.limit).await?;
    let page = output::admin_read(read, AccessList::Bans)?;
    let bans = page.rows.iter().map(|row| BanBody::new(row.user_id, row.name.clone(), &row.standing)).collect();
    Ok(reading.answer(HttpResponse::Ok().json(BanPage { bans, next: page.next.map(print) })))
}

pub(super) async fn put(
    groups: web::Data<Groups>,
    path: web::Path<(String, String)>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path.0)?;
    let user_id = input::user_id(&path.1, "The user id in the path")?;
    let body: Body = command_request.json_if_any()?;
    let reason = input::reason(body.reason.as_deref())?;
    let executed = command_request.execute(&groups, group_id, Command::Ban { user_id, reason }).await?;
    let ban = match executed.outcome {
        Outcome::Banned { ref change } => ban(change),
        Outcome::AlreadyBanned { ref ban } => Some(ban.clone()),
        _ => None,
    };
    let ban = ban.ok_or_else(|| output::unexpected(&executed.outcome))?;
    let etag = output::etag(&executed.group);
    let response = HttpResponse::Ok().insert_header(etag).json(BanBody::new(user_id, None, &ban));
    Ok(output::mark_replayed(response, executed.replayed))
}

fn ban(change: &Change) -> Option<Ban> {
    match &change.kind {
        ChangeKind::Banned { reason, .. } => {
            Some(Ban { banned_by: change.actor.user_id(), reason: reason.clone(), at: change.at() })
        }
        _ => None,
    }
}

pub(super) async fn remove(
    groups: web::Data<Groups>,
    path: web::Path<(String, String)>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path.0)?;
    let user_id = input::user_id(&path.1, "The user id in the path")?;
    let executed = command_request.execute(&groups, group_id, Command::Unban { user_id }).await?;
    Ok(output::mark_replayed(HttpResponse::NoContent().finish(), executed.replayed))
}
