//! Several sinks, none of which delays or breaks another.

use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use notify::{Delivery, EventSink, FanOut, Recorder, SinkError};
use tokio::sync::{Notify, Semaphore};

use crate::world::{ADA, World, group};

/// Takes one batch for each permit, and says how many it has begun and what it missed.
struct Gated {
    permits: Semaphore,
    taken: Recorder,
    lagged: Mutex<Vec<u64>>,
    progress: Notify,
}

impl Gated {
    fn new() -> Arc<Self> {
        let (taken, lagged) = (Recorder::new(), Mutex::default());
        Arc::new(Self { permits: Semaphore::new(0), taken, lagged, progress: Notify::new() })
    }

    async fn until(&self, reached: impl Fn(&Self) -> bool) {
        loop {
            let progress = self.progress.notified();
            if reached(self) {
                return;
            }
            progress.await;
        }
    }
}

#[async_trait]
impl EventSink for Gated {
    fn name(&self) -> &str {
        "gated"
    }

    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        self.permits.acquire().await.unwrap().forget();
        self.taken.deliver(batch).await?;
        self.progress.notify_waiters();
        Ok(())
    }

    async fn lagged(&self, changes: u64) {
        self.lagged.lock().unwrap().push(changes);
        self.progress.notify_waiters();
    }
}

struct Failing;

#[async_trait]
impl EventSink for Failing {
    fn name(&self) -> &str {
        "failing"
    }

    async fn deliver(&self, _: &[Arc<Delivery>]) -> Result<(), SinkError> {
        Err(SinkError::new("always"))
    }
}

struct Panicking;

#[async_trait]
impl EventSink for Panicking {
    fn name(&self) -> &str {
        "panicking"
    }

    async fn deliver(&self, _: &[Arc<Delivery>]) -> Result<(), SinkError> {
        panic!("always")
    }
}

fn changes(count: usize) -> Vec<Arc<Delivery>> {
    let mut world = World::default();
    let mut changes = vec![world.create(group(1), ADA, &[])];
    changes.extend((1..count).map(|number| world.rename(group(1), ADA, &format!("Name {number}"))));
    changes
}

fn versions(recorder: &Recorder) -> Vec<u64> {
    recorder.deliveries().iter().map(|delivery| delivery.change().version().get()).collect()
}

#[tokio::test]
async fn sinks_that_fail_panic_or_stall_leave_the_rest_alone() {
    let (stalling, open) = (Gated::new(), Gated::new());
    open.permits.add_permits(100);
    let sinks: Vec<Arc<dyn EventSink>> = vec![stalling.clone(), Arc::new(Failing), open.clone(), Arc::new(Panicking)];
    let fan_out = FanOut::new(sinks, 8);
    for change in changes(6) {
        fan_out.deliver(&[change]).await.unwrap();
        tokio::task::yield_now().await;
    }
    open.until(|open| versions(&open.taken) == [1, 2, 3, 4, 5, 6]).await;
    assert_eq!(versions(&stalling.taken), [0; 0]);
    let stats = fan_out.stats();
    assert_eq!((stats[1].name.as_str(), stats[1].failures), ("failing", 6));
    assert_eq!((stats[0].missed, stats[2].missed), (0, 0));
    // The last batch may still be on its way to it.
    assert_eq!(stats[3].name, "panicking");
    assert!(stats[3].failures >= 5, "{stats:?}");
}

#[tokio::test]
async fn a_sink_that_stalls_for_too_long_learns_what_it_missed_before_anything_newer() {
    let stalling = Gated::new();
    let fan_out = FanOut::new(vec![stalling.clone() as Arc<dyn EventSink>], 2);
    let changes = changes(8);
    // One is taken in hand, two are queued, three are missed.
    fan_out.deliver(&changes[..1]).await.unwrap();
    tokio::task::yield_now().await;
    for change in &changes[1..6] {
        fan_out.deliver(std::slice::from_ref(change)).await.unwrap();
    }
    assert_eq!(fan_out.stats()[0].missed, 3);
    stalling.permits.add_permits(100);
    stalling.until(|sink| *sink.lagged.lock().unwrap() == [3]).await;
    assert_eq!(versions(&stalling.taken), [1, 2, 3]);
    fan_out.deliver(&changes[6..]).await.unwrap();
    stalling.until(|sink| versions(&sink.taken) == [1, 2, 3, 7, 8]).await;
}

#[tokio::test]
async fn a_sink_that_was_too_slow_once_goes_on() {
    let slow = Gated::new();
    slow.permits.add_permits(10_000);
    let fan_out = FanOut::new(vec![slow.clone() as Arc<dyn EventSink>], 1);
    let accounted = |sink: &Gated| versions(&sink.taken).len() as u64 + sink.lagged.lock().unwrap().iter().sum::<u64>();
    for (number, change) in changes(100).into_iter().enumerate() {
        fan_out.deliver(&[change]).await.unwrap();
        if number % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
    slow.until(|sink| accounted(sink) == 100).await;
    assert!(fan_out.stats()[0].missed > 0, "the queue of one overflowed");
}

#[tokio::test]
async fn a_recorder_keeps_what_it_gets_in_order() {
    let recorder = Recorder::new();
    recorder.deliver(&changes(3)).await.unwrap();
    assert_eq!(versions(&recorder), [1, 2, 3]);
    assert_eq!(recorder.deliveries()[2].cursor(), "c3");
}
