//! A client that connects.

use std::time::Duration;

use groups_domain::{Timestamp, UserId};
use uuid::Uuid;

/// A client whose handshake has been validated.
#[derive(Clone, Debug)]
pub struct Client {
    /// The authenticated user.
    pub user_id: UserId,
    /// Unique id of the connection. Its last byte must be random, because it spreads the
    /// heartbeats.
    pub connection_id: Uuid,
    /// The cursor to resume from. `None`: start with the whole list.
    pub cursor: Option<String>,
    /// What its token allows.
    pub grant: Grant,
}

/// What a token allows on a connection, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// When the token expires, as the client is told: [`HubLimits::token_warning`] before that, and in
    /// the answer to a renewal.
    ///
    /// [`HubLimits::token_warning`]: crate::HubLimits::token_warning
    pub expires_at: Timestamp,
    /// Time until the token expires; the connection is then closed with 4003.
    pub expires_in: Duration,
    /// Whether the client may only read. Its `typing` messages are then refused with `forbidden`.
    pub read_only: bool,
}

impl Grant {
    /// A token that allows everything for this long.
    pub(crate) const fn lasting(expires_in: Duration) -> Self {
        Self { expires_at: Timestamp::TEXT_MAX, expires_in, read_only: false }
    }
}
