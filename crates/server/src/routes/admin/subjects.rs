//! `GET /v1/admin/users?subject=&issuer=`: the user id of a subject of the identity provider.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::SubjectBody;
use serde::Deserialize;

use crate::groups::Groups;
use crate::identity::Operator;
use crate::{Problem, input};

#[derive(Deserialize)]
struct Query {
    subject: String,
    issuer: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    _operator: Operator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Query { subject, issuer } = input::query(&request)?;
    let issuer = issuer.as_deref().or(groups.issuer()).unwrap_or_default();
    let user_id = groups.subjects().user_id(issuer, &subject);
    let user_id = user_id.map_err(|error| Problem::malformed(format!("`subject` {error}.")))?;
    let issuer = (!issuer.is_empty()).then(|| issuer.to_owned());
    Ok(HttpResponse::Ok().json(SubjectBody { user_id, subject, issuer }))
}
