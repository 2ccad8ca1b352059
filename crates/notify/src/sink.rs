//! The [`EventSink`] trait: a consumer of committed changes.

mod recorder;

use std::sync::Arc;

use async_trait::async_trait;

pub use recorder::Recorder;

use crate::Delivery;

/// Receives committed changes, in version order within each group.
///
/// The changes are already committed. A sink that is slow or fails delays no other sink.
///
/// Implement it with plain `#[async_trait]`, because its futures are [`Send`]. An `Arc` of a sink is
/// also a sink, so the application can keep a handle to it.
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use groups_domain::{Audience, event_for};
/// use groups_protocol::EventBody;
/// use notify::{Delivery, EventSink, SinkError};
///
/// struct Audit;
///
/// #[async_trait]
/// impl EventSink for Audit {
///     fn name(&self) -> &str {
///         "audit"
///     }
///
///     async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
///         for delivery in batch {
///             // The JSON that a WebSocket of this user receives.
///             let change = delivery.change();
///             let Some(event) = event_for(change, change.actor_id(), Audience::Members) else { continue };
///             let json = serde_json::to_string(&EventBody::new(&event, delivery.cursor()).with_actor_name(delivery.actor_name()));
///             println!("{}", json.map_err(SinkError::new)?);
///         }
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait EventSink: Send + Sync {
    /// Name of the sink in the log.
    fn name(&self) -> &str;

    /// Receives a batch, and returns once it is accepted. Until then, no further batch is delivered
    /// (backpressure).
    ///
    /// When the service stops, it does not wait: a running `deliver` is dropped at its next
    /// `await`. A durable sink receives that batch again after the restart.
    ///
    /// # Errors
    /// [`SinkError`] if the batch or a part of it was not accepted. The same batch is then retried
    /// with exponential backoff, so an implementation must be idempotent by group and version.
    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError>;

    /// Called when at least `changes` changes could not be delivered: a change was unreadable, the
    /// log no longer contains it, or the database was restored to an earlier state. Whatever this
    /// sink has passed on may have a gap.
    async fn lagged(&self, changes: u64) {
        let _ = changes;
    }
}

/// Forwards to the shared sink.
#[async_trait]
impl<T: EventSink + ?Sized> EventSink for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        (**self).deliver(batch).await
    }

    async fn lagged(&self, changes: u64) {
        (**self).lagged(changes).await;
    }
}

/// Why a sink did not accept a batch: a reason for the log, or an underlying error.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SinkError(Box<dyn std::error::Error + Send + Sync>);

impl SinkError {
    /// Creates an error from a text or from any other error.
    pub fn new(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}
