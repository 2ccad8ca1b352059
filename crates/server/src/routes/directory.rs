//! `GET /v1/directory`: the groups that outsiders can join or ask to join, by the beginning of their name.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::DirectoryPage;

use super::name_search::NameSearch;
use crate::Problem;
use crate::groups::Groups;
use crate::input::Reading;

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let NameSearch { prefix, after, limit } = NameSearch::of(&request)?;
    let found = groups.store().directory(reading.caller.user_id, &prefix, after, limit).await?;
    let next = found.next.map(|key| NameSearch::print(&key));
    Ok(reading.answer(HttpResponse::Ok().json(DirectoryPage::new(&found.groups, next))))
}
