//! Sends spans to a collector with OTLP over HTTP, in JSON.

use std::time::Duration;

use hyper::Uri;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::span::{Span, export};
use crate::http_client::{FetchLimits, HttpClient};

/// Maximum number of spans that wait to be sent. Further ones are dropped and counted.
const WAITING_MAX: usize = 2_048;

/// Maximum number of spans in one request.
const BATCH_MAX: usize = 512;

/// How long spans are collected for one request.
const COLLECT: Duration = Duration::from_millis(500);

/// Limits of one request. Its response is not used.
const LIMITS: FetchLimits = FetchLimits { body_bytes_max: 64 * 1024, time_max: Duration::from_secs(5) };

enum Work {
    Span(Box<Span>),
    /// Answered when everything before it was sent or dropped.
    Flush(oneshot::Sender<()>),
}

pub(super) struct Exporter {
    work: mpsc::Sender<Work>,
    dropped: Counter,
}

impl Exporter {
    /// Returns the exporter, and the task that sends.
    pub(super) fn new(endpoint: Uri) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (work, waiting) = mpsc::channel(WAITING_MAX);
        let dropped = Counter::default();
        (Self { work, dropped: dropped.clone() }, send_all(endpoint, waiting, dropped))
    }

    pub(super) fn dropped(&self) -> Counter {
        self.dropped.clone()
    }

    /// Never waits.
    pub(super) fn record(&self, span: Span) {
        if self.work.try_send(Work::Span(Box::new(span))).is_err() {
            self.dropped.inc();
        }
    }

    pub(super) async fn flush(&self, within: Duration) {
        let (done, answer) = oneshot::channel();
        let flushing = async {
            if self.work.send(Work::Flush(done)).await.is_ok() {
                // An error: the task has ended.
                let _ = answer.await;
            }
        };
        if timeout(within, flushing).await.is_err() {
            tracing::warn!("the last spans could not be sent in time");
        }
    }
}

async fn send_all(endpoint: Uri, mut waiting: mpsc::Receiver<Work>, dropped: Counter) {
    let client = HttpClient::new();
    let mut work = Vec::with_capacity(BATCH_MAX);
    while waiting.recv_many(&mut work, BATCH_MAX).await > 0 {
        if work.iter().all(|work| matches!(work, Work::Span(_))) {
            sleep(COLLECT).await;
            while work.len() < BATCH_MAX
                && let Ok(more) = waiting.try_recv()
            {
                work.push(more);
            }
        }
        let (mut spans, mut flushes) = (Vec::new(), Vec::new());
        for work in work.drain(..) {
            match work {
                Work::Span(span) => spans.push(*span),
                Work::Flush(done) => flushes.push(done),
            }
        }
        if !spans.is_empty() {
            let sent = match &client {
                Ok(client) => {
                    client.post_json(&endpoint, export(&spans), LIMITS).await.map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = sent {
                dropped.inc_by(spans.len() as u64);
                tracing::warn!(error, spans = spans.len(), "traces could not be sent and were dropped");
            }
        }
        for done in flushes {
            // An error: nobody waits any more.
            let _ = done.send(());
        }
    }
}
