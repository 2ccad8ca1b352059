//! The name that somebody goes by.

use groups_domain::{Timestamp, UserId};

/// A display name, and the date by which it is judged against others of the same person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName {
    /// Whose it is.
    pub user_id: UserId,
    /// The name. Control characters are dropped when it is kept.
    pub name: String,
    /// When the token that told it was issued. The newest name of a person counts.
    pub issued_at: Timestamp,
}
