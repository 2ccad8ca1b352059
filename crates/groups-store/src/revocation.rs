//! A revocation of a user's connections and tokens.

use groups_domain::{Timestamp, UserId};

/// An operator has closed a user's connections, and may have revoked the user's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The user.
    pub user_id: UserId,
    /// Tokens issued before this time are refused. `None`: the connections were closed, but no token
    /// was revoked.
    pub not_before: Option<Timestamp>,
    /// When the connections were closed, by the clock of the server that closed them.
    pub disconnected_at: Timestamp,
    /// When this is forgotten. Choose a time when every revoked token has expired.
    pub kept_until: Timestamp,
}
