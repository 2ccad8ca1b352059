//! `POST /v1/dev/login`, `GET /v1/dev/people`: answered with 404 outside development mode.

use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use groups_protocol::{LoginBody, PeopleBody, PersonBody};
use groups_store::NameClaim;
use serde::Deserialize;

use crate::client::ClientAddress;
use crate::groups::Groups;
use crate::identity::Development;
use crate::input::{self, Reading};
use crate::limiter::AddressWork;
use crate::{Problem, clock};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "SignIn"))]
pub(super) struct Body {
    /// The name of the user. The same name is the same user.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::NameInput"))]
    name: String,
}

/// Signs in under a name; the same name is the same user.
pub(super) async fn sign_in(
    groups: web::Data<Groups>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let development = groups.development()?;
    Development::admit(&request, groups.origins())?;
    groups.limiter().charge_address(ClientAddress::of(&request), AddressWork::SignIn)?;
    let body: Body = input::json(&input::read_body(payload, groups.body_timeout()).await?)?;
    let now = clock::now();
    let person = development.sign_in(&body.name, now)?;
    // Awaited, so that other users see the name from now on.
    let name = NameClaim { user_id: person.user_id, name: person.name.clone(), issued_at: now };
    groups.store().remember_names([name]).await?;
    Ok(HttpResponse::Ok().json(LoginBody { token: person.token, user_id: person.user_id, name: person.name }))
}

#[derive(Deserialize)]
struct Query {
    q: Option<String>,
}

/// Searches users who have signed in by the prefix of their name.
pub(super) async fn people(groups: web::Data<Groups>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    const PEOPLE_MAX: u32 = 20;
    let reading = Reading::extract(&request).await?;
    groups.development()?;
    Development::admit(&request, groups.origins())?;
    let query: Query = input::query(&request)?;
    tracing::debug!(user_id = %reading.caller.user_id, "searching users");
    let people = groups.store().people(query.q.unwrap_or_default().trim(), PEOPLE_MAX).await?;
    let person = |(user_id, name)| PersonBody { user_id, name };
    Ok(reading.answer(HttpResponse::Ok().json(PeopleBody { people: people.into_iter().map(person).collect() })))
}
