//! Traces in the form of OpenTelemetry: from a request to its commit to the sockets of this server.
//!
//! A request that is not sampled costs a look at its `traceparent`, and a delivery one atomic load.
//! Spans wait in a bounded queue for a task that sends them; beyond it they are dropped and counted.

mod context;
mod deliveries;
mod exporter;
mod request;
mod span;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use groups_store::Executed;
use groups_supervisor::Supervisor;
use notify::SentChange;
use prometheus_client::metrics::counter::Counter;
use uuid::Uuid;

use self::context::TraceContext;
use self::deliveries::Deliveries;
use self::exporter::Exporter;
pub(crate) use self::request::traced;
use self::span::{Kind, Span};
use crate::{Problem, Settings, SettingsError};

tokio::task_local! {
    /// The span of the request that is being handled, if it is sampled.
    static CURRENT: TraceContext;
}

/// Records spans. Clones share everything.
#[derive(Clone)]
pub(crate) struct Traces(Arc<Inner>);

struct Inner {
    /// Part of the requests without a `traceparent` that are sampled.
    ratio: f64,
    exporter: Exporter,
    deliveries: Deliveries,
}

impl Traces {
    /// `None` if the settings name no collector.
    ///
    /// # Errors
    /// [`SettingsError`] if the endpoint is not an HTTP URL.
    pub(crate) fn start(settings: &Settings, supervisor: &Supervisor) -> Result<Option<Self>, SettingsError> {
        let Some(endpoint) = settings.otlp_endpoint()? else { return Ok(None) };
        let (exporter, exporting) = Exporter::new(endpoint);
        supervisor.spawn("traces", exporting);
        let inner = Inner { ratio: settings.traces_ratio()?, exporter, deliveries: Deliveries::default() };
        Ok(Some(Self(Arc::new(inner))))
    }

    /// Counts spans that were dropped.
    pub(crate) fn dropped(&self) -> Counter {
        self.0.exporter.dropped()
    }

    /// Sends what waits, for at most this time.
    pub(crate) async fn flush(&self, within: Duration) {
        self.0.exporter.flush(within).await;
    }

    /// Called when a worker's connections have sent changes.
    pub(crate) fn sent(&self, changes: &[SentChange]) {
        if self.0.deliveries.expects_none() {
            return;
        }
        let now = SystemTime::now();
        for change in changes {
            if let Some(commit) = self.0.deliveries.sent((change.group_id, change.version), now) {
                self.record_delivery(&commit, now);
            }
        }
    }

    fn record(&self, span: Span) {
        self.0.exporter.record(span);
    }

    fn record_delivery(&self, commit: &deliveries::Commit, sent: SystemTime) {
        let context = commit.context.child(new_span_id());
        let span = Span::new("deliver", Kind::Producer, context, Some(commit.context), commit.at.min(sent), sent);
        self.record(span);
    }

    /// The context of a request's span: that of the client continues, or a new one may begin.
    fn begin(&self, traceparent: Option<&str>) -> Option<(TraceContext, Option<TraceContext>)> {
        match traceparent.and_then(TraceContext::parse) {
            Some(parent) => parent.sampled.then(|| (parent.child(new_span_id()), Some(parent))),
            None => {
                let id = Uuid::new_v4();
                // The upper half decides, and is random but for six bits.
                let part = (id.as_u64_pair().1 << 2) as f64 / u64::MAX as f64;
                let context = TraceContext { trace_id: id.as_u128(), span_id: new_span_id(), sampled: true };
                (part < self.0.ratio).then_some((context, None))
            }
        }
    }
}

/// Executes a command, and records a span for its commit if the request is sampled.
pub(crate) async fn committing(
    traces: Option<&Traces>,
    executing: impl Future<Output = Result<Executed, Problem>>,
) -> Result<Executed, Problem> {
    let (Some(traces), Ok(request)) = (traces, CURRENT.try_with(|context| *context)) else {
        return executing.await;
    };
    // A delivery may be earlier than the answer of the store.
    let _expected = traces.0.deliveries.expect();
    let started = SystemTime::now();
    let executed = executing.await;
    let ended = SystemTime::now();
    let context = request.child(new_span_id());
    let mut span = Span::new("commit", Kind::Internal, context, Some(request), started, ended);
    if let Ok(Executed { outcome, replayed, .. }) = &executed
        && let Some(change) = outcome.change().filter(|_| !replayed)
    {
        let version = change.version();
        span.text("groups.group_id", &change.group_id().uuid().to_string());
        span.number("groups.version", i64::try_from(version.get()).unwrap_or(i64::MAX));
        let commit = deliveries::Commit { context, at: ended };
        for sent in traces.0.deliveries.committed((change.group_id(), version), commit) {
            traces.record_delivery(&commit, sent);
        }
    }
    span.failed = executed.as_ref().is_err_and(|problem| problem.code().status() >= 500);
    traces.record(span);
    executed
}

fn new_span_id() -> u64 {
    // The lower half of a random UUID begins with two fixed bits, so it is never zero.
    Uuid::new_v4().as_u64_pair().1
}
