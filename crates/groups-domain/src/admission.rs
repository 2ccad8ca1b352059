//! Whether one person may join, apart from the actor's role and from the room in the group.

use crate::{Actor, AddPolicy, Facts, Rejection, Rule, UserId};

/// Why somebody cannot join, for a reason that concerns them alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The actor may not add them: they have blocked the actor, or share no group with the actor where that is required.
    NotAllowed,
    /// They are in as many groups as one person may be.
    TooManyGroups,
}

/// Somebody on a list who was not added although others were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Who.
    pub user_id: UserId,
    /// Why.
    pub obstacle: Obstacle,
}

/// Refuses to add anybody directly if people join by invitation only. An operator may.
pub(crate) fn adding_is_open(facts: &Facts, actor: Actor) -> Result<(), Rejection> {
    // People join by invitation only. Nobody can be added directly.
    match facts.limits.add_policy {
        AddPolicy::Invitation if !actor.is_operator() => Err(Rejection::Forbidden(Rule::InvitationOnly)),
        AddPolicy::Anybody | AddPolicy::SharedGroup | AddPolicy::Invitation => Ok(()),
    }
}

/// What keeps a person out whom the actor wants to add; `None` if nothing does.
pub(crate) fn obstacle(facts: &Facts, actor: Actor, user_id: UserId) -> Option<Obstacle> {
    // You can only add people who allow it. It comes first: who may not add somebody learns nothing else of them.
    if !allows(facts, actor, user_id) {
        return Some(Obstacle::NotAllowed);
    }
    has_no_room(facts, user_id).then_some(Obstacle::TooManyGroups)
}

fn allows(facts: &Facts, actor: Actor, user_id: UserId) -> bool {
    // Consent is between people: an operator may add anybody.
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

/// Refuses a request that fails with this one person, whom the actor wants to add.
pub(crate) fn check_added(facts: &Facts, actor: Actor, user_id: UserId) -> Result<(), Rejection> {
    match obstacle(facts, actor, user_id) {
        None => Ok(()),
        Some(Obstacle::NotAllowed) => Err(Rejection::CannotBeAdded { user_id }),
        Some(Obstacle::TooManyGroups) => Err(too_many_groups(facts, user_id)),
    }
}

/// Refuses a new group to an owner who is in too many groups.
pub(crate) fn check_owner(facts: &Facts, owner_id: UserId) -> Result<(), Rejection> {
    if has_no_room(facts, owner_id) { Err(too_many_groups(facts, owner_id)) } else { Ok(()) }
}

fn too_many_groups(facts: &Facts, user_id: UserId) -> Rejection {
    Rejection::TooManyGroups { user_id, groups_max: facts.limits.groups_per_user_max.unwrap_or(u32::MAX) }
}
