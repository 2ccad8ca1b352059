//! `GET /v1/admin/users`: by the identity provider's `subject`, or by the beginning of a name.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::{SubjectBody, UserBody, UsersBody};
use serde::Deserialize;

use crate::Problem;
use crate::groups::Groups;
use crate::input::{self, Paging, Reading};

#[derive(Deserialize)]
struct Query {
    subject: Option<String>,
    issuer: Option<String>,
    query: Option<String>,
}

pub(in crate::routes) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let found = match input::query(&request)? {
        Query { subject: Some(subject), issuer, query: None } => of_subject(&groups, subject, issuer),
        Query { subject: None, issuer: None, query: Some(query) } => {
            by_name(&groups, query.trim(), Paging::of(&request)?.limit).await
        }
        _ => Err(Problem::malformed("Give either `subject` (optionally with `issuer`) or `query`.")),
    };
    Ok(reading.answer(found?))
}

fn of_subject(groups: &Groups, subject: String, issuer: Option<String>) -> Result<HttpResponse, Problem> {
    let issuer = issuer.as_deref().or(groups.issuer()).unwrap_or_default();
    let user_id = groups.subjects().user_id(issuer, &subject);
    let user_id = user_id.map_err(|error| Problem::malformed(format!("`subject` {error}.")))?;
    let issuer = (!issuer.is_empty()).then(|| issuer.to_owned());
    Ok(HttpResponse::Ok().json(SubjectBody { user_id, subject, issuer }))
}

async fn by_name(groups: &Groups, query: &str, limit: u32) -> Result<HttpResponse, Problem> {
    let found = groups.store().people(query, limit).await?;
    let users = found.into_iter().map(|(user_id, name)| UserBody { user_id, name }).collect();
    Ok(HttpResponse::Ok().json(UsersBody { users }))
}
