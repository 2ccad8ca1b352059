//! `GET /v1/users`: search among the people with whom the caller shares a group.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::{UserBody, UsersBody};
use serde::Deserialize;

use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, Paging, Reading};

#[derive(Deserialize)]
struct Query {
    query: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Query { query } = input::query(&request)?;
    let limit = Paging::of(&request)?.limit;
    let query = query.unwrap_or_default();
    let found = groups.store().search_acquaintances(reading.caller.user_id, query.trim(), limit).await?;
    let users = found.into_iter().map(|(user_id, name)| UserBody { user_id, name }).collect();
    Ok(reading.answer(HttpResponse::Ok().json(UsersBody { users })))
}
