//! The claim that a person has a display name.

use groups_domain::{DisplayName, Timestamp, UserId};

/// A display name, with the time that decides which of a person's names is the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameClaim {
    /// The person.
    pub user_id: UserId,
    /// The name.
    pub name: DisplayName,
    /// When the token with this name was issued. The newest name of a person wins.
    pub issued_at: Timestamp,
}
