//! WebSocket close codes (RFC 6455 section 7.4, which reserves the range 4000 to 4999 for applications).

/// The reason why the server closes a connection. Clients reconnect after 1012 and 4000 to 4499, but not after 4500 to 4999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[repr(u16)]
pub enum CloseCode {
    /// A normal closure.
    Normal = 1000,
    /// The peer violates the WebSocket protocol.
    ProtocolError = 1002,
    /// A text message is not valid UTF-8.
    InvalidUtf8 = 1007,
    /// A message exceeds the size limit of the server.
    TooLong = 1009,
    /// The server restarts. The close reason says when to reconnect; see [`retry_reason`].
    Restarting = 1012,
    /// The client reads too slowly for its events (slow consumer). It can resume with its cursor.
    SlowConsumer = 4001,
    /// The client did not answer a heartbeat.
    HeartbeatMissed = 4002,
    /// The token has expired. The client reconnects with a new one.
    TokenExpired = 4003,
    /// The session of the user has ended: an operator has disconnected the user, or the connection was renewed with the token
    /// of another user.
    SessionEnded = 4500,
    /// The client sends too many messages.
    Flood = 4501,
    /// The user has too many connections.
    TooManyConnections = 4502,
}

impl CloseCode {
    /// Every code.
    pub const ALL: [Self; 11] = [
        Self::Normal,
        Self::ProtocolError,
        Self::InvalidUtf8,
        Self::TooLong,
        Self::Restarting,
        Self::SlowConsumer,
        Self::HeartbeatMissed,
        Self::TokenExpired,
        Self::SessionEnded,
        Self::Flood,
        Self::TooManyConnections,
    ];

    /// The code as a number, as sent on the wire.
    pub const fn get(self) -> u16 {
        self as u16
    }

    /// Whether a client should reconnect with its cursor after a close with this code. True for unknown codes outside of 4500 to 4999.
    pub const fn is_retryable(code: u16) -> bool {
        !matches!(code, 4500..=4999)
    }
}

/// The close reason for code 1012. The client waits a random time between the two values, in milliseconds, before it reconnects.
pub fn retry_reason((min_ms, max_ms): (u32, u32)) -> String {
    format!("{{\"retry_ms\":[{min_ms},{max_ms}]}}")
}
