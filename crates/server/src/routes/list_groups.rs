//! `GET /v1/groups`: the caller's groups, newest first, by pages.

use actix_web::{HttpRequest, HttpResponse, web};
use notify::wire::GroupBody;
use serde::Serialize;

use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, Paging, Reading};

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "GroupPage"))]
pub(super) struct Page<'a> {
    #[cfg_attr(test, ts(type = "Group[]"))]
    groups: Vec<GroupBody<'a>>,
    /// What to pass as `after` for the next page.
    next: Option<String>,
    /// The position that the page was read at.
    #[cfg_attr(test, ts(type = "Cursor"))]
    cursor: String,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let paging = Paging::of(&request)?;
    let after = paging.after.as_deref().map(|after| input::group_id(after).map_err(|_| Paging::not_ours()));
    let page = groups.store().groups(reading.caller.user_id, after.transpose()?, paging.limit).await?;
    Ok(reading.answer(HttpResponse::Ok().json(Page {
        groups: page.groups.iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect(),
        next: page.next.map(|next| next.to_string()),
        cursor: groups.store().cursors().token(&page.cursor),
    })))
}
