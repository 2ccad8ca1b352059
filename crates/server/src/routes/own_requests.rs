//! `GET /v1/requests`: the caller's own requests to join.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::{JoinRequestPage, pending_bodies};

use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, Paging, Reading};

pub(super) async fn list(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let paging = Paging::of(&request)?;
    let after = paging.after.as_deref().map(|after| input::group_id(after).map_err(|_| Paging::not_ours()));
    let page = groups.store().own_join_requests(reading.caller.user_id, after.transpose()?, paging.limit).await?;
    let (_, requests) = pending_bodies(&page.pending);
    let next = page.next.map(|next| next.to_string());
    Ok(reading.answer(HttpResponse::Ok().json(JoinRequestPage { requests, next })))
}
