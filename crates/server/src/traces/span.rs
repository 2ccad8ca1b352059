//! Spans, and their JSON (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>).

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::context::TraceContext;

/// The role of a span, with its number in the protocol.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Internal = 1,
    Server = 2,
    Producer = 4,
}

/// A span that has ended.
#[derive(Debug)]
pub(super) struct Span {
    name: Cow<'static, str>,
    kind: Kind,
    context: TraceContext,
    parent: Option<TraceContext>,
    started: SystemTime,
    ended: SystemTime,
    attributes: Vec<Value>,
    pub(super) failed: bool,
}

impl Span {
    pub(super) fn new(
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        context: TraceContext,
        parent: Option<TraceContext>,
        started: SystemTime,
        ended: SystemTime,
    ) -> Self {
        Self { name: name.into(), kind, context, parent, started, ended, attributes: Vec::new(), failed: false }
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.attributes.push(json!({"key": key, "value": {"stringValue": value}}));
    }

    pub(super) fn number(&mut self, key: &str, value: i64) {
        // 64-bit integers are strings in this encoding.
        self.attributes.push(json!({"key": key, "value": {"intValue": value.to_string()}}));
    }

    fn json(&self) -> Value {
        json!({
            "traceId": format!("{:032x}", self.context.trace_id),
            "spanId": format!("{:016x}", self.context.span_id),
            "parentSpanId": self.parent.map(|parent| format!("{:016x}", parent.span_id)).unwrap_or_default(),
            "name": self.name,
            "kind": self.kind as u8,
            "startTimeUnixNano": nanos(self.started),
            "endTimeUnixNano": nanos(self.ended.max(self.started)),
            "attributes": self.attributes,
            // Unset, or an error.
            "status": {"code": if self.failed { 2 } else { 0 }},
        })
    }
}

/// The body of an export request.
pub(super) fn export(spans: &[Span]) -> String {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let version = env!("CARGO_PKG_VERSION");
    json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "groups"), text("service.version", version)]},
        "scopeSpans": [{
            "scope": {"name": "groups", "version": version},
            "spans": spans.iter().map(Span::json).collect::<Vec<_>>(),
        }],
    }]})
    .to_string()
}

fn nanos(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}
