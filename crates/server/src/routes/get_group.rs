//! `GET /v1/groups/{group_id}`: one group.

use actix_web::{HttpResponse, web};

use crate::groups::Groups;
use crate::input::{self, Reading};
use crate::{Problem, output};

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let found = groups.store().visible_group(reading.caller.actor(), group_id).await?;
    let (group, role) = found.ok_or_else(Problem::group_not_found)?;
    Ok(reading.answer(output::group(HttpResponse::Ok(), &group, role)))
}
