//! Whether users may join, apart from the actor's role.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::{Actor, AddPolicy, Facts, Group, NewMember, Rejection, Role, Rule, Standing, UserId};

/// Why one user cannot join. It does not affect other users on the same list.
///
/// Deliberately exhaustive: a service stores it with the answer to a repeated request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The actor may not add them: they have blocked the actor, or a shared group is required and they share none.
    NotAllowed,
    /// They are already in as many groups as the limit per user allows.
    TooManyGroups,
    /// They are banned from the group.
    Banned,
}

/// A user on a list of new members who could not be added, although the others could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The user who was not added.
    pub user_id: UserId,
    /// The reason.
    pub obstacle: Obstacle,
}

/// Rejects direct additions if people join by invitation only. Operators are exempt.
pub(crate) fn adding_is_open(facts: &Facts, actor: Actor) -> Result<(), Rejection> {
    // People join by invitation only. Nobody can be added directly.
    match facts.limits.add_policy {
        AddPolicy::Invitation if !actor.is_operator() => Err(Rejection::Forbidden(Rule::InvitationOnly)),
        AddPolicy::Anybody | AddPolicy::SharedGroup | AddPolicy::Invitation => Ok(()),
    }
}

/// The obstacle to adding a user; `None` if the actor can add them.
pub(crate) fn obstacle(facts: &Facts, actor: Actor, user_id: UserId) -> Option<Obstacle> {
    // You can only add people who allow it. Checked first: an actor who may not add a user learns nothing else about them.
    if !allows(facts, actor, user_id) {
        return Some(Obstacle::NotAllowed);
    }
    // A banned user cannot be added before the ban is lifted.
    if is_banned(facts, user_id) {
        return Some(Obstacle::Banned);
    }
    has_no_room(facts, user_id).then_some(Obstacle::TooManyGroups)
}

fn allows(facts: &Facts, actor: Actor, user_id: UserId) -> bool {
    // Consent applies between users only: an operator may add anybody.
    let Actor::Member(actor_id) = actor else { return true };
    let people = &facts.people;
    let is_open = match facts.limits.add_policy {
        AddPolicy::SharedGroup => people.acquaintances.contains(&(actor_id, user_id)),
        AddPolicy::Anybody | AddPolicy::Invitation => true,
    };
    is_open && !has_blocked(facts, user_id, actor)
}

fn has_blocked(facts: &Facts, user_id: UserId, actor: Actor) -> bool {
    // Consent applies between users only.
    !actor.is_operator() && facts.people.blocks.contains(&(user_id, actor.user_id()))
}

pub(crate) fn is_banned(facts: &Facts, user_id: UserId) -> bool {
    matches!(facts.standings.get(&user_id), Some(Standing::Banned(_)))
}

/// Rejects the invitation of a user who has blocked the actor. Whether they share a group does not matter, because they
/// decide themselves whether they join.
pub(crate) fn check_invited(facts: &Facts, actor: Actor, user_id: UserId) -> Result<(), Rejection> {
    // You can only invite people who have not blocked you.
    if has_blocked(facts, user_id, actor) { Err(Rejection::CannotBeAdded { user_id }) } else { Ok(()) }
}

// A user cannot be in more groups than the limit per user.
fn has_no_room(facts: &Facts, user_id: UserId) -> bool {
    facts.limits.groups_per_user_max.is_some_and(|groups_max| facts.people.group_count(user_id) >= groups_max)
}

/// Rejects the request if this user cannot be added. For requests that add a single user or are all-or-nothing.
pub(crate) fn check_added(facts: &Facts, actor: Actor, user_id: UserId) -> Result<(), Rejection> {
    match obstacle(facts, actor, user_id) {
        None => Ok(()),
        Some(Obstacle::NotAllowed) => Err(Rejection::CannotBeAdded { user_id }),
        Some(Obstacle::Banned) => Err(Rejection::Banned { user_id }),
        Some(Obstacle::TooManyGroups) => Err(too_many_groups(facts, user_id)),
    }
}

/// Rejects that a user joins, or owns a new group, who is already in too many groups.
pub(crate) fn check_group_count(facts: &Facts, user_id: UserId) -> Result<(), Rejection> {
    // A user cannot be in more groups than the limit per user.
    if has_no_room(facts, user_id) { Err(too_many_groups(facts, user_id)) } else { Ok(()) }
}

fn too_many_groups(facts: &Facts, user_id: UserId) -> Rejection {
    Rejection::TooManyGroups { user_id, groups_max: facts.limits.groups_per_user_max.unwrap_or(u32::MAX) }
}

pub(crate) fn one_owner(members: &[NewMember]) -> Result<(), Rejection> {
    if members.iter().any(|member| member.role == Role::Owner) { Err(Rejection::InvalidRole) } else { Ok(()) }
}

/// The users who are not members yet, without duplicates, in list order.
pub(crate) fn newcomers(members: &[NewMember], is_in: impl Fn(UserId) -> bool) -> Vec<NewMember> {
    let mut seen = BTreeSet::new();
    members.iter().filter(|member| !is_in(member.user_id) && seen.insert(member.user_id)).copied().collect()
}

pub(crate) fn one_fewer(group: &mut Group) {
    group.member_count = group.member_count.saturating_sub(1);
}

pub(crate) fn room_for(facts: &Facts, member_count: u32, newcomers: usize) -> Result<u32, Rejection> {
    // A group cannot have more members than its limit.
    let members_max = facts.limits.members_max;
    let would_be = u64::from(member_count) + newcomers as u64;
    match u32::try_from(would_be) {
        Ok(count) if count <= members_max => Ok(count),
        _ => Err(Rejection::TooManyMembers { would_be, members_max }),
    }
}
