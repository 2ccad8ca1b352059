//! Rate limits: a user is charged in proportion to the work, with a bucket for each kind.

use serde_json::json;

use crate::support::{Answer, Refused, Server, User, new_id};

/// Delay of a rejection, in seconds.
fn pause(refused: &Answer) -> u32 {
    refused.problem(429, "rate_limited");
    refused.header("retry-after").expect("Retry-After").parse().expect("seconds")
}

async fn adds_many(user: &User, group: &str, count: usize) -> Answer {
    let ids: Vec<_> = (0..count).map(|_| new_id()).collect();
    user.adds_all(group, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await
}

#[tokio::test]
async fn a_request_is_charged_for_each_user_it_names() {
    // Two changes per second, with a burst of eight.
    let server = Server::with(&[("GROUPS_RATE_LIMIT", "2")]).await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[]).await;
    for _ in 0..4 {
        ada.renames(&group, "Still cheap").await.group(200);
    }
    // 400 members cost 20 tokens, and a body of 20 KiB five more.
    let mut paid = 0;
    let refused = loop {
        let answer = adds_many(&bob, &group, 400).await;
        if answer.status == 429 {
            break answer;
        }
        answer.problem(404, "group_not_found");
        paid += 1;
        assert!(paid < 50, "it is refused eventually");
    };
    assert!((1..=14).contains(&pause(&refused)));
}

#[tokio::test]
async fn reads_are_charged_by_the_size_of_the_answer() {
    // Ten per second, with a burst of forty.
    let server = Server::with(&[("GROUPS_RATE_LIMIT", "1")]).await;
    let (ada, bob) = (server.user(), server.user());
    ada.post("/v1/groups", json!({"name": "Team", "description": "界".repeat(1_000)})).await.group(201);
    // By another user, so that Ada can pay for another change immediately.
    let members = json!([{"user_id": ada.id}]);
    bob.post("/v1/groups", json!({"name": "Crew", "description": "界".repeat(1_000), "members": members}))
        .await
        .group(201);
    let mut answered = 0;
    let refused = loop {
        let answer = ada.get("/v1/groups").await;
        if answer.status == 429 {
            break answer;
        }
        answer.ok(200);
        answered += 1;
        assert!(answered < 2_000, "it is refused eventually");
    };
    assert!((1..=5).contains(&pause(&refused)));
    assert!(answered >= 40 / 3, "{answered} of less than three tokens each");
    bob.get("/v1/groups").await.ok(200);
    ada.post("/v1/groups", json!({"name": "Writing is another matter"})).await.group(201);
}

#[tokio::test]
async fn typing_keys_upgrades_and_sign_ins_have_separate_rates() {
    let server = Server::with(&[("GROUPS_RATE_LIMIT", "1")]).await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[]).await;
    let typing = format!("/v1/groups/{group}/typing");
    let mut refused = ada.post(&typing, json!({"typing": true})).await;
    while refused.status == 202 {
        refused = ada.post(&typing, json!({"typing": true})).await;
    }
    assert!((1..=2).contains(&pause(&refused)));

    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(bob.connects().await);
    }
    assert!((1..=5).contains(&pause(&bob.dial().refused().await)));
    bob.get("/v1/me").await.ok(200);

    let development = Server::with_exactly(&[("GROUPS_RATE_LIMIT", "1")]).await;
    let sign_in = || development.http().call("POST", "/v1/dev/login").json(&json!({"name": "Ada"})).send();
    let mut answer = sign_in().await;
    while answer.status == 200 {
        answer = sign_in().await;
    }
    assert!((1..=5).contains(&pause(&answer)));
}

#[tokio::test]
async fn upgrades_per_address_are_limited_across_users() {
    // One per second, with a burst of twenty.
    let server = Server::with(&[("GROUPS_MAX_UPGRADES_PER_ADDRESS", "1"), ("GROUPS_RATE_LIMIT", "0")]).await;
    let mut sockets = Vec::new();
    let refused = loop {
        match server.user().dial().try_open().await {
            Ok(socket) => sockets.push(socket),
            Err(Refused::Answered(answer)) => break answer,
            Err(lost) => panic!("{lost:?}"),
        }
        assert!(sockets.len() < 1_000, "the limit is reached");
    };
    assert!((1..=2).contains(&pause(&refused)));
    assert!(sockets.len() >= 20);
    server.user().creates("Requests have limits of their own", &[]).await;
}

#[tokio::test]
async fn a_user_beyond_a_daily_quota_waits_until_midnight_but_can_still_leave() {
    // An explicit quota applies even without a rate limit.
    let server = Server::with(&[("GROUPS_RATE_LIMIT", "0"), ("GROUPS_MAX_GROUPS_PER_DAY", "1")]).await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[]).await;
    let mut refused = ada.post("/v1/groups", json!({"name": "Crew"})).await;
    if refused.status == 201 {
        // Midnight passed between the two.
        refused = ada.post("/v1/groups", json!({"name": "Crew"})).await;
    }
    assert!((1..=24 * 60 * 60).contains(&pause(&refused)));
    assert!(refused.text().contains("1 groups created"), "{}", refused.text());
    bob.creates("Of somebody else", &[]).await;
    ada.call("DELETE", &format!("/v1/groups/{group}")).send().await.no_content();
}
