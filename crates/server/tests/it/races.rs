//! Concurrent requests: exactly one succeeds if only one may.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn one_of_forty_concurrent_requests_to_add_a_user_succeeds() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let mut socket = ada.connects().await;
    let eve = server.user();

    let answers = join_all((0..40).map(|_| ada.adds(&group, &eve))).await;
    let (added, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(added.len(), 1);
    for answer in refused {
        answer.problem(409, "already_member");
    }
    let seen = ada.sees(&group).await;
    assert_eq!((&seen["version"], &seen["member_count"]), (&json!(2), &json!(2)));
    assert_eq!(socket.event(&ada.id, "group_updated").await["version"], 2);
    socket.hears_nothing().await;
}

#[tokio::test]
async fn one_of_eight_concurrent_transfer_requests_succeeds() {
    let server = Server::start().await;
    let ada = server.user();
    let others: Vec<_> = (0..8).map(|_| server.user()).collect();
    let group = ada.creates("Team", &others.iter().collect::<Vec<_>>()).await;

    let answers = join_all(others.iter().map(|other| ada.makes(&group, other, "owner"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.problem(403, "forbidden");
    }
    let members = ada.lists_members(&group).await;
    let owners: Vec<_> = members.iter().filter(|member| member["role"] == "owner").collect();
    assert_eq!(owners.len(), 1, "a group has exactly one owner");
    let seen = ada.sees(&group).await;
    assert_eq!(
        (&seen["admin_id"], &seen["version"], &seen["role"]),
        (&owners[0]["user_id"], &json!(2), &json!("admin"))
    );
}

#[tokio::test]
async fn one_of_many_concurrent_changes_with_the_same_if_match_succeeds() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let path = format!("/v1/groups/{group}");
    let answers = join_all((0..20).map(|at| {
        let name = json!({"name": format!("Name {at}")});
        ada.call("PATCH", &path).header("If-Match", "\"1\"").json(&name).send()
    }))
    .await;
    let winner: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(winner.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.problem(412, "version_mismatch");
    }
    assert_eq!(ada.sees(&group).await, winner[0].group(200));
}

#[tokio::test]
async fn concurrent_repetitions_of_a_key_make_one_change() {
    let server = Server::start().await;
    let ada = server.user();
    let mut socket = ada.connects().await;
    let answers = join_all((0..20).map(|_| {
        ada.call("POST", "/v1/groups").header("Idempotency-Key", "once").json(&json!({"name": "Once"})).send()
    }))
    .await;
    let first = answers[0].group(201);
    for answer in &answers {
        assert_eq!(answer.group(201), first, "every repeat gives the first answer");
    }
    assert_eq!(ada.lists().await.len(), 1);
    socket.event(&ada.id, "group_created").await;
    socket.hears_nothing().await;
}

#[tokio::test]
async fn concurrent_changes_of_one_group_are_delivered_in_order() {
    let server = Server::start().await;
    let ada = server.user();
    let admins: Vec<_> = (0..8).map(|_| server.user()).collect();
    let group = ada.creates_with("Team", &admins.iter().map(|user| (user, "admin")).collect::<Vec<_>>()).await;
    let mut socket = ada.connects().await;

    join_all(admins.iter().enumerate().map(|(who, admin)| {
        let group = &group;
        async move {
            for at in 0..15 {
                admin.renames(group, &format!("Name {who}-{at}")).await.group(200);
            }
        }
    }))
    .await;
    for version in 2..=121 {
        let event = socket.event(&ada.id, "group_updated").await;
        assert_eq!(event["version"], version, "each version once, in order");
    }
    assert_eq!(ada.sees(&group).await["version"], 121);
}
