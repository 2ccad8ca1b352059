//! What the server refuses, and which connections it closes.

use super::{ByKind, ByReason, Metrics};

/// Why the server closes a connection that uses HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// There are too many connections, and none can make room.
    Full,
    /// Made room for another connection, because it has shown no token and was silent.
    Evicted,
    /// No further request within the keep-alive time.
    Idle,
    /// A request head, a PROXY header or a TLS handshake was too slow.
    HeadTimeout,
    /// A request body was too slow.
    BodyTimeout,
    /// The client did not read its answer.
    AnswerTimeout,
    /// A trusted proxy sent no valid PROXY header.
    ProxyHeader,
}

impl CloseReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Evicted => "evicted",
            Self::Idle => "idle",
            Self::HeadTimeout => "head_timeout",
            Self::BodyTimeout => "body_timeout",
            Self::AnswerTimeout => "answer_timeout",
            Self::ProxyHeader => "proxy_header",
        }
    }
}

impl Metrics {
    /// Counts a connection that the server closes.
    pub(crate) fn connection_closed(&self, reason: CloseReason) {
        self.connections_closed.get_or_create(&ByReason { reason: reason.as_str() }).inc();
    }

    /// Counts a request that a limit has refused.
    pub(crate) fn refused(&self, kind: &'static str) {
        self.refusals.get_or_create(&ByKind { kind }).inc();
    }

    /// Counts a token that was not accepted.
    pub(crate) fn token_rejected(&self, reason: &'static str) {
        self.rejected_tokens.get_or_create(&ByReason { reason }).inc();
    }
}
