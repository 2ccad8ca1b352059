//! The answer to "is this user in this group?".

use groups_domain::{Role, Version};

use crate::Position;

/// A user's membership of a group, at one point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MembershipCheck {
    /// The user's role; `None` if the user is not a member, or the group does not exist.
    pub role: Option<Role>,
    /// The version of the group; `None` if the group never existed or was pruned after its deletion.
    pub version: Option<Version>,
}

/// The answers to a list of questions, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipChecks {
    /// One answer for each question.
    pub checks: Vec<MembershipCheck>,
    /// The point in time of all answers.
    pub cursor: Position,
}
