//! The actor of a request: a member or an operator.

use core::fmt;

use crate::UserId;

/// The user who makes a request, and in which capacity.
///
/// Deliberately exhaustive: if a kind of actor is added, no layer compiles until it handles it.
///
/// A [`UserId`] converts into [`Actor::Member`], which has no special privileges.
///
/// ```
/// use groups_domain::{Actor, UserId, Uuid};
///
/// let ada = UserId::new(Uuid::from_u128(1));
/// assert_eq!(Actor::from(ada), Actor::Member(ada));
/// assert!(Actor::Operator(ada).is_operator());
/// assert_eq!(Actor::Operator(ada).user_id(), ada);
/// ```
///
/// With the feature `serde` it serialises as `{"actor_id": …}`; operators also have `"operator": true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(from = "Form", into = "Form"))]
pub enum Actor {
    /// A user who acts for themselves, with the rights of their role in the group.
    Member(UserId),
    /// An operator of the service, or a backend. An operator needs no membership and no role. The invariants of a
    /// group still apply.
    Operator(UserId),
}

impl Actor {
    /// The user behind the request.
    pub const fn user_id(self) -> UserId {
        match self {
            Self::Member(user_id) | Self::Operator(user_id) => user_id,
        }
    }

    /// Whether the actor is an operator, to whom the role and permission rules do not apply.
    pub const fn is_operator(self) -> bool {
        matches!(self, Self::Operator(_))
    }
}

impl From<UserId> for Actor {
    fn from(user_id: UserId) -> Self {
        Self::Member(user_id)
    }
}

/// Writes `operator <id>` for an operator and only the id for a member.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(user_id) => write!(f, "{user_id}"),
            Self::Operator(user_id) => write!(f, "operator {user_id}"),
        }
    }
}

/// The serialised form. Values written before operators existed have no `operator` field.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Form {
    actor_id: UserId,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    operator: bool,
}

#[cfg(feature = "serde")]
impl From<Form> for Actor {
    fn from(Form { actor_id, operator }: Form) -> Self {
        if operator { Self::Operator(actor_id) } else { Self::Member(actor_id) }
    }
}

#[cfg(feature = "serde")]
impl From<Actor> for Form {
    fn from(actor: Actor) -> Self {
        Self { actor_id: actor.user_id(), operator: actor.is_operator() }
    }
}
