//! `POST /v1/groups/{group_id}/members`: add one member, or several in one change.

use std::collections::{HashMap, HashSet};

use actix_web::{HttpResponse, web};
use groups_domain::{Command, LeftOut, NewMember, Obstacle, UserId};
use groups_protocol::{AddOutcome, AddedBody, AddedMember, GroupBody};
use groups_store::Outcome;
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{self, CommandRequest, MemberInput, Object};
use crate::{Problem, output};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewMembers", transform = crate::routes::openapi::either))]
pub(super) struct Body {
    /// The user to add.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::UserId>"))]
    user_id: Option<String>,
    /// The role of that user. Default: `member`.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::RoleInput>"))]
    role: Option<String>,
    /// Several users to add in one change, instead of `user_id` and `role`.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::MembersInput>"))]
    members: Option<Vec<Object<MemberInput>>>,
}

const fn refusal(obstacle: Obstacle) -> AddOutcome {
    match obstacle {
        Obstacle::NotAllowed => AddOutcome::NotAllowed,
        Obstacle::TooManyGroups => AddOutcome::TooManyGroups,
        Obstacle::Banned => AddOutcome::Banned,
    }
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let body: Body = command_request.json()?;
    let (command, asked) = match body {
        Body { user_id: Some(user_id), role, members: None } => {
            let member = MemberInput::new(user_id, role).parse()?;
            (Command::AddMember(member), vec![member])
        }
        Body { user_id: None, role: None, members: Some(members) } if !members.is_empty() => {
            let members = MemberInput::parse_all(&members)?;
            (Command::AddMembers(members.clone()), members)
        }
        _ => {
            return Err(Problem::malformed(
                "The body must contain either `user_id` (optionally with `role`) or a non-empty `members` array.",
            ));
        }
    };
    let executed = command_request.execute(&groups, group_id, command).await?;
    let results = results(&asked, &executed.outcome)?;
    let answer = AddedBody { group: GroupBody::new(&executed.group, executed.standing.role()), results };
    let response = HttpResponse::Created().insert_header(output::etag(&executed.group)).json(answer);
    Ok(output::mark_replayed(response, executed.replayed))
}

/// The result for each requested user, in request order. If a user is listed twice, the second
/// entry counts as already a member.
fn results(asked: &[NewMember], outcome: &Outcome) -> Result<Vec<AddedMember>, Problem> {
    let (mut added, left_out): (HashSet<UserId>, &[LeftOut]) = match outcome {
        Outcome::MemberAdded { member, .. } => ([member.membership.user_id].into(), &[]),
        Outcome::MembersAdded { added, left_out, .. } => {
            (added.iter().map(|member| member.user_id).collect(), left_out)
        }
        Outcome::NobodyAdded { left_out } => (HashSet::new(), left_out),
        other => return Err(output::unexpected(other)),
    };
    let left_out: HashMap<_, _> = left_out.iter().map(|person| (person.user_id, person.obstacle)).collect();
    let outcome = |member: &NewMember| {
        let outcome = match left_out.get(&member.user_id) {
            Some(obstacle) => refusal(*obstacle),
            None if added.remove(&member.user_id) => AddOutcome::Added,
            None => AddOutcome::AlreadyMember,
        };
        AddedMember { user_id: member.user_id, outcome }
    };
    Ok(asked.iter().map(outcome).collect())
}
