//! A sink for tests that records what it receives.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{EventSink, SinkError};
use crate::Delivery;

/// Records all deliveries, without a limit.
#[derive(Debug, Default)]
pub struct Recorder {
    deliveries: Mutex<Vec<Arc<Delivery>>>,
}

impl Recorder {
    /// Creates an empty recorder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns all deliveries so far, in order.
    pub fn deliveries(&self) -> Vec<Arc<Delivery>> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl EventSink for Recorder {
    fn name(&self) -> &str {
        "recorder"
    }

    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(batch);
        Ok(())
    }
}
