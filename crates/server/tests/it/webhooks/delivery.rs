//! What receivers get, and in which order.

use std::time::Duration;

use serde_json::json;

use super::{path, register, register_for, server};
use crate::{
    cluster::until,
    support::{Receiver, Reply, Server},
};

#[tokio::test]
async fn each_change_is_delivered_with_its_group_and_its_cursor() {
    let server = server().await;
    let (operator, ada, bob) = (server.operator(), server.user_named("Ada"), server.user());
    let before = ada.creates("Before", &[]).await;
    let receiver = Receiver::start();
    let webhook = register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    ada.adds(&group, &bob).await.ok(201);
    ada.renames(&group, "Crew").await.group(200);
    assert_eq!(ada.deletes(&group).await.status, 204);
    receiver.accepts_versions(&group, 1..=4).await;
    let received = receiver.received();
    let types: Vec<_> = received.iter().map(|message| message.value()["type"].clone()).collect();
    assert_eq!(types, ["group.group_created", "group.member_added", "group.settings_changed", "group.group_deleted"]);
    assert_eq!(receiver.assert_in_order(), 0);
    let added = received[1].value();
    assert_eq!((&added["action"], &added["user_id"]), (&json!("member_added"), &json!(bob.id)));
    assert_eq!((&added["actor_id"], &added["version"]), (&json!(ada.id), &json!(2)));
    assert_eq!((&added["group"]["name"], &added["group"]["member_count"]), (&json!("Team"), &json!(2)));
    assert!(added["group"].get("role").is_none(), "{added}");
    assert_eq!(received[0].headers["content-type"], "application/json");
    assert!(received.iter().all(|message| !message.body.contains(&before)), "from the registration on");

    let metrics = server.http().get("/metrics").await.text();
    for sample in ["groups_webhook_attempts_total{outcome=\"delivered\"} 4", "groups_webhooks_failing 0"] {
        assert!(metrics.lines().any(|line| line == sample), "{sample} in {metrics}");
    }

    // The position follows.
    let last = received[3].value()["cursor"].as_str().unwrap().to_owned();
    until("the progress is stored", async || {
        let webhook = operator.get(&path(&webhook)).await.ok(200);
        let feed = format!("/v1/admin/changes?after={}", webhook["cursor"].as_str().unwrap());
        operator.get(&feed).await.ok(200)["changes"].as_array().unwrap().is_empty()
    })
    .await;
    let feed = operator.get(&format!("/v1/admin/changes?after={last}")).await.ok(200);
    assert_eq!(feed["changes"], json!([]));
    let deliveries = operator.get(&format!("{}/deliveries", path(&webhook))).await.ok(200);
    let deliveries = deliveries["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), 4);
    assert_eq!((&deliveries[0]["message_id"], &deliveries[0]["status"]), (&json!(format!("{group}.4")), &json!(204)));
}

#[tokio::test]
async fn a_webhook_gets_only_the_types_it_asks_for_and_a_change_of_them_applies() {
    let server = server().await;
    let (operator, ada, bob) = (server.operator(), server.user(), server.user());
    let receiver = Receiver::start();
    let webhook = register_for(&operator, &receiver, &["group.member_added"]).await;
    let group = ada.creates("Team", &[]).await;
    ada.adds(&group, &bob).await.ok(201);
    ada.renames(&group, "Crew").await.group(200);
    receiver.accepts_versions(&group, [2]).await;
    operator.patch(&path(&webhook), json!({"types": null})).await.ok(200);
    // The server applies settings within seconds.
    let version = std::cell::Cell::new(3);
    until("other types arrive", async || {
        version.set(version.get() + 1);
        ada.renames(&group, &format!("Name {}", version.get())).await.group(200);
        tokio::time::sleep(Duration::from_millis(100)).await;
        receiver.received().len() > 1
    })
    .await;
    receiver.accepts_versions(&group, [version.get()]).await;
    assert!(receiver.received().iter().all(|message| !message.id().ends_with(".1") && !message.id().ends_with(".3")));
}

#[tokio::test]
async fn many_groups_are_delivered_at_once_and_each_in_order() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    register(&operator, &receiver).await;
    let mut groups = Vec::new();
    for number in 0..10 {
        groups.push(ada.creates(&format!("Group {number}"), &[]).await);
    }
    for number in 0..20 {
        for group in &groups {
            ada.renames(group, &format!("Name {number}")).await.group(200);
        }
    }
    for group in &groups {
        receiver.accepts_versions(group, 1..=21).await;
    }
    assert_eq!(receiver.assert_in_order(), 0);
    assert_eq!(receiver.received().len(), 210);
}

#[tokio::test]
async fn a_message_that_fails_is_repeated_and_only_its_group_waits() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let (sick, well) = (ada.creates("Sick", &[]).await, ada.creates("Well", &[]).await);
    let receiver = Receiver::start();
    let failing = sick.clone();
    receiver.replies(move |message| match message.id().starts_with(&failing) {
        true => Reply::Status(500, ""),
        false => Reply::Status(200, ""),
    });
    let webhook = register(&operator, &receiver).await;
    for number in 0..3 {
        ada.renames(&sick, &format!("Name {number}")).await.group(200);
        ada.renames(&well, &format!("Name {number}")).await.group(200);
    }
    receiver.accepts_versions(&well, 2..=4).await;
    until("the failure is visible", async || {
        let webhook = operator.get(&path(&webhook)).await.ok(200);
        webhook["last_error"] == "The receiver answered 500." && webhook["failing_since"].is_string()
    })
    .await;
    assert!(receiver.received().iter().all(|message| message.id() != format!("{sick}.3")), "it waits for its turn");
    receiver.replies(|_| Reply::Status(200, ""));
    receiver.accepts_versions(&sick, 2..=4).await;
    assert!(receiver.assert_in_order() >= 1);
    until("the webhook has recovered", async || {
        let webhook = operator.get(&path(&webhook)).await.ok(200);
        webhook.get("last_error").is_none() && webhook.get("failing_since").is_none()
    })
    .await;
    let deliveries = operator.get(&format!("{}/deliveries?limit=500", path(&webhook))).await.ok(200);
    let deliveries = deliveries["deliveries"].as_array().unwrap();
    let of_sick = deliveries.iter().filter(|attempt| attempt["message_id"] == format!("{sick}.2"));
    let attempts: Vec<_> = of_sick.rev().map(|attempt| attempt["attempt"].as_u64().unwrap()).collect();
    assert!(attempts.len() >= 2 && attempts.iter().copied().eq(1..=attempts.len() as u64), "{attempts:?}");
}

#[tokio::test]
async fn a_stalled_receiver_delays_nobody_else() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let (stalled, healthy) = (Receiver::start(), Receiver::start());
    stalled.replies(|_| Reply::Stall);
    register(&operator, &stalled).await;
    register(&operator, &healthy).await;
    let group = ada.creates("Team", &[]).await;
    let begun = std::time::Instant::now();
    for number in 2..=30 {
        ada.renames(&group, &format!("Name {number}")).await.group(200);
    }
    healthy.accepts_versions(&group, 1..=30).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    until("the stalled one was tried", async || !stalled.received().is_empty()).await;
    assert_eq!(stalled.received().len(), 1, "a group waits for its own message");
    // After the time limit the message is sent again.
    stalled.replies(|_| Reply::Status(200, ""));
    stalled.accepts_versions(&group, 1..=30).await;
    assert!(stalled.assert_in_order() >= 1);
    assert_eq!(healthy.assert_in_order(), 0);
}

#[tokio::test]
async fn while_a_receiver_is_down_changes_wait_in_the_log_until_it_returns() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let mut receiver = Receiver::start();
    register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    receiver.accepts_versions(&group, [1]).await;
    receiver.kill();
    for number in 2..=40 {
        ada.renames(&group, &format!("Name {number}")).await.group(200);
    }
    receiver.launch();
    receiver.accepts_versions(&group, 1..=40).await;
    receiver.assert_in_order();
}

#[tokio::test]
async fn a_graceful_restart_repeats_nothing() {
    let mut server: Server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    for number in 2..=10 {
        ada.renames(&group, &format!("Name {number}")).await.group(200);
    }
    receiver.accepts_versions(&group, 1..=10).await;
    server.terminate();
    assert!(server.ended().await.0.success());
    server.launch().await;
    ada.renames(&group, "Afterwards").await.group(200);
    receiver.accepts_versions(&group, [11]).await;
    assert_eq!(receiver.assert_in_order(), 0);
    assert_eq!(receiver.received().len(), 11);
}
