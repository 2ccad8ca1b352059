//! `POST /v1/groups`: create a group, with initial members in the same change.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use groups_domain::{Command, Description, GroupName, Role};
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{Changing, MemberInput, Object};
use crate::{Problem, edge, output};

#[derive(Deserialize)]
struct Body {
    name: String,
    description: Option<String>,
    members: Option<Vec<Object<MemberInput>>>,
}

pub(super) async fn respond(groups: web::Data<Groups>, changing: Changing) -> Result<HttpResponse, Problem> {
    let body: Body = changing.json()?;
    let command = Command::CreateGroup {
        name: GroupName::parse(&body.name).map_err(Problem::name)?,
        description: Description::parse(&body.description.unwrap_or_default()).map_err(Problem::description)?,
        members: MemberInput::parse_all(&body.members.unwrap_or_default())?,
    };
    let executed = changing.execute(&groups, edge::new_group_id(), command).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/v1/groups/{}", executed.group.group_id)));
    let response = output::group(response, &executed.group, executed.role.unwrap_or(Role::Owner));
    Ok(output::mark_replayed(response, &executed))
}
