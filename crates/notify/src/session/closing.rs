//! Reasons for closing a connection. The code tells the client what to do: it reconnects after 1012
//! and 4000 to 4499, but not after 4500 to 4999.

use bytes::Bytes;
use groups_protocol::{CloseCode, retry_reason};

use crate::frame;

/// A protocol violation that closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolError {
    TooLong,
    InvalidUtf8,
    Protocol,
}

/// A close code and how to close.
#[derive(Debug)]
pub(crate) struct Close {
    /// `None`: answer to a close frame without a code.
    code: Option<u16>,
    reason: String,
    manner: Manner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Send the queue, then wait for the peer's close frame.
    Orderly,
    /// Drop the queue, then wait for the peer's close frame.
    Dropping,
    /// Drop the queue and do not wait: the peer is gone.
    AtOnce,
    /// Answer the peer's close frame; nothing else is sent.
    Answer,
}

impl Close {
    fn new(code: CloseCode, reason: impl Into<String>, manner: Manner) -> Self {
        Self { code: Some(code.get()), reason: reason.into(), manner }
    }

    /// Asks the client to reconnect after a random delay in this range, in milliseconds.
    pub(crate) fn restarting(retry_ms: (u32, u32)) -> Self {
        Self::new(CloseCode::Restarting, retry_reason(retry_ms), Manner::Orderly)
    }

    pub(crate) fn slow_consumer() -> Self {
        Self::new(CloseCode::SlowConsumer, "slow consumer", Manner::Dropping)
    }

    pub(crate) fn heartbeat_missed() -> Self {
        Self::new(CloseCode::HeartbeatMissed, "heartbeat missed", Manner::AtOnce)
    }

    pub(crate) fn token_expired() -> Self {
        Self::new(CloseCode::TokenExpired, "token expired", Manner::Orderly)
    }

    pub(crate) fn disconnected() -> Self {
        Self::new(CloseCode::SessionEnded, "disconnected by an operator", Manner::Orderly)
    }

    pub(crate) fn other_user() -> Self {
        Self::new(CloseCode::SessionEnded, "token of another user", Manner::Dropping)
    }

    pub(crate) fn flood() -> Self {
        Self::new(CloseCode::Flood, "too many messages", Manner::Dropping)
    }

    pub(crate) fn too_many_connections() -> Self {
        Self::new(CloseCode::TooManyConnections, "too many connections", Manner::Dropping)
    }

    /// 1002, 1007 or 1009 (RFC 6455, section 7.4.1). Frames queued before the violation are sent
    /// first.
    pub(crate) fn fault(fault: ProtocolError) -> Self {
        let (code, reason) = match fault {
            ProtocolError::Protocol => (CloseCode::ProtocolError, "protocol error"),
            ProtocolError::InvalidUtf8 => (CloseCode::InvalidUtf8, "text is not UTF-8"),
            ProtocolError::TooLong => (CloseCode::TooLong, "message too long"),
        };
        Self::new(code, reason, Manner::Orderly)
    }

    /// Answers the peer's close with its own code.
    pub(crate) fn answer(code: Option<u16>) -> Self {
        Self { code, reason: String::new(), manner: Manner::Answer }
    }

    pub(super) fn drops_queue(&self) -> bool {
        self.manner != Manner::Orderly
    }

    pub(super) fn at_once(&self) -> bool {
        self.manner == Manner::AtOnce
    }

    pub(super) fn answered(&self) -> bool {
        matches!(self.manner, Manner::AtOnce | Manner::Answer)
    }

    /// The code for the counters. A client's own close counts as 1000, whatever code it chose.
    pub(super) fn counted_as(&self) -> u16 {
        match (self.manner, self.code) {
            (Manner::Answer, _) | (_, None) => CloseCode::Normal.get(),
            (_, Some(code)) => code,
        }
    }

    pub(super) fn into_frame(self) -> Bytes {
        frame::close(self.code, &self.reason)
    }
}
