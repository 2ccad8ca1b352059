//! `POST /v1/dev/login`, `GET /v1/dev/people`: development mode only. Everywhere else these paths do not exist.

use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::groups::Groups;
use crate::identity::{Caller, check_loopback};
use crate::{Problem, edge, input};

#[derive(Deserialize)]
struct Body {
    name: String,
}

/// Signs in whoever says a name; the same name is the same person.
pub(super) async fn sign_in(
    groups: web::Data<Groups>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let development = groups.development()?;
    check_loopback(&request)?;
    let body: Body = input::json(&input::read_body(payload).await?)?;
    let person = development.sign_in(&body.name, edge::now())?;
    groups.write_name(person.user_id, &person.name).await;
    Ok(HttpResponse::Ok().json(json!({
        "token": person.token,
        "user_id": person.user_id.to_string(),
        "name": person.name,
    })))
}

#[derive(Deserialize)]
struct Query {
    q: Option<String>,
}

/// People who have signed in, by the beginning of their name.
pub(super) async fn people(groups: web::Data<Groups>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    const PEOPLE_MAX: u32 = 20;
    groups.development()?;
    let caller = Caller::extract(&request).await?;
    let query: Query = input::query(&request)?;
    tracing::debug!(user_id = %caller.user_id, "looking for people");
    let people = groups.store().people(query.q.unwrap_or_default().trim(), PEOPLE_MAX).await?;
    let people: Vec<_> =
        people.into_iter().map(|(user_id, name)| json!({"user_id": user_id.to_string(), "name": name})).collect();
    Ok(HttpResponse::Ok().json(json!({"people": people})))
}
