//! Wake-ups: one message for each user who has something new.

use std::collections::BTreeMap;

use serde_json::json;

use super::{register, register_for, server};
use crate::{
    cluster::until,
    support::{Receiver, Reply},
};

/// How often each user was woken.
fn woken(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut woken = BTreeMap::new();
    for message in receiver.received() {
        let body = message.value();
        let user = body["user_id"].as_str().unwrap().to_owned();
        assert!(message.id().starts_with(&format!("catch_up.{user}.")), "{}", message.id());
        // Nothing but whose it is.
        let mut fields: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        fields.sort();
        assert_eq!(fields, ["at", "type", "user_id"]);
        *woken.entry(user).or_default() += 1;
    }
    woken
}

#[tokio::test]
async fn each_user_who_has_something_new_is_woken_and_nobody_else() {
    let server = server().await;
    let (operator, ada, bob, guest, stranger) =
        (server.operator(), server.user(), server.user(), server.user(), server.user());
    stranger.creates("Elsewhere", &[]).await;
    let receiver = Receiver::start();
    register_for(&operator, &receiver, &["user.catch_up"]).await;
    let group = ada.creates("Team", &[&bob]).await;
    until("both are woken", async || woken(&receiver).len() == 2).await;
    assert!(woken(&receiver).contains_key(&ada.id) && woken(&receiver).contains_key(&bob.id));
    ada.post(&format!("/v1/groups/{group}/invitations"), json!({"user_id": guest.id})).await.ok(201);
    until("the invited user is woken", async || woken(&receiver).contains_key(&guest.id)).await;
    // Somebody who was removed has something new: the removal.
    let before = woken(&receiver)[&bob.id];
    assert_eq!(ada.removes(&group, &bob).await.status, 204);
    until("the removed user is woken", async || woken(&receiver)[&bob.id] > before).await;
    let before = woken(&receiver);
    assert_eq!(ada.deletes(&group).await.status, 204);
    until("the last ones are woken", async || {
        let now = woken(&receiver);
        now[&ada.id] > before[&ada.id] && now[&guest.id] > before[&guest.id]
    })
    .await;
    assert!(!woken(&receiver).contains_key(&stranger.id));
}

#[tokio::test]
async fn many_changes_wake_each_user_once_for_each_batch() {
    let server = server().await;
    let (operator, ada, bob) = (server.operator(), server.user(), server.user());
    let receiver = Receiver::start();
    register_for(&operator, &receiver, &["user.catch_up"]).await;
    let group = ada.creates("Team", &[&bob]).await;
    until("both are woken", async || receiver.received().len() >= 2).await;
    for number in 0..100 {
        ada.renames(&group, &format!("Name {number}")).await.group(200);
    }
    let last = ada.creates("Last", &[&bob]).await;
    until("the last change has woken somebody", async || {
        let woken_for = receiver.received().iter().map(|message| message.id().to_owned()).collect::<Vec<_>>();
        woken_for.iter().any(|id| id.contains(&last)) || woken(&receiver).values().all(|count| *count >= 2)
    })
    .await;
    let most = *woken(&receiver).values().max().unwrap();
    assert!(most <= 6, "100 changes have woken a user {most} times");
}

#[tokio::test]
async fn a_wake_up_that_fails_is_repeated_and_none_is_lost_when_the_server_is_killed() {
    let mut server = server().await;
    let (operator, ada, bob) = (server.operator(), server.user(), server.user());
    let receiver = Receiver::start();
    receiver.replies(|_| Reply::Status(500, ""));
    register_for(&operator, &receiver, &["user.catch_up"]).await;
    ada.creates("Team", &[&bob]).await;
    until("both were tried", async || woken(&receiver).len() == 2).await;
    server.kill_and_launch().await;
    receiver.replies(|_| Reply::Status(200, ""));
    until("both are woken", async || {
        let accepted = receiver.received().into_iter().filter(|message| message.accepted);
        let users: std::collections::BTreeSet<_> =
            accepted.map(|message| message.value()["user_id"].to_string()).collect();
        users.len() == 2
    })
    .await;
}

#[tokio::test]
async fn wake_ups_have_a_webhook_of_their_own() {
    let server = server().await;
    let operator = server.operator();
    let receiver = Receiver::start();
    register(&operator, &receiver).await;
    for types in [json!(["user.catch_up", "group.*"]), json!([]), json!(["group.renamed"])] {
        let body = json!({"url": receiver.url(), "types": types});
        operator.post("/v1/admin/webhooks", body).await.problem(422, "invalid_event_type");
    }
}
