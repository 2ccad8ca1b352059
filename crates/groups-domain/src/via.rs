//! The ways into a group.

use core::fmt;

/// How a user joined, if not by being added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Via {
    /// They accepted an invitation.
    Invitation,
    /// They asked, and an admin approved.
    Request,
    /// They used a link.
    Link,
    /// The group was open.
    Open,
}

impl Via {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Invitation, Self::Request, Self::Link, Self::Open];

    /// The name of the way: `invitation`, `request`, `link` or `open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Request => "request",
            Self::Link => "link",
            Self::Open => "open",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
