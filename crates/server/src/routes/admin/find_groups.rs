//! `GET /v1/admin/groups`: groups by the beginning of their name, or all groups of one user.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::UserId;
use groups_protocol::{FoundGroupPage, GroupBody, group_page_text, group_text};
use serde::Deserialize;

use super::super::name_search::NameSearch;
use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, Paging, Reading};

#[derive(Deserialize)]
struct Query {
    query: Option<String>,
    user_id: Option<String>,
}

pub(in crate::routes) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let paging = Paging::of(&request)?;
    let query: Query = input::query(&request)?;
    match (query.query, query.user_id) {
        (Some(_), Some(_)) => Err(Problem::malformed("Use either `query` or `user_id`.")),
        (_, Some(user_id)) => of_user(&groups, reading, input::user_id(&user_id, "user_id")?, paging).await,
        (_, None) => by_name(&groups, reading, &request).await,
    }
}

/// The same page as the user's own `GET /v1/groups`.
async fn of_user(groups: &Groups, reading: Reading, user_id: UserId, paging: Paging) -> Result<HttpResponse, Problem> {
    let after = paging.after.as_deref().map(|after| input::group_id(after).map_err(|_| Paging::not_ours()));
    let page = groups.store().shared_groups(user_id, after.transpose()?, paging.limit).await?;
    let listed = page.groups.iter().map(|(group, role)| (group.text(group_text), *role));
    let body = group_page_text(listed, page.next, &groups.store().cursors().token(&page.cursor));
    Ok(reading.answer(HttpResponse::Ok().content_type(ContentType::json()).body(body)))
}

async fn by_name(groups: &Groups, reading: Reading, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let NameSearch { prefix, after, limit } = NameSearch::of(request)?;
    let found = groups.store().find_groups(&prefix, after, limit).await?;
    Ok(reading.answer(HttpResponse::Ok().json(FoundGroupPage {
        groups: found.groups.iter().map(|group| GroupBody::new(group, None)).collect(),
        next: found.next.map(|key| NameSearch::print(&key)),
    })))
}
