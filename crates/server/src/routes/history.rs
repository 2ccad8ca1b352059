//! `GET /v1/groups/{group_id}/changes`: the group's history, oldest first, for admins and the
//! owner.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::{Rejection, Rule, Version};
use groups_protocol::{ChangeBody, ChangePage};
use groups_store::History;

use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, Paging, Reading};

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let paging = Paging::of(&request)?;
    let after = paging.after.as_deref().map(|after| after.parse().map_err(|_| Paging::not_ours()));
    let after = Version::new(after.transpose()?.unwrap_or(0));
    match groups.store().history(reading.caller.actor(), group_id, after, paging.limit).await? {
        History::NotFound => Err(Problem::group_not_found()),
        History::Forbidden => Err(Rejection::Forbidden(Rule::AdminsReadHistory).into()),
        History::Page { changes, next } => Ok(reading.answer(HttpResponse::Ok().json(ChangePage {
            changes: changes.iter().map(ChangeBody::new).collect(),
            next: next.map(|next| next.to_string()),
        }))),
    }
}
