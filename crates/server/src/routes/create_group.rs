//! `POST /v1/groups`: create a group, with initial members in the same change.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::{Command, Description, GroupName};
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{CommandRequest, MemberInput, Object};
use crate::{Problem, output};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewGroup"))]
pub(super) struct Body {
    /// The name of the group.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::NameInput"))]
    name: String,
    /// The description of the group. Default: empty.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::DescriptionInput>"))]
    description: Option<String>,
    /// Users who join in the same change.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::MembersInput>"))]
    members: Option<Vec<Object<MemberInput>>>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    request: HttpRequest,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let body: Body = command_request.json()?;
    let command = Command::CreateGroup {
        name: GroupName::parse(&body.name).map_err(Problem::name)?,
        description: Description::parse(&body.description.unwrap_or_default()).map_err(Problem::description)?,
        members: MemberInput::parse_all(&body.members.unwrap_or_default())?,
        owner_id: None,
    };
    let executed = command_request.execute(&groups, groups.new_group_id(), command).await?;
    let mut response = HttpResponse::Created();
    // Relative to the request URL (RFC 9110 section 10.2.2), because the server does not know under
    // which prefix a proxy or an application publishes it.
    let up = if request.path().ends_with("/create") { "../.." } else { ".." };
    response.insert_header((header::LOCATION, format!("{up}/v1/groups/{}", executed.group.group_id)));
    let response = output::group(response, &executed.group, executed.standing.role());
    Ok(output::mark_replayed(response, executed.replayed))
}
