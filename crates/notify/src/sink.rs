//! Where committed changes go.

mod recorder;

use std::sync::Arc;

use async_trait::async_trait;

pub use recorder::Recorder;

use crate::Delivery;

/// Receives committed changes, each group's in version order.
///
/// Whatever happens to a delivery, the change is committed: a sink that is slow or fails delays nobody else.
#[async_trait]
pub trait EventSink: Send + Sync {
    /// What logs call it.
    fn name(&self) -> &str;

    /// Receives a batch, and returns when it is taken. Until then it is not given the next one (backpressure).
    ///
    /// # Errors
    /// [`SinkError`] if the batch, or a part of it, was not taken. The same batch is then offered again, with growing pauses, so
    /// an implementation is idempotent by group and version.
    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError>;

    /// Called when changes were not offered: one could not be read, the log no longer has them, or the database was put back to an
    /// earlier state. What this sink has told others may have a gap. `changes` is how many, at least.
    async fn lagged(&self, changes: u64) {
        let _ = changes;
    }
}

/// Why a sink did not take a batch: a reason for the log, or an error of the sink's own, which is its source.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SinkError(Box<dyn std::error::Error + Send + Sync>);

impl SinkError {
    /// From a text, or from any error.
    pub fn new(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}
