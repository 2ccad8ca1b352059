//! `GET /v1/groups`: the caller's groups, newest first, paginated.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::{group_page_text, group_text};

use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, Paging, Reading};

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let paging = Paging::of(&request)?;
    let after = paging.after.as_deref().map(|after| input::group_id(after).map_err(|_| Paging::not_ours()));
    let page = groups.store().shared_groups(reading.caller.user_id, after.transpose()?, paging.limit).await?;
    let listed = page.groups.iter().map(|(group, role)| (group.text(group_text), *role));
    let body = group_page_text(listed, page.next, &groups.store().cursors().token(&page.cursor));
    Ok(reading.answer(HttpResponse::Ok().content_type(ContentType::json()).body(body)))
}
