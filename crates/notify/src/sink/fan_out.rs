//! One sink made of several, none of which can delay or break another.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinHandle;

use super::{EventSink, SinkError};
use crate::Delivery;

/// Gives every batch to each of its sinks, on a task of its own with a bounded queue.
///
/// * A sink that fails is logged and counted; it is not offered that batch again and gets the next one.
/// * A sink that stalls fills its queue. While the queue is full, it misses batches; as soon as it takes one again, it is told
///   by [`EventSink::lagged`] how many changes it missed, before it gets anything newer. The other sinks never wait for it.
///
/// Whoever needs a sink to get everything gives it a reader of the log of its own, and lets it hold that reader back.
#[derive(Debug)]
pub struct FanOut {
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    queue: mpsc::Sender<Arc<[Arc<Delivery>]>>,
    counters: Arc<Counters>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counters {
    name: String,
    /// Not yet told to the sink.
    missed: AtomicU64,
    /// Wakes the task where there is something missed and perhaps nothing queued any more.
    behind: Notify,
    missed_total: AtomicU64,
    failures: AtomicU64,
}

/// How one of the sinks does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanOutStats {
    /// The sink's name.
    pub name: String,
    /// Changes that it missed because its queue was full.
    pub missed: u64,
    /// Batches that it failed to take.
    pub failures: u64,
}

impl FanOut {
    /// Over these sinks, each with a queue of at most `queue_batches_max` batches.
    ///
    /// # Panics
    /// Outside of a Tokio runtime, and where `queue_batches_max` is 0.
    pub fn new(sinks: Vec<Arc<dyn EventSink>>, queue_batches_max: usize) -> Self {
        Self { lanes: sinks.into_iter().map(|sink| Lane::start(sink, queue_batches_max)).collect() }
    }

    /// How each sink does.
    pub fn stats(&self) -> Vec<FanOutStats> {
        let stats = |lane: &Lane| FanOutStats {
            name: lane.counters.name.clone(),
            missed: lane.counters.missed_total.load(Relaxed),
            failures: lane.counters.failures.load(Relaxed),
        };
        self.lanes.iter().map(stats).collect()
    }
}

impl Lane {
    fn start(sink: Arc<dyn EventSink>, queue_batches_max: usize) -> Self {
        let (queue, mut batches) = mpsc::channel::<Arc<[Arc<Delivery>]>>(queue_batches_max);
        let counters = Arc::new(Counters { name: sink.name().to_owned(), ..Counters::default() });
        let counted = Arc::clone(&counters);
        let task = tokio::spawn(async move {
            loop {
                let batch = tokio::select! {
                    // What is still queued came before what was missed: it goes first.
                    biased;
                    batch = batches.recv() => match batch {
                        Some(batch) => Some(batch),
                        None => return,
                    },
                    () = counted.behind.notified() => None,
                };
                if let Some(batch) = batch
                    && let Err(error) = contained(&*sink, &batch).await
                {
                    counted.failures.fetch_add(1, Relaxed);
                    tracing::error!(sink = sink.name(), changes = batch.len(), %error, "a sink failed to take a batch");
                }
                if batches.is_empty() {
                    let missed = counted.missed.swap(0, SeqCst);
                    if missed > 0 {
                        sink.lagged(missed).await;
                    }
                }
            }
        });
        Self { queue, counters, task }
    }

    fn offer(&self, batch: &Arc<[Arc<Delivery>]>) {
        let changes = batch.len() as u64;
        // Nothing newer may overtake the notice of what was missed.
        let behind = self.counters.missed.load(SeqCst) > 0;
        if !behind {
            match self.queue.try_send(Arc::clone(batch)) {
                Ok(()) => return,
                Err(TrySendError::Full(_)) => {
                    tracing::error!(sink = self.counters.name, "a sink is too slow: it misses changes");
                }
                Err(TrySendError::Closed(_)) => {
                    tracing::error!(sink = self.counters.name, "a sink has ended: it misses changes");
                }
            }
        }
        self.counters.missed.fetch_add(changes, SeqCst);
        self.counters.behind.notify_one();
        self.counters.missed_total.fetch_add(changes, Relaxed);
    }
}

/// A panic of a sink is a failure like any other.
async fn contained(sink: &dyn EventSink, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
    let delivered = AssertUnwindSafe(sink.deliver(batch)).catch_unwind().await;
    delivered.unwrap_or_else(|_| Err(SinkError::new("the sink panicked")))
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl EventSink for FanOut {
    fn name(&self) -> &str {
        "fan-out"
    }

    /// Never waits and never fails.
    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        let batch: Arc<[Arc<Delivery>]> = batch.into();
        for lane in &self.lanes {
            lane.offer(&batch);
        }
        Ok(())
    }
}
