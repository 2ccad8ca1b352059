//! Sinks of an embedding application: where each starts to read the log, and isolation from their
//! panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use groups_store::{Position, SinkName, Store, StoreError, Tail};
use groups_supervisor::Cause;
use notify::{Delivery, EventSink, SinkError};

use crate::clock;

/// Where a sink starts to read the log.
pub(crate) struct LogStart {
    pub(crate) tail: Tail,
    /// Where the position is stored, if the sink is durable.
    pub(crate) progress: Option<Progress>,
}

/// Stores the position of a durable sink.
pub(crate) struct Progress {
    store: Store,
    name: SinkName,
}

impl LogStart {
    /// A live sink starts at the end of the log; a durable sink starts after the last batch it
    /// accepted.
    ///
    /// # Errors
    /// [`StoreError`] if the database is unavailable.
    pub(crate) async fn of(store: &Store, durable: Option<SinkName>, sink: &dyn EventSink) -> Result<Self, StoreError> {
        let Some(name) = durable else { return Ok(Self { tail: store.tail().await?, progress: None }) };
        let progress = Progress { store: store.clone(), name };
        let tail = match store.sink_position(&progress.name).await? {
            Some(position) => match store.tail_from(Some(position)).await {
                Err(error @ (StoreError::OlderThanLog | StoreError::HistoryReplaced)) => {
                    tracing::error!(sink = sink.name(), %error, "a durable sink cannot resume and continues with changes committed from now on");
                    sink.lagged(1).await;
                    progress.begin().await?
                }
                tail => tail?,
            },
            None => progress.begin().await?,
        };
        Ok(Self { tail, progress: Some(progress) })
    }
}

impl Progress {
    /// Follows the log from now on. Stores the position immediately, so that a crash before the
    /// first batch skips nothing.
    async fn begin(&self) -> Result<Tail, StoreError> {
        let now = self.store.end_of_log().await?;
        self.save(&now).await?;
        self.store.tail_from(Some(now)).await
    }

    /// # Errors
    /// [`StoreError`] if the database is unavailable. After a restart the sink then receives the
    /// changes before `position` again.
    pub(crate) async fn save(&self, position: &Position) -> Result<(), StoreError> {
        self.store.save_sink_position(&self.name, position, clock::now()).await.map(drop)
    }
}

/// An application's sink. A panic in it counts as a failure, like an error that it returns.
pub(crate) struct Guarded(pub(crate) Arc<dyn EventSink>);

#[async_trait]
impl EventSink for Guarded {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        let delivered = AssertUnwindSafe((*self.0).deliver(batch)).catch_unwind().await;
        delivered.unwrap_or_else(|panic| Err(SinkError::new(Cause::of_panic(&*panic).to_string())))
    }

    async fn lagged(&self, changes: u64) {
        if AssertUnwindSafe((*self.0).lagged(changes)).catch_unwind().await.is_err() {
            tracing::error!(sink = self.name(), "a sink panicked in `lagged`");
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

    use super::*;

    struct Panicking;

    #[async_trait]
    impl EventSink for Panicking {
        fn name(&self) -> &str {
            "panicking"
        }

        async fn deliver(&self, _: &[Arc<Delivery>]) -> Result<(), SinkError> {
            panic!("out of cheese")
        }
    }

    #[tokio::test]
    async fn a_panic_in_a_sink_is_a_failure_of_that_sink() {
        let error = Guarded(Arc::new(Panicking)).deliver(&[]).await.unwrap_err();
        assert!(error.to_string().contains("out of cheese"), "{error}");
    }
}
