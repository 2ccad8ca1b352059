//! The roles of members: `owner` > `admin` > `member`.

use core::fmt;
use core::str::FromStr;

/// A member's role. The order is the rank: `Role::Owner > Role::Admin > Role::Member`.
///
/// ```
/// use groups_domain::Role;
///
/// assert!(Role::Owner > Role::Admin && Role::Admin > Role::Member);
/// assert_eq!("admin".parse(), Ok(Role::Admin));
/// assert!("Admin".parse::<Role>().is_err(), "names are exact");
/// ```
///
/// Deliberately exhaustive: a role is stored, sent and compared everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Role {
    /// Can see the group and its members, and leave.
    Member,
    /// Can also add and remove plain members and change the settings.
    Admin,
    /// Can also appoint and remove admins, transfer the ownership and delete the group. A group always has exactly one owner.
    Owner,
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Self; 3] = [Self::Member, Self::Admin, Self::Owner];

    /// The name of the role: `member`, `admin` or `owner`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is not `member`, `admin` or `owner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of: owner, admin, member")]
#[non_exhaustive]
pub struct ParseRoleError;

impl AsRef<str> for Role {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl TryFrom<&str> for Role {
    type Error = ParseRoleError;

    fn try_from(name: &str) -> Result<Self, ParseRoleError> {
        name.parse()
    }
}

impl FromStr for Role {
    type Err = ParseRoleError;

    /// # Errors
    /// [`ParseRoleError`] if the text is not exactly one of the three names.
    fn from_str(name: &str) -> Result<Self, ParseRoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(ParseRoleError)
    }
}
