//! Close codes of the WebSocket (RFC 6455 section 7.4, and the range 4000 to 4999 that it leaves to applications).

/// Why the server ends a connection. A client comes back after 1012 and 4000 to 4499, and does not after 4500 to 4999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u16)]
pub enum CloseCode {
    /// An ordinary end.
    Normal = 1000,
    /// The peer breaks the WebSocket protocol.
    ProtocolError = 1002,
    /// A text is not UTF-8.
    InvalidUtf8 = 1007,
    /// A message is longer than the server accepts.
    TooLong = 1009,
    /// The server restarts. The reason says when to come back: [`retry_reason`].
    Restarting = 1012,
    /// The client reads more slowly than its events come. It resumes with its cursor.
    SlowConsumer = 4001,
    /// The client did not answer a heartbeat.
    HeartbeatMissed = 4002,
    /// The token has expired. The client comes back with a new one.
    TokenExpired = 4003,
    /// The client sends too many messages.
    Flood = 4501,
    /// The user has too many connections.
    TooManyConnections = 4502,
}

impl CloseCode {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::Normal,
        Self::ProtocolError,
        Self::InvalidUtf8,
        Self::TooLong,
        Self::Restarting,
        Self::SlowConsumer,
        Self::HeartbeatMissed,
        Self::TokenExpired,
        Self::Flood,
        Self::TooManyConnections,
    ];

    /// The number on the wire.
    pub const fn get(self) -> u16 {
        self as u16
    }

    /// Whether a client comes back, with its cursor, after a close with this number. Numbers that are not known are included.
    pub const fn is_retryable(code: u16) -> bool {
        !matches!(code, 4500..=4999)
    }
}

/// The reason of a close with 1012: a client waits a random time between the two before it comes again.
pub fn retry_reason((min_ms, max_ms): (u32, u32)) -> String {
    format!("{{\"retry_ms\":[{min_ms},{max_ms}]}}")
}
