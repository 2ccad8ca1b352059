//! Decides requests. The rules for existing groups are in [`members`](crate::members), `invitations`, `bans`, `links` and
//! `entry`.

use alloc::vec::Vec;

use crate::authority::Authorized;
use crate::decision::Outcome;
use crate::entry::Visitor;
use crate::{
    Actor, Change, ChangeKind, Command, Decision, Description, Facts, Group, GroupName, JoinPolicy, LeftOut, NewMember,
    Rejection, Request, Role, Rule, UserId, Version, admission,
};

/// Decides one request from its facts.
///
/// The facts must be those of the requested group: its row, the memberships of the users in [`Request::reads`], and the
/// [`People`](crate::People) data of the users in [`Request::candidates`]. They are assumed to be consistent. If they are
/// not, the result is unspecified, but the function does not panic.
///
/// # Errors
/// A [`Rejection`] that names the violated [`Rule`]. Permissions are checked first, so that a rejection reveals nothing
/// else about the group. [`Rule::SeenVersion`] is checked last, as RFC 9110 section 13.2.1 requires for preconditions.
/// [`Command::CreateGroup`] ignores `expected_version`, because a new group has no version yet.
///
/// ```
/// use groups_domain::{Actor, Command, Decision, Facts, GroupId, Limits, Rejection, Request, Timestamp, UserId, Uuid, decide};
///
/// let (ada, eve) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
/// let request = |actor_id, command| Request {
///     group_id: GroupId::new(Uuid::from_u128(10)),
///     actor: Actor::Member(actor_id),
///     at: Timestamp::from_unix_millis(1_700_000_000_000),
///     expected_version: None,
///     command,
/// };
///
/// // Read the facts, decide, apply: what a service does in one transaction, here without a database.
/// let mut facts = Facts::nothing(Limits::default());
/// let Decision::Change(change) = decide(&facts, &request(ada, Command::create("Project Team", "")?))? else {
///     unreachable!("a creation always changes something")
/// };
/// facts.apply(&change);
///
/// // Eve is not a member, so she does not learn that the group exists.
/// assert_eq!(decide(&facts, &request(eve, Command::DeleteGroup)), Err(Rejection::GroupNotFound));
/// // The group already has this name: a no-op, not an error.
/// let same = Command::UpdateSettings { name: Some(change.group.name.clone()), description: None, join_policy: None };
/// assert_eq!(decide(&facts, &request(ada, same)), Ok(Decision::Unchanged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(facts: &Facts, request: &Request) -> Result<Decision, Rejection> {
    if let Command::CreateGroup { name, description, members, owner_id } = &request.command {
        return create(facts, request, name, description, members, *owner_id);
    }
    let decision = execute(facts, request)?;
    // A request for one version of the group is not executed on another.
    let current = facts.group.as_ref().map(|group| group.version);
    match (request.expected_version, current) {
        (Some(expected), Some(current)) if expected != current => Err(Rejection::VersionMismatch { expected, current }),
        _ => Ok(decision),
    }
}

fn execute(facts: &Facts, request: &Request) -> Outcome {
    let authorized = || Authorized::new(facts, request);
    let visitor = || Visitor::new(facts, request);
    match &request.command {
        // A group is created once, and this one exists.
        Command::CreateGroup { .. } => Err(Rejection::GroupExists),
        Command::UpdateSettings { name, description, join_policy } => {
            authorized()?.update_settings(name.as_ref(), description.as_ref(), *join_policy)
        }
        Command::AddMember(member) => authorized()?.add_one(*member),
        Command::AddMembers(members) => authorized()?.add_many(members),
        Command::RemoveMember { user_id } if *user_id == request.actor.user_id() => authorized()?.leave(None),
        Command::RemoveMember { user_id } => authorized()?.remove(*user_id),
        Command::Leave { successor } => authorized()?.leave(*successor),
        Command::ChangeRole { user_id, role: Role::Owner } => authorized()?.transfer_ownership(*user_id),
        Command::ChangeRole { user_id, role } => authorized()?.change_role(*user_id, *role),
        Command::DeleteGroup => authorized()?.delete(),
        Command::Invite { user_id, role, expires_in_seconds } => {
            authorized()?.invite(*user_id, *role, *expires_in_seconds)
        }
        Command::WithdrawInvitation { user_id } => authorized()?.withdraw_invitation(*user_id),
        Command::ExpireInvitation { user_id } => authorized()?.expire_invitation(*user_id),
        Command::ApproveJoinRequest { user_id, role } => authorized()?.approve(*user_id, *role),
        Command::DeclineJoinRequest { user_id } => authorized()?.decline(*user_id),
        Command::Ban { user_id, reason } => authorized()?.ban(*user_id, reason),
        Command::Unban { user_id } => authorized()?.unban(*user_id),
        Command::CreateLink { link_id, role, expires_in_seconds, uses_max, approval } => {
            authorized()?.create_link(*link_id, *role, *expires_in_seconds, *uses_max, *approval)
        }
        Command::RevokeLink { link_id } => authorized()?.revoke_link(*link_id),
        Command::RevokeLinks => authorized()?.revoke_links(),
        Command::AcceptInvitation => visitor().accept_invitation(),
        Command::DeclineInvitation => visitor().decline_invitation(),
        Command::Join { message } => visitor().join(message),
        Command::WithdrawJoinRequest => visitor().withdraw_join_request(),
        Command::UseLink { link_id, message } => visitor().use_link(*link_id, message),
    }
}

fn create(
    facts: &Facts,
    request: &Request,
    name: &GroupName,
    description: &Description,
    members: &[NewMember],
    owner_id: Option<UserId>,
) -> Outcome {
    // A group is created once.
    if facts.group.is_some() {
        return Err(Rejection::GroupExists);
    }
    let actor = request.actor;
    // Only an operator can create a group for another user, and an operator must name its owner.
    let owner_id = match (actor, owner_id) {
        (Actor::Operator(_), Some(owner_id)) => owner_id,
        (Actor::Member(user_id), owner_id) if owner_id.is_none_or(|owner_id| owner_id == user_id) => user_id,
        _ => return Err(Rejection::Forbidden(Rule::OperatorsNameOwners)),
    };
    // A group always has exactly one owner. Nobody can be added as an owner.
    admission::one_owner(members)?;
    let members = admission::newcomers(members, |user_id| user_id == owner_id);
    if !members.is_empty() {
        // People join by invitation only. Nobody can be added directly.
        admission::adding_is_open(facts, actor)?;
    }
    // A user cannot be in more groups than the limit per user.
    admission::check_group_count(facts, owner_id)?;
    // You can only add people who allow it, and who are in fewer groups than one person may be.
    members.iter().try_for_each(|member| admission::check_added(facts, actor, member.user_id))?;
    let group = Group {
        group_id: request.group_id,
        name: name.clone(),
        description: description.clone(),
        owner_id,
        join_policy: JoinPolicy::default(),
        member_count: admission::room_for(facts, 1, members.len())?,
        version: Version::FIRST,
        created_at: request.at,
        updated_at: request.at,
    };
    Ok(Decision::Change(Change { group, actor, kind: ChangeKind::GroupCreated { members } }))
}

/// The users on the list of [`Command::AddMembers`] who cannot join although the others can, without duplicates and in
/// list order. Empty for every other command.
///
/// Pass the facts from before the change is applied. The result is meaningful only if [`decide`] accepts the request. Each
/// user on the list is then already a member, joins, or is left out.
pub fn left_out(facts: &Facts, request: &Request) -> Vec<LeftOut> {
    let Command::AddMembers(members) = &request.command else { return Vec::new() };
    let members = admission::newcomers(members, |user_id| facts.role_of(user_id).is_some());
    let obstacle = |member: NewMember| {
        let obstacle = admission::obstacle(facts, request.actor, member.user_id)?;
        Some(LeftOut { user_id: member.user_id, obstacle })
    };
    members.into_iter().filter_map(obstacle).collect()
}
