//! `PATCH /v1/groups/{group_id}`: change the name, the description, the join policy or several of them.

use actix_web::{HttpResponse, web};
use groups_domain::{Command, Description, GroupName};
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{self, CommandRequest};
use crate::{Problem, output};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "GroupSettings"))]
pub(super) struct Body {
    /// The new name. Default: no change.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::NameInput>"))]
    name: Option<String>,
    /// The new description. Default: no change.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::DescriptionInput>"))]
    description: Option<String>,
    /// How outsiders can join. Default: no change.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::JoinPolicyInput>"))]
    join_policy: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let body: Body = command_request.json()?;
    let command = Command::UpdateSettings {
        name: body.name.as_deref().map(GroupName::parse).transpose().map_err(Problem::name)?,
        description: body.description.as_deref().map(Description::parse).transpose().map_err(Problem::description)?,
        join_policy: body.join_policy.as_deref().map(input::join_policy).transpose()?,
    };
    let executed = command_request.execute(&groups, group_id, command).await?;
    let response = output::group(HttpResponse::Ok(), &executed.group, executed.standing.role());
    Ok(output::mark_replayed(response, executed.replayed))
}
