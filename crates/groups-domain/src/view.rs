//! A user's relation to a change.

use crate::Role;

/// A user's relation to a change. All users with the same view receive the same event, so it is encoded only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// They created the group and own it.
    Creator,
    /// They were added to an existing group, or to a new group that somebody else created.
    Added {
        /// Their role in the group.
        role: Role,
    },
    /// Their own role changed.
    RoleChanged {
        /// The role after the change.
        role: Role,
        /// The role before the change.
        previous_role: Role,
    },
    /// They were removed.
    Removed,
    /// They left.
    Left,
    /// The change affects other members or the group itself.
    Other,
}
