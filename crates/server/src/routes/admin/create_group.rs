//! `POST /v1/admin/groups`: create a group for somebody.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use groups_domain::{Command, Description, GroupId, GroupName};
use serde::Deserialize;
use uuid::Uuid;

use crate::groups::Groups;
use crate::input::{self, CommandRequest, MemberInput, Object};
use crate::{Problem, output};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewGroupForUser"))]
pub(in crate::routes) struct Body {
    /// The owner of the group.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::UserId"))]
    owner_id: String,
    /// The name of the group.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::NameInput"))]
    name: String,
    /// The description of the group. Default: empty.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::DescriptionInput>"))]
    description: Option<String>,
    /// Users who join in the same change.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::MembersInput>"))]
    members: Option<Vec<Object<MemberInput>>>,
    /// The id of the group, which no group has or had. Default: a new one.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::ChosenGroupId>"))]
    group_id: Option<String>,
}

pub(in crate::routes) async fn respond(
    groups: web::Data<Groups>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let body: Body = command_request.json()?;
    let group_id = body.group_id.as_deref().map(chosen_id).transpose()?;
    let command = Command::CreateGroup {
        owner_id: Some(input::user_id(&body.owner_id, "owner_id")?),
        name: GroupName::parse(&body.name).map_err(Problem::name)?,
        description: Description::parse(&body.description.unwrap_or_default()).map_err(Problem::description)?,
        members: MemberInput::parse_all(&body.members.unwrap_or_default())?,
    };
    let group_id = group_id.unwrap_or_else(|| groups.new_group_id());
    let executed = command_request.execute(&groups, group_id, command).await?;
    let mut response = HttpResponse::Created();
    // Relative to the request URL, as for users.
    response.insert_header((header::LOCATION, format!("groups/{}", executed.group.group_id)));
    let response = output::group(response, &executed.group, executed.standing.role());
    Ok(output::mark_replayed(response, executed.replayed))
}

/// Parses an id that the caller has chosen. The nil and the max UUID stand for no group.
fn chosen_id(text: &str) -> Result<GroupId, Problem> {
    let id = input::uuid(text).filter(|id| *id != Uuid::nil() && *id != Uuid::max());
    id.map(GroupId::new).ok_or_else(|| Problem::malformed("`group_id` must be a UUID other than the nil or max UUID."))
}
