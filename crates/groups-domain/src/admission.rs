//! Whether one person may join, apart from who asks for it and from the room in the group.

use crate::{Facts, Rejection, UserId};

/// Why somebody cannot join, for a reason of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
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

/// What keeps a candidate out; `None` if nothing does.
pub(crate) fn obstacle(facts: &Facts, user_id: UserId) -> Option<Obstacle> {
    // A person is in at most as many groups as the limit for one person allows.
    let is_full = |groups_max| facts.people.group_count(user_id) >= groups_max;
    facts.limits.groups_per_user_max.is_some_and(is_full).then_some(Obstacle::TooManyGroups)
}

/// Refuses a request that fails with this one person.
pub(crate) fn check(facts: &Facts, user_id: UserId) -> Result<(), Rejection> {
    match obstacle(facts, user_id) {
        None => Ok(()),
        Some(Obstacle::TooManyGroups) => {
            Err(Rejection::TooManyGroups { user_id, groups_max: facts.limits.groups_per_user_max.unwrap_or(u32::MAX) })
        }
    }
}
