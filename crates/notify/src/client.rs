//! A client that connects.

use std::time::Duration;

use groups_domain::UserId;
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
    /// Time until its token expires; the connection is then closed with 4003.
    pub expires_in: Duration,
}
