//! `POST /v1/dev/login`, `GET /v1/dev/people`: development mode only. Everywhere else these paths do not exist.

use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use groups_domain::UserId;
use groups_protocol::{LoginBody, PeopleBody, PersonBody};
use groups_store::DisplayName;
use serde::Deserialize;

use crate::groups::Groups;
use crate::identity::Development;
use crate::input::{self, Reading};
use crate::{Problem, edge};

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
    Development::admit(&request, groups.origins())?;
    groups.limiter().charge_sign_in(request.peer_addr().map(|peer| peer.ip()))?;
    let body: Body = input::json(&input::read_body(payload).await?)?;
    let now = edge::now();
    let person = development.sign_in(&body.name, now)?;
    // Awaited, so that others can be shown the name from here on.
    let name = DisplayName { user_id: person.user_id, name: person.name.clone(), issued_at: now };
    groups.store().remember_names([name]).await?;
    Ok(HttpResponse::Ok().json(LoginBody { token: person.token, user_id: person.user_id, name: person.name }))
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
    let person = |(user_id, name): (UserId, String)| PersonBody { user_id, name };
    Ok(reading.answer(HttpResponse::Ok().json(PeopleBody { people: people.into_iter().map(person).collect() })))
}
