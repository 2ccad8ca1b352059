//! A revocation of a user's tokens.

use groups_domain::{Timestamp, UserId};

/// A user's tokens that were issued before a time are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The user.
    pub user_id: UserId,
    /// Tokens issued before this time are refused.
    pub not_before: Timestamp,
    /// When the revocation is forgotten, because all these tokens have expired by then.
    pub kept_until: Timestamp,
}
