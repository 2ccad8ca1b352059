//! Members, as reads and answers show them.

use groups_domain::{DisplayName, Membership, Version};

/// A member with their display name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The membership.
    pub membership: Membership,
    /// The latest known display name.
    pub name: Option<DisplayName>,
}

/// A position in the joining order of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberKey {
    /// The group version in which the member joined.
    pub joined_version: Version,
    /// The member's position among those who joined in the same version.
    pub ordinal: u32,
}
