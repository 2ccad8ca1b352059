//! Permission to read what only admins see: the history of a group, and its lists.

use crate::{AccessList, Actor, Rejection, Role, Rule};

/// Checks whether an actor may read the changes of a group. `role` is their role in the group; `None` if they are not a member.
///
/// # Errors
/// [`Rejection::GroupNotFound`] if the actor may not see the group, [`Rejection::Forbidden`] if they may not read its history.
///
/// ```
/// use groups_domain::{Actor, Rejection, Role, Rule, UserId, Uuid, check_history_access};
///
/// let ada = UserId::new(Uuid::from_u128(1));
/// assert_eq!(check_history_access(Actor::Member(ada), Some(Role::Admin)), Ok(()));
/// let refused = Err(Rejection::Forbidden(Rule::AdminsReadHistory));
/// assert_eq!(check_history_access(Actor::Member(ada), Some(Role::Member)), refused);
/// assert_eq!(check_history_access(Actor::Member(ada), None), Err(Rejection::GroupNotFound));
/// assert_eq!(check_history_access(Actor::Operator(ada), None), Ok(()));
/// ```
pub fn check_history_access(actor: Actor, role: Option<Role>) -> Result<(), Rejection> {
    // Reading the history requires the role `admin`.
    check_admin(actor, role, Rule::AdminsReadHistory)
}

/// Checks whether an actor may read a list of a group. `role` is their role in the group; `None` if they are not a member.
///
/// # Errors
/// [`Rejection::GroupNotFound`] if the actor may not see the group, [`Rejection::Forbidden`] if they may not read the list.
pub fn check_list_access(actor: Actor, role: Option<Role>, list: AccessList) -> Result<(), Rejection> {
    check_admin(actor, role, list.rule())
}

fn check_admin(actor: Actor, role: Option<Role>, rule: Rule) -> Result<(), Rejection> {
    match (actor, role) {
        (Actor::Operator(_), _) => Ok(()),
        // To users who are not members, the group does not exist.
        (Actor::Member(_), None) => Err(Rejection::GroupNotFound),
        (Actor::Member(_), Some(role)) if role < Role::Admin => Err(Rejection::Forbidden(rule)),
        (Actor::Member(_), Some(_)) => Ok(()),
    }
}
