//! Deliveries from a real store to a real receiver: what black-box tests cannot cause.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod receiver;

use std::time::Duration;

use groups_domain::{Command, GroupId, GroupName, Request, Timestamp, UserId};
use groups_store::{
    Lease, NewWebhook, PauseReason, Store, StoreOptions, Webhook, WebhookCreated, WebhookProgress, WebhookSecret,
    WebhookState,
};
use groups_supervisor::Supervisor;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::receiver::Receiver;
use super::catch_up::CatchUp;
use super::item::Item;
use super::lease::{LEASE, LeaseEnd};
use super::runner::{Context, Ended, Runner};
use super::sender::Sender;
use super::{WebhookStats, Webhooks};
use crate::clock;

const GROUP: GroupId = GroupId::new(Uuid::from_u128(7));

/// A store, and the deliveries from it.
struct Bed {
    store: Store,
    supervisor: Supervisor,
    stats: WebhookStats,
    receiver: Receiver,
    _folder: TempDir,
}

impl Bed {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path().join("groups.db").to_string_lossy())).await.unwrap();
        let (supervisor, stats) = (Supervisor::new(), WebhookStats::default());
        Self { store, supervisor, stats, receiver: Receiver::start(), _folder: folder }
    }

    fn start(&self) -> Webhooks {
        Webhooks::start(&self.store, &self.supervisor, self.stats.clone(), true, true)
    }

    async fn webhook(&self) -> Webhook {
        let new = NewWebhook {
            webhook_id: Uuid::now_v7(),
            fingerprint: [0; 32],
            url: self.receiver.url(),
            types: None,
            description: String::new(),
            secret: WebhookSecret::new([7; 32]),
            at: clock::now(),
        };
        match self.store.create_webhook(new).await.unwrap() {
            WebhookCreated::Created(webhook) => *webhook,
            other => unreachable!("{other:?}"),
        }
    }

    /// Makes the next version of the group.
    async fn change(&self, version: u64) {
        let name = GroupName::parse(&format!("Version {version}")).unwrap();
        let command = match version {
            1 => Command::create(name.as_str(), "").unwrap(),
            _ => Command::UpdateSettings { name: Some(name), description: None, join_policy: None },
        };
        let actor = UserId::new(Uuid::from_u128(1)).into();
        let request = Request { group_id: GROUP, actor, at: clock::now(), expected_version: None, command };
        self.store.execute(request.into()).await.unwrap();
    }

    async fn stored(&self, webhook: &Webhook) -> Webhook {
        self.store.webhook(webhook.webhook_id).await.unwrap().unwrap()
    }

    fn context(&self, holder: Uuid, lease_end: watch::Receiver<Instant>) -> Context {
        Context {
            store: self.store.clone(),
            sender: std::sync::Arc::new(Sender::new(true)),
            stats: self.stats.clone(),
            supervisor: self.supervisor.clone(),
            holder,
            lease: LeaseEnd::new(lease_end),
            random: || 0.5,
        }
    }
}

fn lease(holder: Uuid, now: Timestamp) -> Lease {
    Lease { holder, now, valid_for: LEASE }
}

fn later(hours: i64) -> Timestamp {
    Timestamp::from_unix_millis(clock::now().unix_millis() + hours * 60 * 60 * 1_000)
}

/// Waits until a condition holds.
async fn until(holds: impl AsyncFn() -> bool) {
    let holding = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), holding).await.unwrap();
}

#[tokio::test]
async fn a_server_delivers_only_while_it_has_the_lease_and_the_next_holder_continues() {
    let bed = Bed::new().await;
    let webhook = bed.webhook().await;
    let webhooks = bed.start();
    bed.change(1).await;
    bed.receiver.accepts(&["1"]).await;
    until(async || bed.stored(&webhook).await.position != webhook.position).await;
    // Another server, whose clock is far ahead, takes it over.
    let other = Uuid::now_v7();
    assert_eq!(bed.store.lease_webhooks(lease(other, later(1))).await.unwrap().len(), 1);
    webhooks.changed();
    until(async || bed.stats.active_and_failing() == (0, 0)).await;
    bed.change(2).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(bed.receiver.received(), ["1"]);
    bed.store.release_webhooks(other).await.unwrap();
    webhooks.changed();
    bed.receiver.accepts(&["1", "2"]).await;
    webhooks.stop(&bed.store).await;
    assert_eq!(bed.store.lease_webhooks(lease(other, clock::now())).await.unwrap().len(), 1, "released at once");
}

#[tokio::test]
async fn no_request_starts_that_could_outlast_the_lease() {
    let bed = Bed::new().await;
    let holder = Uuid::now_v7();
    let webhook = bed.webhook().await;
    let leased = bed.store.lease_webhooks(lease(holder, clock::now())).await.unwrap().remove(0);
    bed.change(1).await;
    let (lease_end, end) = watch::channel(Instant::now() + Duration::from_secs(10));
    let (_settings, settings) = watch::channel(std::sync::Arc::new(leased));
    let stop = CancellationToken::new();
    let runner = Runner::new(bed.context(holder, end), settings, stop.clone());
    let running = tokio::spawn(runner.run());
    until(async || bed.stats.lag(later(1)) > Duration::ZERO).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(bed.receiver.received().is_empty(), "the change was read and waits");
    lease_end.send_replace(Instant::now() + LEASE);
    bed.receiver.accepts(&["1"]).await;
    until(async || bed.stored(&webhook).await.position != webhook.position).await;
    stop.cancel();
    assert_eq!(running.await.unwrap(), Ended::Stopped);
}

#[tokio::test]
async fn a_panic_in_one_webhook_is_counted_and_ends_neither_the_server_nor_other_webhooks() {
    let bed = Bed::new().await;
    let panicking = bed.webhook().await;
    bed.supervisor.inject_panic(&format!("webhook {}", panicking.webhook_id));
    bed.webhook().await;
    let webhooks = bed.start();
    until(async || bed.stats.panics() == 1).await;
    bed.change(1).await;
    bed.receiver.accepts(&["1"]).await;
    assert_eq!(bed.supervisor.failure(), None);
    webhooks.stop(&bed.store).await;
}

#[tokio::test]
async fn after_three_days_of_failures_a_webhook_is_paused() {
    for (hours, paused) in [(-71, false), (-73, true)] {
        let bed = Bed::new().await;
        bed.receiver.answers(500);
        let webhook = bed.webhook().await;
        let holder = Uuid::now_v7();
        bed.store.lease_webhooks(lease(holder, clock::now())).await.unwrap();
        let progress = WebhookProgress {
            webhook_id: webhook.webhook_id,
            generation: webhook.generation,
            position: webhook.position.clone(),
            failing_since: Some(later(hours)),
            last_error: Some("Earlier.".to_owned()),
            attempts: Vec::new(),
            pause: None,
        };
        assert!(bed.store.save_webhook_progress(progress, holder, clock::now()).await.unwrap());
        bed.store.release_webhooks(holder).await.unwrap();
        let webhooks = bed.start();
        bed.change(1).await;
        until(async || {
            let stored = bed.stored(&webhook).await;
            stored.last_error.as_deref() == Some("The receiver answered 500.")
        })
        .await;
        let stored = bed.stored(&webhook).await;
        let expected = if paused { WebhookState::Paused(PauseReason::Failed) } else { WebhookState::Active };
        assert_eq!((stored.state, stored.position), (expected, webhook.position));
        webhooks.stop(&bed.store).await;
    }
}

#[tokio::test]
async fn a_webhook_whose_changes_the_log_no_longer_has_is_paused() {
    let mut bed = Bed::new().await;
    let path = bed._folder.path().join("short.db");
    bed.store = Store::open(StoreOptions { log_kept: Duration::ZERO, ..StoreOptions::new(path.to_string_lossy()) })
        .await
        .unwrap();
    let webhook = bed.webhook().await;
    for version in 1..=5 {
        bed.change(version).await;
    }
    until(async || {
        let pruned = bed.store.prune(later(48), Duration::from_secs(48 * 60 * 60), 500).await.unwrap();
        pruned.is_empty()
    })
    .await;
    let webhooks = bed.start();
    until(async || bed.stored(&webhook).await.state == WebhookState::Paused(PauseReason::LogExpired)).await;
    assert!(bed.receiver.received().is_empty());
    webhooks.stop(&bed.store).await;
}

#[tokio::test]
async fn the_window_bounds_what_runs_ahead_of_a_message_that_fails() {
    let bed = Bed::new().await;
    bed.receiver.answers(500);
    let webhook = bed.webhook().await;
    let webhooks = bed.start();
    for version in 1..=50 {
        bed.change(version).await;
    }
    until(async || !bed.receiver.received().is_empty()).await;
    assert!(bed.receiver.received().iter().all(|version| version == "1"), "the group waits");
    assert_eq!(bed.stored(&webhook).await.position, webhook.position);
    bed.receiver.answers(200);
    let versions: Vec<String> = (1..=50).map(|version| version.to_string()).collect();
    let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
    bed.receiver.accepts(&versions).await;
    webhooks.stop(&bed.store).await;
}

#[tokio::test]
async fn users_of_a_batch_are_told_once_and_the_position_follows_the_last_message() {
    let bed = Bed::new().await;
    let webhook = bed.webhook().await;
    for version in 1..=20 {
        bed.change(version).await;
    }
    let tail = bed.store.tail_from(Some(webhook.position.clone())).await.unwrap();
    let mut batches = CatchUp::new(bed.store.clone(), tail, webhook.position.clone());
    let items = batches.next().await.unwrap();
    let [Item::SendUnlessWaiting { key, position, message }] = &items[..] else { unreachable!("{items:?}") };
    assert_eq!((*key, *position == bed.store.end_of_log().await.unwrap()), (Uuid::from_u128(1), true));
    assert_eq!(message.id, format!("catch_up.{key}.{GROUP}.1"));
    // The next batch begins no earlier than five seconds after this one.
    bed.change(21).await;
    let begun = Instant::now();
    let items = batches.next().await.unwrap();
    assert!(
        matches!(&items[..], [Item::SendUnlessWaiting { .. }]) && begun.elapsed() > Duration::from_secs(4),
        "{items:?}"
    );
}
