//! What the server refuses, and which connections it closes.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByKind {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByReason {
    reason: &'static str,
}

/// Counts what is refused. Clones share the counters.
#[derive(Clone, Default)]
pub(crate) struct DoorMetrics {
    refusals: Family<ByKind, Counter>,
    rejected_tokens: Family<ByReason, Counter>,
    connections_closed: Family<ByReason, Counter>,
}

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
    /// The TLS handshake failed.
    TlsHandshake,
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
            Self::TlsHandshake => "tls_handshake",
        }
    }
}

impl DoorMetrics {
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

    /// Registers the metrics under their names.
    pub(crate) fn register(&self, groups: &mut Registry) {
        groups.register("refusals", "Requests refused by a rate limit, by its kind", self.refusals.clone());
        groups.register("rejected_tokens", "Tokens that were not accepted, by reason", self.rejected_tokens.clone());
        groups.register(
            "connections_closed",
            "Connections without a WebSocket that the server closed, by reason",
            self.connections_closed.clone(),
        );
    }
}
