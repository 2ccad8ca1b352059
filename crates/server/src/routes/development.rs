//! `POST /v1/dev/login`, `GET /v1/dev/people`: development mode only. Everywhere else these paths do not exist.

use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use groups_domain::UserId;
use groups_store::DisplayName;
use serde::{Deserialize, Serialize};

use crate::groups::Groups;
use crate::identity::Development;
use crate::input::{self, Reading};
use crate::{Problem, edge};

#[derive(Deserialize)]
struct Body {
    name: String,
}

/// The answer of the development mode's sign-in.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Login {
    token: String,
    #[cfg_attr(test, ts(type = "Uuid"))]
    user_id: String,
    name: String,
}

/// A person of the development mode.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Person {
    #[cfg_attr(test, ts(type = "Uuid"))]
    user_id: String,
    name: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct People {
    people: Vec<Person>,
}

/// Signs in whoever says a name; the same name is the same person.
pub(super) async fn sign_in(
    groups: web::Data<Groups>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let development = groups.development()?;
    Development::admit(&request, groups.origins())?;
    groups.limiter().charge_sign_in(request.peer_addr().map(|peer| peer.ip()))?;
    let body: Body = input::json(&input::read_body(payload).await?)?;
    let now = edge::now();
    let person = development.sign_in(&body.name, now)?;
    // Awaited, so that others can be shown the name from here on.
    let name = DisplayName { user_id: person.user_id, name: person.name.clone(), issued_at: now };
    groups.store().remember_names([name]).await?;
    Ok(HttpResponse::Ok().json(Login { token: person.token, user_id: person.user_id.to_string(), name: person.name }))
}

#[derive(Deserialize)]
struct Query {
    q: Option<String>,
}

/// People who have signed in, by the beginning of their name.
pub(super) async fn people(groups: web::Data<Groups>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    const PEOPLE_MAX: u32 = 20;
    groups.development()?;
    Development::admit(&request, groups.origins())?;
    let reading = Reading::extract(&request).await?;
    let query: Query = input::query(&request)?;
    tracing::debug!(user_id = %reading.caller.user_id, "looking for people");
    let people = groups.store().people(query.q.unwrap_or_default().trim(), PEOPLE_MAX).await?;
    let person = |(user_id, name): (UserId, String)| Person { user_id: user_id.to_string(), name };
    Ok(reading.answer(HttpResponse::Ok().json(People { people: people.into_iter().map(person).collect() })))
}
