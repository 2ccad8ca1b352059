//! Sinks that an application shares with the service.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use notify::{Delivery, EventSink, SinkError};

#[derive(Default)]
struct Calls {
    batches: AtomicUsize,
    missed: AtomicU64,
}

#[async_trait]
impl EventSink for Calls {
    fn name(&self) -> &str {
        "calls"
    }

    async fn deliver(&self, _: &[Arc<Delivery>]) -> Result<(), SinkError> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        Err(SinkError::new("full"))
    }

    async fn lagged(&self, changes: u64) {
        self.missed.fetch_add(changes, Ordering::SeqCst);
    }
}

/// Takes a sink like `GroupsBuilder::sink`.
async fn use_all(sink: impl EventSink + 'static) -> (String, Option<String>) {
    sink.lagged(7).await;
    let error = sink.deliver(&[]).await.err();
    (sink.name().to_owned(), error.map(|error| error.to_string()))
}

#[tokio::test]
async fn a_shared_sink_receives_every_call() {
    let calls = Arc::new(Calls::default());
    let expected = ("calls".to_owned(), Some("full".to_owned()));
    assert_eq!(use_all(Arc::clone(&calls)).await, expected);
    let unsized_sink: Arc<dyn EventSink> = calls.clone();
    assert_eq!(use_all(unsized_sink).await, expected);
    assert_eq!((calls.batches.load(Ordering::SeqCst), calls.missed.load(Ordering::SeqCst)), (2, 14));
}
