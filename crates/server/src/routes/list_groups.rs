//! `GET /v1/groups`: the caller's groups, newest first, paginated.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::{GroupBody, GroupPage};

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
    let page = groups.store().groups(reading.caller.user_id, after.transpose()?, paging.limit).await?;
    Ok(reading.answer(HttpResponse::Ok().json(GroupPage {
        groups: page.groups.iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect(),
        next: page.next.map(|next| next.to_string()),
        cursor: groups.store().cursors().token(&page.cursor),
    })))
}
