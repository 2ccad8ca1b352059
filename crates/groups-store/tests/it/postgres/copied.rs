//! Positions of consumers, jobs and webhooks after a move from SQLite to PostgreSQL.

use std::time::Duration;

use groups_store::{
    JobKind, Lease, NewJob, NewWebhook, PauseReason, Revocation, SinkName, Store, StoreError, StoreOptions,
    WebhookSecret, WebhookState, copy,
};
use uuid::Uuid;

use super::run;
use crate::cast::*;

#[test]
fn a_consumer_notices_that_its_database_was_replaced_by_a_copy_and_a_job_continues() {
    run(async |db| {
        let directory = tempfile::tempdir().unwrap();
        let old = StoreOptions::new(directory.path().join("groups.db").display().to_string());
        let store = Store::open(old.clone()).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        let position = tail.next().await.unwrap().pop().unwrap().position;
        let name = SinkName::parse("webhook").unwrap();
        store.save_sink_position(&name, &position, DAWN).await.unwrap();
        let revocation =
            Revocation { user_id: ADA, not_before: Some(DAWN), disconnected_at: DAWN, kept_until: after_hours(24) };
        store.revoke(revocation).await.unwrap();
        let job = NewJob {
            job_id: Uuid::from_u128(7),
            kind: JobKind::Erase,
            user_id: ADA,
            actor_id: EVE,
            fingerprint: [1; 32],
            at: DAWN,
        };
        store.create_job(job).await.unwrap();
        drop(tail);
        store.close().await;
        let copied = copy(old, db.options()).await.unwrap();
        assert_eq!((copied.changes, copied.sink_positions, copied.revocations, copied.jobs), (1, 1, 1, 1));
        let store = db.open().await;
        assert_eq!(store.revocations(DAWN, DAWN, 10).await.unwrap(), [revocation]);
        let lease = Lease { holder: Uuid::from_u128(1), now: DAWN, valid_for: Duration::from_secs(1) };
        let job = store.lease_job(lease).await.unwrap().expect("an unfinished job continues");
        assert_eq!((job.kind, job.user_id), (JobKind::Erase, ADA));
        assert_eq!(store.sink_position(&name).await, Ok(Some(position.clone())));
        assert_eq!(store.tail_from(Some(position)).await.unwrap_err(), StoreError::HistoryReplaced);
    });
}

#[test]
fn a_webhook_continues_after_the_copied_log_and_is_paused_if_it_was_behind() {
    run(async |db| {
        let directory = tempfile::tempdir().unwrap();
        let old = StoreOptions::new(directory.path().join("groups.db").display().to_string());
        let store = Store::open(old.clone()).await.unwrap();
        let create_webhook = async |number| {
            let webhook = NewWebhook {
                webhook_id: Uuid::from_u128(number),
                fingerprint: [1; 32],
                url: "https://example.com/hook".to_owned(),
                types: None,
                description: String::new(),
                secret: WebhookSecret::new([7; 32]),
                at: DAWN,
            };
            store.create_webhook(webhook).await.unwrap();
        };
        create_webhook(1).await;
        store.did(ADA, group_id(1), create("Team")).await;
        store.did(ADA, group_id(1), rename("Crew")).await;
        create_webhook(2).await;
        store.close().await;
        let copied = copy(old, db.options()).await.unwrap();
        assert_eq!((copied.changes, copied.webhooks), (2, 2));
        let store = db.open().await;
        let read = async |number| store.webhook(Uuid::from_u128(number)).await.unwrap().expect("the webhook");
        let (behind, current) = (read(1).await, read(2).await);
        assert_eq!(behind.state, WebhookState::Paused(PauseReason::LogExpired));
        assert_eq!((current.state, current.secrets.current), (WebhookState::Active, WebhookSecret::new([7; 32])));
        store.did(ADA, group_id(1), rename("Band")).await;
        for position in [behind.position, current.position] {
            let missed = store.tail_from(Some(position)).await.unwrap().next().await.unwrap();
            assert_eq!(missed.iter().map(|entry| entry.change.version()).collect::<Vec<_>>(), [version(3)]);
        }
    });
}
