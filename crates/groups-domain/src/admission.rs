//! Whether one user may join, apart from the actor's role and the group's member limit.

use crate::{Actor, AddPolicy, Facts, Rejection, Rule, UserId};

/// Why one user cannot join. It does not affect other users on the same list.
///
/// Deliberately exhaustive: a service stores it with the answer to a repeated request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The actor may not add them: they have blocked the actor, or a shared group is required and they share none.
    NotAllowed,
    /// They are already in as many groups as the limit per user allows.
    TooManyGroups,
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
    is_open && !people.blocks.contains(&(user_id, actor_id))
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
        Some(Obstacle::TooManyGroups) => Err(too_many_groups(facts, user_id)),
    }
}

/// Rejects the creation of a group whose owner is already in too many groups.
pub(crate) fn check_owner(facts: &Facts, owner_id: UserId) -> Result<(), Rejection> {
    if has_no_room(facts, owner_id) { Err(too_many_groups(facts, owner_id)) } else { Ok(()) }
}

fn too_many_groups(facts: &Facts, user_id: UserId) -> Rejection {
    Rejection::TooManyGroups { user_id, groups_max: facts.limits.groups_per_user_max.unwrap_or(u32::MAX) }
}
