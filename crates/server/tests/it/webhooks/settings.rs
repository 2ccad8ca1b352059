//! Pause and continue, replay, rotation of the secret, deletion, and the test message.

use std::time::Duration;

use serde_json::json;

use super::{path, register, server};
use crate::{
    cluster::until,
    support::{Receiver, Reply},
};

#[tokio::test]
async fn a_paused_webhook_gets_nothing_and_continues_where_it_stopped() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    let webhook = register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    receiver.accepts_versions(&group, [1]).await;
    let paused = operator.patch(&path(&webhook), json!({"state": "paused"})).await.ok(200);
    assert_eq!((&paused["state"], &paused["reason"]), (&json!("paused"), &json!("operator")));
    // The task of the webhook has ended when the metric says so.
    until("the task has ended", async || {
        server.http().get("/metrics").await.text().contains("\ngroups_webhooks_active 0\n")
    })
    .await;
    for number in 2..=5 {
        ada.renames(&group, &format!("Name {number}")).await.group(200);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.received().len(), 1);
    operator.patch(&path(&webhook), json!({"state": "active"})).await.ok(200);
    receiver.accepts_versions(&group, 1..=5).await;
    assert_eq!(receiver.assert_in_order(), 0);
}

#[tokio::test]
async fn a_replay_delivers_again_what_follows_a_cursor() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    let webhook = register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    for number in 2..=6 {
        ada.renames(&group, &format!("Name {number}")).await.group(200);
    }
    receiver.accepts_versions(&group, 1..=6).await;
    let cursor = receiver.received()[2].value()["cursor"].clone();
    operator.post(&format!("{}/replay", path(&webhook)), json!({"after": cursor})).await.ok(200);
    until("the rest came again", async || receiver.received().len() >= 9).await;
    ada.renames(&group, "Afterwards").await.group(200);
    receiver.accepts_versions(&group, [7]).await;
    let versions: Vec<_> =
        receiver.received().iter().map(|message| message.value()["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 4, 5, 6, 7]);
}

#[tokio::test]
async fn a_deleted_webhook_gets_nothing_more() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let (deleted, other) = (Receiver::start(), Receiver::start());
    let webhook = register(&operator, &deleted).await;
    register(&operator, &other).await;
    let group = ada.creates("Team", &[]).await;
    deleted.accepts_versions(&group, [1]).await;
    assert_eq!(operator.delete(&path(&webhook)).await.status, 204);
    until("the task has ended", async || {
        server.http().get("/metrics").await.text().contains("\ngroups_webhooks_active 1\n")
    })
    .await;
    ada.renames(&group, "Crew").await.group(200);
    other.accepts_versions(&group, 1..=2).await;
    assert_eq!(deleted.received().len(), 1);
}

#[tokio::test]
async fn another_url_gets_what_the_one_before_did_not_take_at_once() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let (before, after) = (Receiver::start(), Receiver::start());
    before.replies(|_| Reply::Status(503, "Retry-After: 3600\r\n"));
    let webhook = register(&operator, &before).await;
    let group = ada.creates("Team", &[]).await;
    until("it was tried", async || !before.received().is_empty()).await;
    operator.patch(&path(&webhook), json!({"url": after.url()})).await.ok(200);
    after.accepts_versions(&group, [1]).await;
}

#[tokio::test]
async fn a_test_message_shows_what_the_receiver_answers_whatever_the_state() {
    let server = server().await;
    let operator = server.operator();
    let mut receiver = Receiver::start();
    let webhook = register(&operator, &receiver).await;
    operator.patch(&path(&webhook), json!({"state": "paused"})).await.ok(200);
    let test = format!("{}/test", path(&webhook));
    let result = operator.posts(&test).await.ok(200);
    assert_eq!((&result["delivered"], &result["status"]), (&json!(true), &json!(204)));
    let message = receiver.received()[0].value();
    assert_eq!((&message["type"], &message["webhook_id"]), (&json!("webhook.test"), &webhook["webhook_id"]));
    receiver.replies(|_| Reply::Status(500, ""));
    let result = operator.posts(&test).await.ok(200);
    assert_eq!((&result["delivered"], &result["status"]), (&json!(false), &json!(500)));
    receiver.kill();
    let result = operator.posts(&test).await.ok(200);
    assert_eq!((&result["delivered"], result.get("status")), (&json!(false), None));
    assert!(result["error"].as_str().unwrap().starts_with("Cannot connect"), "{result}");
}
