//! The one way out: committed changes, read from the log, handed to a sink.
//!
//! There is one relay for each sink, and each reads the log at its own pace: a sink that fails or stalls is behind alone. The log
//! is the queue between them, so nothing is lost, skipped or reordered, and no command ever waits for a sink.

use std::sync::Arc;
use std::time::Duration;

use groups_store::Tail;
use notify::{Delivery, EventSink};

use crate::openings::delivery;

const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LONGEST: Duration = Duration::from_secs(5);

/// Hands every change from the tail on to the sink, each group's in version order, until dropped.
///
/// A batch that the sink refuses is offered again, with growing pauses: it may see a change twice, but never one before another
/// that it has not taken.
pub(crate) async fn relay(mut tail: Tail, sink: Arc<dyn EventSink>) {
    loop {
        let batch = next_batch(&mut tail, sink.name()).await;
        let mut pause = Backoff::default();
        while let Err(error) = sink.deliver(&batch).await {
            let wait = pause.next();
            tracing::warn!(sink = sink.name(), %error, changes = batch.len(), ?wait, "a sink has failed, trying again");
            tokio::time::sleep(wait).await;
        }
        if pause.has_waited() {
            tracing::info!(sink = sink.name(), "a sink has recovered");
        }
    }
}

async fn next_batch(tail: &mut Tail, sink: &str) -> Vec<Arc<Delivery>> {
    let mut pause = Backoff::default();
    loop {
        match tail.next().await {
            Ok(entries) => return entries.into_iter().map(|entry| Arc::new(delivery(entry))).collect(),
            Err(error) => {
                let wait = pause.next();
                tracing::error!(sink, %error, ?wait, "the log cannot be read, trying again");
                tokio::time::sleep(wait).await;
            }
        }
    }
}

#[derive(Default)]
struct Backoff(Option<Duration>);

impl Backoff {
    fn next(&mut self) -> Duration {
        let wait = self.0.map_or(RETRY_FIRST, |last| (last * 2).min(RETRY_LONGEST));
        self.0 = Some(wait);
        wait
    }

    fn has_waited(&self) -> bool {
        self.0.is_some()
    }
}
