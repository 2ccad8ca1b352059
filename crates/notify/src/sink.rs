//! Where committed changes go.

mod fan_out;
mod recorder;

use std::sync::Arc;

use async_trait::async_trait;

pub use fan_out::{FanOut, FanOutStats};
pub use recorder::Recorder;

use crate::Delivery;

/// Takes committed changes, each group's in version order, each once.
///
/// Whatever becomes of a delivery, the change is committed: a sink can delay and fail nobody but itself.
#[async_trait]
pub trait EventSink: Send + Sync {
    /// What logs call it.
    fn name(&self) -> &str;

    /// Takes a batch. It may wait for room, and so hold back whoever delivers.
    ///
    /// # Errors
    /// [`SinkError`] where the batch, or a part of it, was not taken. Whether it is offered again is up to the caller.
    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError>;

    /// Learns that changes were not offered, because it was too slow or because the log was read anew from a later
    /// position: what it has told others may have a gap.
    async fn lagged(&self, changes: u64) {
        let _ = changes;
    }
}

/// Why a sink did not take a batch.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(String);

impl SinkError {
    /// With a reason for the log.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
