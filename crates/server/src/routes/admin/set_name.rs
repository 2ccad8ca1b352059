//! `PUT /v1/admin/users/{user_id}`: set a user's display name.

use actix_web::{HttpResponse, web};
use groups_domain::DisplayName;
use groups_protocol::UserBody;
use groups_store::NameClaim;
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{self, CommandRequest};
use crate::{Problem, clock};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewName"))]
pub(in crate::routes) struct Body {
    /// The display name.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::NameInput"))]
    name: String,
}

/// The name of a token that is issued later replaces it.
pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let user_id = input::user_id(&path, "The user id in the path")?;
    let body: Body = command_request.json()?;
    let name = DisplayName::parse(&body.name).map_err(Problem::name)?;
    let claim = NameClaim { user_id, name: name.clone(), issued_at: clock::now() };
    groups.store().remember_names([claim]).await?;
    Ok(HttpResponse::Ok().json(UserBody { user_id, name }))
}
