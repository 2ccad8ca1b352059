//! Webhooks: which server delivers, how far it is, and what is kept.

use std::collections::BTreeSet;
use std::time::Duration;

use groups_domain::{Command, Timestamp, UserId};
use groups_store::{
    AttemptKey, EraseStep, Lease, NewWebhook, PREVIOUS_SECRET_KEPT, PauseReason, Position, Pruned, Store, StoreError,
    WEBHOOK_ATTEMPT_KEPT, WEBHOOK_ATTEMPTS_MAX, WEBHOOKS_MAX, Webhook, WebhookAttempt, WebhookChange, WebhookChanged,
    WebhookCreated, WebhookDeleted, WebhookProgress, WebhookSecret, WebhookState,
};
use uuid::Uuid;

use super::run;
use crate::cast::*;

const SERVERS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];

const LEASE: Duration = Duration::from_secs(15);

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(DAWN.unix_millis() + 1_000 * seconds)
}

/// The lease of a server, so many seconds after the beginning.
fn lease(server: usize, at: i64) -> Lease {
    Lease { holder: SERVERS[server], now: seconds(at), valid_for: LEASE }
}

fn new(number: u128) -> NewWebhook {
    NewWebhook {
        webhook_id: Uuid::from_u128(number),
        fingerprint: [1; 32],
        url: format!("https://example.com/{number}"),
        types: None,
        description: String::new(),
        secret: WebhookSecret::new([7; 32]),
        at: DAWN,
    }
}

async fn create(store: &Store, number: u128) -> Webhook {
    match store.create_webhook(new(number)).await.unwrap() {
        WebhookCreated::Created(webhook) => *webhook,
        other => panic!("{other:?}"),
    }
}

async fn change(store: &Store, number: u128, change: WebhookChange) -> Webhook {
    match store.change_webhook(Uuid::from_u128(number), None, change, seconds(1)).await.unwrap() {
        WebhookChanged::Changed(webhook) => *webhook,
        other => panic!("{other:?}"),
    }
}

async fn read(store: &Store, number: u128) -> Webhook {
    store.webhook(Uuid::from_u128(number)).await.unwrap().expect("the webhook")
}

/// The numbers of the webhooks that a server holds from now on.
async fn holds(store: &Store, lease: Lease) -> Vec<u128> {
    store.lease_webhooks(lease).await.unwrap().iter().map(|webhook| webhook.webhook_id.as_u128()).collect()
}

fn progress(webhook: &Webhook, position: &Position) -> WebhookProgress {
    WebhookProgress {
        webhook_id: webhook.webhook_id,
        generation: webhook.generation,
        position: position.clone(),
        failing_since: None,
        last_error: None,
        attempts: Vec::new(),
        pause: None,
    }
}

fn attempt(message_id: &str, at: Timestamp) -> WebhookAttempt {
    WebhookAttempt {
        message_id: message_id.to_owned(),
        event_type: "group.invited".to_owned(),
        at,
        attempt: 1,
        status: Some(503),
        error: Some("Busy".to_owned()),
        duration_ms: 12,
        response: Some("later".to_owned()),
    }
}

#[test]
fn one_server_at_a_time_holds_a_webhook_and_a_dead_one_loses_it() {
    run(async |db| {
        let store = db.open().await;
        assert_eq!(holds(&store, lease(0, 0)).await, []);
        create(&store, 1).await;
        create(&store, 2).await;
        assert_eq!(holds(&store, lease(0, 0)).await, [1, 2]);
        create(&store, 3).await;
        assert_eq!(holds(&store, lease(1, 1)).await, [3], "the others are held");
        assert_eq!(holds(&store, lease(0, 10)).await, [1, 2]);
        assert_eq!(holds(&store, lease(0, 15)).await, [1, 2], "another server may be dead, but its lease is valid");
        assert_eq!(holds(&store, lease(0, 16)).await, [1, 2, 3], "and has run out");
        assert_eq!(holds(&store, lease(1, 30)).await, []);
        let webhook = read(&store, 1).await;
        let end = store.end_of_log().await.unwrap();
        let save = async |server: usize| {
            store.save_webhook_progress(progress(&webhook, &end), SERVERS[server], seconds(30)).await.unwrap()
        };
        assert!(save(0).await && !save(1).await);
        store.release_webhooks(SERVERS[0]).await.unwrap();
        assert!(!save(0).await, "the lease was given up");
        assert_eq!(holds(&store, lease(1, 30)).await, [1, 2, 3]);
        let pause = WebhookChange { active: Some(false), ..WebhookChange::default() };
        change(&store, 2, pause).await;
        assert_eq!(holds(&store, lease(1, 31)).await, [1, 3]);
        assert_eq!(store.delete_webhook(Uuid::from_u128(1), None).await, Ok(WebhookDeleted::Deleted));
        assert!(!save(1).await);
        assert_eq!(holds(&store, lease(1, 32)).await, [3]);
    });
}

#[test]
fn of_two_servers_that_want_a_webhook_at_the_same_time_only_one_gets_it() {
    run(async |db| {
        let store = db.open().await;
        for number in 1..=20 {
            create(&store, number).await;
        }
        for round in 0..10 {
            let at = 100 * round;
            let (one, other) = tokio::join!(holds(&store, lease(0, at)), holds(&store, lease(1, at)));
            let all: BTreeSet<u128> = one.iter().chain(&other).copied().collect();
            assert_eq!((all.len(), one.len() + other.len()), (20, 20), "{one:?} {other:?}");
        }
    });
}

#[test]
fn progress_from_before_a_replay_is_refused_and_a_replay_needs_a_position_that_the_log_has() {
    run(async |db| {
        let store = db.open().await;
        let start = store.end_of_log().await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [])).await;
        let webhook = create(&store, 1).await;
        assert_eq!(holds(&store, lease(0, 0)).await, [1]);
        let end = store.end_of_log().await.unwrap();
        assert_eq!(webhook.position, end, "a webhook starts at the end of the log");
        store.did(ADA, group_id(1), rename("Crew")).await;
        let end = store.end_of_log().await.unwrap();
        let failed = WebhookProgress {
            failing_since: Some(seconds(3)),
            last_error: Some("x\0".repeat(501)),
            pause: Some(PauseReason::Failed),
            ..progress(&webhook, &end)
        };
        assert_eq!(store.save_webhook_progress(failed, SERVERS[0], seconds(4)).await, Ok(true));
        let paused = read(&store, 1).await;
        assert_eq!((paused.state, paused.version), (WebhookState::Paused(PauseReason::Failed), 2));
        assert_eq!((paused.failing_since, paused.updated_at), (Some(seconds(3)), seconds(4)));
        assert_eq!((paused.last_error, paused.position), (Some("x".repeat(500)), end.clone()));

        let replay = async |after: &Position| store.replay_webhook(webhook.webhook_id, after.clone(), seconds(5)).await;
        let replayed = replay(&start).await.unwrap().expect("the webhook");
        assert_eq!((replayed.state, replayed.version, replayed.generation), (WebhookState::Active, 3, 2));
        assert_eq!((replayed.failing_since, replayed.last_error.clone(), &replayed.position), (None, None, &start));
        assert_eq!(store.save_webhook_progress(progress(&webhook, &end), SERVERS[0], seconds(6)).await, Ok(false));
        assert_eq!(read(&store, 1).await, replayed);
        assert_eq!(store.save_webhook_progress(progress(&replayed, &end), SERVERS[0], seconds(6)).await, Ok(true));
        assert_eq!(replay(&start).await.unwrap().unwrap().version, 3, "it was active");
        assert_eq!(store.replay_webhook(Uuid::from_u128(9), start.clone(), seconds(5)).await, Ok(None));

        db.sql("INSERT INTO meta (name, value) VALUES ('log_floor', '09000000000000000000')").await;
        assert_eq!(replay(&start).await, Err(StoreError::OlderThanLog));
    });
}

#[test]
fn a_change_applies_to_the_expected_version_and_a_new_secret_lets_the_previous_one_sign_for_a_day() {
    run(async |db| {
        let store = db.open().await;
        let webhook = create(&store, 1).await;
        assert_eq!(store.create_webhook(new(1)).await, Ok(WebhookCreated::Repeated(Box::new(webhook.clone()))));
        let other = NewWebhook { fingerprint: [2; 32], ..new(1) };
        assert_eq!(store.create_webhook(other).await, Ok(WebhookCreated::IdReused));
        assert!(!format!("{webhook:?} {:?}", new(1)).contains("7, 7"), "no secret is shown");

        let nothing = change(&store, 1, WebhookChange { active: Some(true), ..WebhookChange::default() }).await;
        assert_eq!(nothing, webhook);
        let types = Some(vec!["group.invited".to_owned()]);
        let settings = WebhookChange {
            types: Some(types.clone()),
            description: Some("Audit".to_owned()),
            active: Some(false),
            ..WebhookChange::default()
        };
        let changed = change(&store, 1, settings.clone()).await;
        assert_eq!((changed.version, changed.updated_at), (2, seconds(1)));
        assert_eq!((&changed.types, changed.description.as_str()), (&types, "Audit"));
        assert_eq!(changed.state, WebhookState::Paused(PauseReason::Operator));
        assert_eq!(change(&store, 1, settings.clone()).await, changed);
        let (id, old) = (webhook.webhook_id, Some(1));
        assert_eq!(store.change_webhook(id, old, settings, DAWN).await, Ok(WebhookChanged::VersionMismatch(2)));
        assert_eq!(store.delete_webhook(id, old).await, Ok(WebhookDeleted::VersionMismatch(2)));

        let rotate = |byte| WebhookChange { secret: Some(WebhookSecret::new([byte; 32])), ..WebhookChange::default() };
        let rotated = change(&store, 1, rotate(8)).await;
        let previous = rotated.secrets.previous.clone().expect("the previous secret");
        let kept_ms = i64::try_from(PREVIOUS_SECRET_KEPT.as_millis()).unwrap();
        assert_eq!(previous.until.unix_millis(), seconds(1).unix_millis() + kept_ms);
        assert_eq!((previous.secret, rotated.version), (WebhookSecret::new([7; 32]), 3));
        assert_eq!(change(&store, 1, rotate(8)).await, rotated, "a repetition rotates nothing");
        assert_eq!(change(&store, 1, rotate(7)).await, rotated, "nor does one that was overtaken");
        assert_eq!(store.delete_webhook(id, Some(3)).await, Ok(WebhookDeleted::Deleted));
        assert_eq!(store.delete_webhook(id, None).await, Ok(WebhookDeleted::NotFound));
        assert_eq!(store.webhook(id).await, Ok(None));
    });
}

#[test]
fn a_new_url_and_an_activation_forget_the_failures_before() {
    run(async |db| {
        let store = db.open().await;
        let webhook = create(&store, 1).await;
        holds(&store, lease(0, 0)).await;
        let fails = async || {
            let failed = WebhookProgress {
                failing_since: Some(DAWN),
                last_error: Some("Busy".to_owned()),
                ..progress(&webhook, &webhook.position)
            };
            assert_eq!(store.save_webhook_progress(failed, SERVERS[0], DAWN).await, Ok(true));
        };
        fails().await;
        let pause = |active| WebhookChange { active: Some(active), ..WebhookChange::default() };
        assert_eq!(change(&store, 1, pause(false)).await.failing_since, Some(DAWN));
        let active = change(&store, 1, pause(true)).await;
        assert_eq!((active.failing_since, active.last_error), (None, None));
        fails().await;
        let url = WebhookChange { url: Some("https://example.com/new".to_owned()), ..WebhookChange::default() };
        let moved = change(&store, 1, url).await;
        assert_eq!((moved.failing_since, moved.last_error), (None, None));
    });
}

#[test]
fn the_number_of_webhooks_is_bounded_and_they_are_listed_oldest_first() {
    run(async |db| {
        let store = db.open().await;
        let max = u128::from(WEBHOOKS_MAX);
        for number in 1..max {
            create(&store, number).await;
        }
        let (one, other) = tokio::join!(store.create_webhook(new(max)), store.create_webhook(new(max + 1)));
        let created = [one.unwrap(), other.unwrap()];
        assert_eq!(created.iter().filter(|created| matches!(created, WebhookCreated::TooMany)).count(), 1);
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = store.webhooks(after, 30).await.unwrap();
            listed.extend(page.webhooks.iter().map(|webhook| webhook.webhook_id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(listed.len(), WEBHOOKS_MAX as usize);
        assert!(listed.is_sorted());
        store.delete_webhook(Uuid::from_u128(1), None).await.unwrap();
        create(&store, 1_000).await;
    });
}

#[test]
fn the_newest_attempts_are_kept_for_a_week_and_listed_newest_first() {
    run(async |db| {
        let store = db.open().await;
        let webhook = create(&store, 1).await;
        holds(&store, lease(0, 0)).await;
        let saves = async |range: std::ops::Range<u32>, at: Timestamp| {
            let attempts = range.map(|number| attempt(&number.to_string(), at)).collect();
            let progress = WebhookProgress { attempts, ..progress(&webhook, &webhook.position) };
            assert_eq!(store.save_webhook_progress(progress, SERVERS[0], at).await, Ok(true));
        };
        saves(0..2, DAWN).await;
        saves(2..3, seconds(1)).await;
        let listed = async |after: Option<AttemptKey>, limit| {
            store.webhook_attempts(webhook.webhook_id, after, limit).await.unwrap().expect("the webhook")
        };
        let page = listed(None, 2).await;
        assert_eq!(page.attempts, [attempt("2", seconds(1)), attempt("1", DAWN)]);
        let last = listed(page.next, 2).await;
        assert_eq!((last.attempts, last.next), (vec![attempt("0", DAWN)], None));
        assert_eq!(store.webhook_attempts(Uuid::from_u128(9), None, 10).await, Ok(None));

        saves(3..WEBHOOK_ATTEMPTS_MAX + 5, seconds(2)).await;
        let all = listed(None, WEBHOOK_ATTEMPTS_MAX + 10).await;
        assert_eq!((all.attempts.len(), all.next), (WEBHOOK_ATTEMPTS_MAX as usize, None));
        assert_eq!(all.attempts.last().map(|attempt| attempt.message_id.as_str()), Some("5"));

        let kept = Timestamp::from_unix_millis(seconds(2).unix_millis() + WEBHOOK_ATTEMPT_KEPT.as_millis() as i64);
        let later = Timestamp::from_unix_millis(kept.unix_millis() + 1);
        saves(0..1, later).await;
        assert_eq!(listed(None, 10).await.attempts, [attempt("0", later)], "a later attempt deletes the old ones");
        store.delete_webhook(webhook.webhook_id, None).await.unwrap();
        assert_eq!(db.read("SELECT count(*) || '' AS line FROM webhook_attempts").await, ["0"]);
    });
}

#[test]
fn old_attempts_are_pruned_and_an_erased_user_is_in_none() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [])).await;
        let webhook = create(&store, 1).await;
        holds(&store, lease(0, 0)).await;
        let group = group_id(1);
        let answer = WebhookAttempt { response: Some(format!("unknown user {BOB}")), ..attempt("answer", DAWN) };
        let attempts = vec![
            attempt(&format!("catch_up.{BOB}.{group}.1"), DAWN),
            attempt(&format!("catch_up.{CAT}.{group}.1"), DAWN),
            answer,
        ];
        let last_error = Some(format!("no {BOB}"));
        let progress = WebhookProgress { attempts, last_error, ..progress(&webhook, &webhook.position) };
        assert_eq!(store.save_webhook_progress(progress, SERVERS[0], DAWN).await, Ok(true));
        let mut step = Some(EraseStep::default());
        while let Some(next) = step {
            step = store.erase_step(BOB, next).await.unwrap();
        }
        let left = store.webhook_attempts(webhook.webhook_id, None, 10).await.unwrap().unwrap().attempts;
        assert_eq!(left, [attempt(&format!("catch_up.{CAT}.{group}.1"), DAWN)]);
        assert_eq!(read(&store, 1).await.last_error, None);
        let generation = read(&store, 1).await.generation;
        assert!(generation > webhook.generation, "what was read before names the user, and is read again");

        let prune = async |hours| {
            let open_for = Duration::from_secs(3_600 * u64::try_from(hours).unwrap());
            store.prune(after_hours(hours), open_for, 10).await.unwrap()
        };
        prune(0).await;
        assert_eq!(prune(7 * 24).await.webhook_attempts, 0);
        assert_eq!(prune(7 * 24 + 1).await, Pruned { webhook_attempts: 1, ..Pruned::default() });
    });
}

#[test]
fn users_are_told_of_a_change_from_joining_to_leaving_and_about_their_own_invitation() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        let invite = Command::Invite { user_id: CAT, role: groups_domain::Role::Member, expires_in_seconds: None };
        store.did(ADA, group_id(1), invite).await;
        store.did(ADA, group_id(1), remove(BOB)).await;
        store.did(ADA, group_id(1), rename("Crew")).await;
        store.did(ADA, group_id(1), Command::DeleteGroup).await;
        let told = async |number: u64, after: Option<UserId>, limit| {
            store.users_told(group_id(1), version(number), after, limit).await.unwrap()
        };
        assert_eq!(told(1, None, 10).await, [ADA, BOB]);
        assert_eq!(told(2, None, 10).await, [ADA, BOB, CAT]);
        assert_eq!((told(2, None, 2).await, told(2, Some(BOB), 2).await), (vec![ADA, BOB], vec![CAT]));
        assert_eq!(told(3, None, 10).await, [ADA, BOB], "the invitation does not change");
        assert_eq!(told(4, None, 10).await, [ADA]);
        assert_eq!(told(5, None, 10).await, [ADA, CAT], "the deletion ends the invitation");
        assert_eq!(store.users_told(group_id(2), version(1), None, 10).await, Ok(vec![]));
    });
}
