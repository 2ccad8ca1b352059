//! A sink that remembers, for tests.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{EventSink, SinkError};
use crate::Delivery;

/// Keeps everything that it is given, without bound.
#[derive(Debug, Default)]
pub struct Recorder {
    deliveries: Mutex<Vec<Arc<Delivery>>>,
}

impl Recorder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it was given so far, in order.
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
