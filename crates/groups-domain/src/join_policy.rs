//! How outsiders can join a group without an invitation or a link.

use core::fmt;
use core::str::FromStr;

/// How outsiders can join a group without an invitation or a link.
///
/// Deliberately exhaustive: a program that does not know a policy would let in the wrong people.
///
/// ```
/// use groups_domain::JoinPolicy;
///
/// assert_eq!("request".parse(), Ok(JoinPolicy::Request));
/// assert_eq!(JoinPolicy::default(), JoinPolicy::Closed);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum JoinPolicy {
    /// They cannot, and the group does not exist for them.
    #[default]
    Closed,
    /// They see a preview of the group and can ask to join.
    Request,
    /// They see a preview of the group and can join.
    Open,
}

impl JoinPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Request, Self::Open];

    /// The name of the policy: `closed`, `request` or `open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Request => "request",
            Self::Open => "open",
        }
    }

    /// Whether outsiders do not see the group.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl fmt::Display for JoinPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is not `closed`, `request` or `open`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a join policy is one of: closed, request, open")]
#[non_exhaustive]
pub struct ParseJoinPolicyError;

impl FromStr for JoinPolicy {
    type Err = ParseJoinPolicyError;

    fn from_str(name: &str) -> Result<Self, ParseJoinPolicyError> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name).ok_or(ParseJoinPolicyError)
    }
}

impl TryFrom<&str> for JoinPolicy {
    type Error = ParseJoinPolicyError;

    fn try_from(name: &str) -> Result<Self, ParseJoinPolicyError> {
        name.parse()
    }
}
