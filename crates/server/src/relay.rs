//! The relay reads committed changes from the log and delivers them to a sink.
//!
//! Each sink has its own relay, which reads the log at its own pace: a slow or failing sink delays
//! no other sink. The log is the queue, so no change is lost, skipped or reordered, and no command
//! waits for a sink.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use groups_domain::{Change, DisplayName, Effect, UserId};
use groups_store::{Cursors, LogEntry, Position, StoreError, Tail};
use notify::{Delivery, EventSink, SinkError};

use crate::actor_names::ActorNames;
use crate::relay_lag::RelayLag;
use crate::sinks::Progress;
use crate::store_source::delivery;

/// Delay before the first retry. It doubles with each further retry, up to [`RETRY_LONGEST`].
const RETRY_FIRST: Duration = Duration::from_millis(50);

/// Maximum delay between retries. Once the database or the sink is back, delivery resumes within
/// this time.
const RETRY_LONGEST: Duration = Duration::from_secs(1);

/// Maximum size of one batch, measured by [`Delivery::bytes`]. A larger change is delivered in a
/// batch of its own.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// How long a sink may take for a batch before it is logged, and the interval at which the log line
/// repeats.
const STALL: Duration = Duration::from_secs(10);

/// Delivers every change from the tail onwards to the sink, in version order within each group,
/// until dropped.
///
/// A batch that the sink rejects is retried with exponential backoff. The sink may see a change
/// twice, but never a change before an earlier one that it has not accepted.
///
/// The observer gets each change before the sink. If `progress` is given, the position of the
/// durable sink is stored after each batch. `lag` shows operators how far the sink is behind.
pub(crate) async fn relay(
    mut tail: Tail,
    sink: Arc<dyn EventSink>,
    observer: impl Observer,
    actor_names: ActorNames,
    progress: Option<Progress>,
    lag: RelayLag,
) {
    loop {
        lag.none_waits();
        let Batch { deliveries: batch, position } = next_batch(&mut tail, &*sink, &observer, &actor_names).await;
        let mut rest = &batch[..];
        while !rest.is_empty() {
            let sizes = rest.iter().map(|delivery| delivery.bytes());
            let (piece, more) = rest.split_at(piece_len(sizes, BATCH_BYTES_MAX));
            if let [oldest, ..] = piece {
                lag.waits_since(oldest.change().at());
            }
            hand_over(&*sink, piece).await;
            rest = more;
        }
        if let (Some(progress), Some(position)) = (&progress, &position)
            && let Err(error) = progress.save(position).await
        {
            // No retry: after a restart the sink gets these changes again, and the next batch
            // stores a later position.
            tracing::warn!(sink = sink.name(), %error, "the position of a sink could not be stored");
        }
    }
}

/// Sees what a relay reads from the log.
pub(crate) trait Observer: Send + Sync {
    /// The next change, and the position right after it.
    fn delivery(&self, delivery: &Arc<Delivery>, position: &Position);

    /// Changes are missing before the next one.
    fn lagged(&self);

    /// Whether the sink keeps memberships from what the changes say.
    fn follows_memberships(&self) -> bool {
        false
    }
}

/// Sees nothing.
impl Observer for () {
    fn delivery(&self, _: &Arc<Delivery>, _: &Position) {}

    fn lagged(&self) {}
}

/// Shows the observer the changes up to the current end of the log, or about `changes_max`, before
/// there are clients who could receive them.
///
/// # Errors
/// [`StoreError`] if the database is unavailable.
pub(crate) async fn catch_up(
    tail: &mut Tail,
    observer: &impl Observer,
    actor_names: &ActorNames,
    changes_max: usize,
) -> Result<(), StoreError> {
    let (cursors, mut seen) = (tail.cursors(), 0);
    while seen < changes_max {
        match tail.next_available().await {
            Ok(entries) if entries.is_empty() => return Ok(()),
            Ok(entries) => {
                seen += entries.len();
                let names = actor_names.for_delivery(entries.iter().map(|entry| &entry.change)).await;
                for entry in entries {
                    observe(entry, &cursors, &names, observer);
                }
            }
            // Without clients, there is nobody to tell.
            Err(StoreError::Corrupt { .. } | StoreError::HistoryReplaced | StoreError::OlderThanLog) => {
                seen += 1;
                observer.lagged();
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn observe(
    entry: LogEntry,
    cursors: &Cursors,
    names: &HashMap<UserId, DisplayName>,
    observer: &impl Observer,
) -> Arc<Delivery> {
    let position = entry.position.clone();
    let delivery = Arc::new(delivery(entry, cursors, names));
    observer.delivery(&delivery, &position);
    delivery
}

/// Changes read from the log together.
struct Batch {
    deliveries: Vec<Arc<Delivery>>,
    /// The position after the last change.
    position: Option<Position>,
}

/// How many items fit into `bytes_max` together; at least one.
fn piece_len(sizes: impl Iterator<Item = usize>, bytes_max: usize) -> usize {
    let mut bytes = 0_usize;
    let fits = sizes.take_while(|size| {
        bytes = bytes.saturating_add(*size);
        bytes <= bytes_max
    });
    fits.count().max(1)
}

/// Retries a batch until the sink accepts it.
async fn hand_over(sink: &dyn EventSink, batch: &[Arc<Delivery>]) {
    let mut pause = Backoff::default();
    while let Err(error) = deliver(sink, batch).await {
        let wait = pause.next();
        tracing::warn!(sink = sink.name(), %error, changes = batch.len(), ?wait, "a sink has failed; retrying");
        tokio::time::sleep(wait).await;
    }
    if pause.has_waited() {
        tracing::info!(sink = sink.name(), "a sink has recovered");
    }
}

/// Delivers a batch, and logs at intervals while it takes unusually long. There is no timeout,
/// because the sink may have processed part of the batch.
async fn deliver(sink: &dyn EventSink, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
    let mut delivered = sink.deliver(batch);
    let begun = Instant::now();
    loop {
        match tokio::time::timeout(STALL, &mut delivered).await {
            Ok(result) => return result,
            Err(_) => {
                let (sink, seconds) = (sink.name(), begun.elapsed().as_secs());
                tracing::error!(sink, seconds, changes = batch.len(), "a sink has not taken a batch");
            }
        }
    }
}

async fn next_batch(
    tail: &mut Tail,
    sink: &dyn EventSink,
    observer: &impl Observer,
    actor_names: &ActorNames,
) -> Batch {
    let mut pause = Backoff::default();
    let cursors = tail.cursors();
    loop {
        match tail.next().await {
            Ok(entries) => {
                // This server has read a change only after its user was erased from it, so the sink
                // does not learn whose membership has changed.
                if observer.follows_memberships() && entries.iter().any(|entry| is_erased(&entry.change)) {
                    tracing::warn!(
                        sink = sink.name(),
                        "a user was erased before this server knew of their last changes"
                    );
                    observer.lagged();
                    sink.lagged(1).await;
                }
                let position = entries.last().map(|entry| entry.position.clone());
                let names = actor_names.for_delivery(entries.iter().map(|entry| &entry.change)).await;
                let deliveries = entries.into_iter().map(|entry| observe(entry, &cursors, &names, observer));
                return Batch { deliveries: deliveries.collect(), position };
            }
            // The tail skips a row that cannot be read. Clients must not assume that they have
            // received everything.
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(sink = sink.name(), %error, "a change cannot be read and was not delivered");
                observer.lagged();
                sink.lagged(1).await;
            }
            // The history was replaced or pruned, so the state that clients have may be wrong or
            // incomplete.
            Err(error @ (StoreError::HistoryReplaced | StoreError::OlderThanLog)) => {
                tracing::warn!(sink = sink.name(), %error);
                observer.lagged();
                sink.lagged(1).await;
            }
            Err(error) => {
                let wait = pause.next();
                tracing::error!(sink = sink.name(), %error, ?wait, "the log cannot be read, trying again");
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// Whether the change affects the membership of a user who was erased since.
fn is_erased(change: &Change) -> bool {
    change.effects().into_iter().any(|effect| match effect {
        Effect::Joined { user_id, .. } | Effect::RoleSet { user_id, .. } | Effect::Left { user_id } => {
            user_id.uuid().is_nil()
        }
        Effect::StandingSet { user_id, .. } | Effect::StandingEnded { user_id } => user_id.uuid().is_nil(),
        Effect::AllLeft | Effect::LinkAdded { .. } | Effect::LinkUsed { .. } | Effect::LinkRemoved { .. } => false,
    })
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use groups_domain::{Command, Description, GroupId, GroupName, Request, Timestamp, UserId};
    use groups_store::{Store, StoreOptions};
    use notify::Recorder;
    use uuid::Uuid;

    use super::*;
    use crate::identity::Names;
    use crate::relay_lag::RelayLags;

    /// A sink that rejects its first batches and records the others.
    struct Failing {
        refusals: AtomicU32,
        taken: Recorder,
    }

    #[async_trait]
    impl EventSink for Failing {
        fn name(&self) -> &str {
            "failing"
        }

        async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
            let refuse = |left: u32| left.checked_sub(1);
            match self.refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refuse) {
                Ok(_) => Err(SinkError::new("not now")),
                Err(_) => self.taken.deliver(batch).await,
            }
        }
    }

    /// A sink that never finishes a batch.
    struct Stalled;

    #[async_trait]
    impl EventSink for Stalled {
        fn name(&self) -> &str {
            "stalled"
        }

        async fn deliver(&self, _: &[Arc<Delivery>]) -> Result<(), SinkError> {
            std::future::pending().await
        }
    }

    async fn rename(store: &Store, number: u64) {
        let ada = UserId::new(Uuid::from_u128(1));
        let name = GroupName::parse(&format!("Version {number}")).unwrap();
        let command = match number {
            1 => {
                Command::CreateGroup { name, description: Description::default(), members: Vec::new(), owner_id: None }
            }
            _ => Command::UpdateSettings { name: Some(name), description: None, join_policy: None },
        };
        let at = Timestamp::from_unix_millis(0);
        let group_id = GroupId::new(Uuid::from_u128(7));
        store
            .execute(Request { group_id, actor: ada.into(), at, expected_version: None, command }.into())
            .await
            .unwrap();
    }

    async fn versions(recorder: &Recorder, count: usize) -> Vec<u64> {
        while recorder.deliveries().len() < count {
            tokio::task::yield_now().await;
        }
        recorder.deliveries().iter().map(|delivery| delivery.change().version().get()).collect()
    }

    #[test]
    fn batches_are_bounded_in_bytes_and_a_large_change_is_delivered_alone() {
        let len = |sizes: &[usize]| piece_len(sizes.iter().copied(), 10);
        assert_eq!([len(&[4, 6, 1]), len(&[4, 7]), len(&[11, 1]), len(&[usize::MAX, 1]), len(&[3])], [2, 1, 1, 1, 1]);
    }

    #[test]
    fn retries_back_off_up_to_one_second() {
        let mut pause = Backoff::default();
        assert!(!pause.has_waited());
        let pauses: Vec<_> = (0..8).map(|_| pause.next().as_millis()).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
        assert!(pause.has_waited());
    }

    #[actix_web::test]
    async fn a_sink_that_fails_or_stalls_delays_neither_commands_nor_other_sinks_and_misses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path().join("groups.db").to_string_lossy())).await.unwrap();
        let (failing, steady) =
            (Arc::new(Failing { refusals: 3.into(), taken: Recorder::new() }), Arc::new(Recorder::new()));
        let lags = RelayLags::default();
        let names = ActorNames::new(store.clone(), Names::default());
        let relays = [
            tokio::spawn(relay(
                store.tail().await.unwrap(),
                failing.clone(),
                (),
                names.clone(),
                None,
                lags.relay("failing"),
            )),
            tokio::spawn(relay(
                store.tail().await.unwrap(),
                Arc::new(Stalled),
                (),
                names.clone(),
                None,
                lags.relay("stalled"),
            )),
            tokio::spawn(relay(
                store.tail().await.unwrap(),
                steady.clone(),
                (),
                names.clone(),
                None,
                lags.relay("steady"),
            )),
        ];
        for number in 1..=20 {
            rename(&store, number).await;
        }
        let all: Vec<u64> = (1..=20).collect();
        assert_eq!(versions(&steady, 20).await, all);
        assert_eq!(versions(&failing.taken, 20).await, all, "what was refused was offered again, in its place");
        // All changes were made at 0.
        let lag_of = |sink: &str| lags.by_sink(Timestamp::from_unix_millis(9_000))[sink].as_secs();
        while lag_of("failing") > 0 || lag_of("steady") > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(lag_of("stalled"), 9);
        relays.iter().for_each(tokio::task::JoinHandle::abort);
        store.close().await;
    }

    /// Records the versions.
    #[derive(Default)]
    struct Seen(std::sync::Mutex<Vec<u64>>);

    impl Observer for Seen {
        fn delivery(&self, delivery: &Arc<Delivery>, _: &Position) {
            self.0.lock().unwrap().push(delivery.change().version().get());
        }

        fn lagged(&self) {}
    }

    #[actix_web::test]
    async fn recent_changes_are_observed_at_the_start_and_only_later_ones_are_delivered() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path().join("groups.db").to_string_lossy())).await.unwrap();
        for number in 1..=20 {
            rename(&store, number).await;
        }
        let mut tail = store.tail_with_recent(3).await.unwrap();
        let (seen, taken) = (Seen::default(), Arc::new(Recorder::new()));
        catch_up(&mut tail, &seen, &ActorNames::new(store.clone(), Names::default()), 100).await.unwrap();
        assert_eq!(*seen.0.lock().unwrap(), [18, 19, 20]);
        let lag = RelayLags::default().relay("taken");
        let relay =
            tokio::spawn(relay(tail, taken.clone(), (), ActorNames::new(store.clone(), Names::default()), None, lag));
        rename(&store, 21).await;
        assert_eq!(versions(&taken, 1).await, [21]);
        relay.abort();
        store.close().await;
    }
}
