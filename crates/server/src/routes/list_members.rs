//! `GET /v1/groups/{group_id}/members`: the members in joining order, by pages.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::Version;
use groups_store::MemberKey;
use serde::Serialize;

use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, Paging, Reading};
use crate::output::MemberBody;

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MemberPage"))]
pub(super) struct Page {
    members: Vec<MemberBody>,
    /// What to pass as `after` for the next page.
    next: Option<String>,
    /// The group's version that the page shows.
    version: u64,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let paging = Paging::of(&request)?;
    let after = paging.after.as_deref().map(|after| parse(after).ok_or_else(Paging::not_ours)).transpose()?;
    let page = groups.store().members(reading.caller.user_id, group_id, after, paging.limit).await?;
    let page = page.ok_or_else(Problem::group_not_found)?;
    Ok(reading.answer(HttpResponse::Ok().json(Page {
        members: page.members.into_iter().map(MemberBody::new).collect(),
        next: page.next.map(print),
        version: page.version.get(),
    })))
}

fn print(key: MemberKey) -> String {
    format!("{}-{}", key.joined_version, key.ordinal)
}

fn parse(text: &str) -> Option<MemberKey> {
    let (joined_version, ordinal) = text.split_once('-')?;
    Some(MemberKey { joined_version: Version::new(joined_version.parse().ok()?), ordinal: ordinal.parse().ok()? })
}
