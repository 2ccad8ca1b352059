//! `/v1/groups/{group_id}/invitations`: invite users, see who is invited, and end invitations.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::{AccessList, Change, ChangeKind, Command, Invitation, Role, UserId};
use groups_protocol::{GroupBody, GroupInvitationBody, GroupInvitationPage, LetInBody};
use groups_store::{Outcome, StandingEntry, StandingKey};
use serde::Deserialize;
use serde_json::Number;

use crate::groups::Groups;
use crate::input::{self, CommandRequest, Paging, Place, Reading};
use crate::{Problem, clock, output};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewInvitation"))]
pub(super) struct Body {
    /// The user to invite.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::UserId"))]
    user_id: String,
    /// The role that they get. Default: `member`.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::RoleInput>"))]
    role: Option<String>,
    /// After how many seconds the invitation expires. Default: never.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::SecondsInput>"))]
    expires_in_seconds: Option<Number>,
}

pub(super) async fn list(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let paging = Paging::of(&request)?;
    let after = paging.after_place()?.map(key);
    let read = groups.store().invitations(reading.caller.actor(), group_id, clock::now(), after, paging.limit).await?;
    let page = output::admin_read(read, AccessList::Invitations)?;
    Ok(reading.answer(HttpResponse::Ok().json(GroupInvitationPage {
        invitations: page.rows.into_iter().map(listed).collect(),
        next: page.next.map(print),
    })))
}

fn listed(row: StandingEntry<Invitation>) -> GroupInvitationBody {
    GroupInvitationBody::new(row.user_id, row.name, &row.standing)
}

/// The place of a standing in its list.
pub(super) fn key(Place { version, id }: Place) -> StandingKey {
    StandingKey { since_version: version, user_id: UserId::new(id) }
}

/// The `next` of a list of standings.
pub(super) fn print(StandingKey { since_version, user_id }: StandingKey) -> String {
    Place { version: since_version, id: user_id.uuid() }.print()
}

pub(super) async fn create(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path)?;
    let body: Body = command_request.json()?;
    let user_id = input::user_id(&body.user_id, "user_id")?;
    let command = Command::Invite {
        user_id,
        role: body.role.as_deref().map_or(Ok(Role::Member), input::role)?,
        expires_in_seconds: input::seconds_of_validity(body.expires_in_seconds.as_ref())?,
    };
    let executed = command_request.execute(&groups, group_id, command).await?;
    let (mut created, mut ok) = (HttpResponse::Created(), HttpResponse::Ok());
    let etag = output::etag(&executed.group);
    let response = match executed.outcome {
        Outcome::Invited { ref change } => {
            let invitation = invitation(change).ok_or_else(|| output::unexpected(&executed.outcome))?;
            created.insert_header(etag).json(GroupInvitationBody::new(user_id, None, &invitation))
        }
        Outcome::AlreadyInvited { invitation } => {
            ok.insert_header(etag).json(GroupInvitationBody::new(user_id, None, &invitation))
        }
        // They have asked: both sides agree.
        Outcome::Joined { member, .. } => {
            let group = GroupBody::new(&executed.group, executed.standing.role());
            ok.insert_header(etag).json(LetInBody { group, member: output::member(member) })
        }
        other => return Err(output::unexpected(&other)),
    };
    Ok(output::mark_replayed(response, executed.replayed))
}

fn invitation(change: &Change) -> Option<Invitation> {
    match change.kind {
        ChangeKind::Invited { role, expires_at, .. } => {
            Some(Invitation { role, invited_by: change.actor.user_id(), at: change.at(), expires_at })
        }
        _ => None,
    }
}

/// Withdraws an invitation, or declines the caller's own.
pub(super) async fn remove(
    groups: web::Data<Groups>,
    path: web::Path<(String, String)>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let group_id = input::group_id(&path.0)?;
    let user_id = input::member_id(&path.1, command_request.caller.user_id)?;
    let command = if user_id == command_request.caller.user_id {
        Command::DeclineInvitation
    } else {
        Command::WithdrawInvitation { user_id }
    };
    let executed = command_request.execute(&groups, group_id, command).await?;
    Ok(output::mark_replayed(HttpResponse::NoContent().finish(), executed.replayed))
}
