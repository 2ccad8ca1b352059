//! What a user is to a change.

use crate::{Role, Via};

/// What a user is to a group, as far as it decides what they are told of its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Audience {
    /// The owner or an admin.
    Managers,
    /// A plain member.
    Members,
    /// Invited. They are told only of what concerns their invitation.
    Invited,
    /// Asked to join. They are told only of what concerns their request.
    Requested,
}

impl Audience {
    /// Whether these are members.
    pub const fn is_member(self) -> bool {
        matches!(self, Self::Managers | Self::Members)
    }
}

/// Members with this role.
impl From<Role> for Audience {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner | Role::Admin => Self::Managers,
            Role::Member => Self::Members,
        }
    }
}

/// What a user is to a change. All users with the same view receive the same event, so it is encoded only once. A change that
/// does not add several users has at most four views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// They created the group and own it.
    Creator,
    /// They were added to an existing group, or to a new group that somebody else created.
    Added {
        /// Their role in the group.
        role: Role,
        /// How they joined; `None` if they were added.
        via: Option<Via>,
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
    /// They were removed and banned.
    Banned,
    /// They left.
    Left,
    /// They were invited.
    Invited,
    /// Their invitation ended.
    InvitationEnded,
    /// They asked to join.
    JoinRequested,
    /// Their request to join ended.
    JoinRequestEnded,
    /// The change is about others, and only the owner and admins are told what it is.
    Manager,
    /// The change is about others or the group itself.
    Other,
}
