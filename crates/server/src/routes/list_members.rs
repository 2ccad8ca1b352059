//! `GET /v1/groups/{group_id}/members`: the members in joining order, paginated.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::Version;
use groups_protocol::MemberPage;
use groups_store::MemberKey;

use crate::groups::Groups;
use crate::input::{self, Paging, Reading};
use crate::{Problem, output};

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let paging = Paging::of(&request)?;
    let after = paging.after.as_deref().map(|after| parse(after).ok_or_else(Paging::not_ours)).transpose()?;
    let page = groups.store().members(reading.caller.actor(), group_id, after, paging.limit).await?;
    let page = page.ok_or_else(Problem::group_not_found)?;
    Ok(reading.answer(HttpResponse::Ok().json(MemberPage {
        members: page.members.into_iter().map(output::member).collect(),
        next: page.next.map(print),
        version: page.version,
    })))
}

fn print(key: MemberKey) -> String {
    format!("{}-{}", key.joined_version, key.ordinal)
}

fn parse(text: &str) -> Option<MemberKey> {
    let (joined_version, ordinal) = text.split_once('-')?;
    Some(MemberKey { joined_version: Version::new(joined_version.parse().ok()?), ordinal: ordinal.parse().ok()? })
}
