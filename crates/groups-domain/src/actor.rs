//! Who acts on a group.

use core::fmt;

use crate::UserId;

/// Who makes a request, and in which capacity.
///
/// Exhaustive on purpose: a new kind of actor must stop every layer from compiling until it has its rules.
///
/// A [`UserId`] converts into [`Actor::Member`], the capacity that gives no privileges.
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
/// With the feature `serde` it is `{"actor_id": …}`, and `"operator": true` is added for an operator only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(from = "Form", into = "Form"))]
pub enum Actor {
    /// A user acting in their own name, with the rights of their role in the group.
    Member(UserId),
    /// An operator of the service, or a backend. An operator needs no membership and no rank; the invariants of a
    /// group apply all the same.
    Operator(UserId),
}

impl Actor {
    /// The user behind the request.
    pub const fn user_id(self) -> UserId {
        match self {
            Self::Member(user_id) | Self::Operator(user_id) => user_id,
        }
    }

    /// Whether the rules of rank and permission do not apply.
    pub const fn is_operator(self) -> bool {
        matches!(self, Self::Operator(_))
    }
}

impl From<UserId> for Actor {
    fn from(user_id: UserId) -> Self {
        Self::Member(user_id)
    }
}

/// Writes `operator <id>` for an operator, and the id alone for a member.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(user_id) => write!(f, "{user_id}"),
            Self::Operator(user_id) => write!(f, "operator {user_id}"),
        }
    }
}

/// The serialised form, which values from before there were operators have as well.
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
