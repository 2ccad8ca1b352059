//! The log of all groups for other systems.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Server, User, escaped};

/// Reads the log from a cursor to its end, in pages of two.
async fn reads(operator: &User, after: Option<&str>) -> (Vec<Value>, String) {
    let (mut changes, mut after) = (Vec::new(), after.map(str::to_owned));
    loop {
        let from = after.as_deref().map(|after| format!("&after={}", escaped(after))).unwrap_or_default();
        let page = operator.get(&format!("/v1/admin/changes?limit=2{from}")).await.ok(200);
        let next = page["next"].as_str().unwrap().to_owned();
        match page["changes"].as_array().unwrap().as_slice() {
            [] => return (changes, next),
            page => changes.extend_from_slice(page),
        }
        after = Some(next);
    }
}

#[tokio::test]
async fn the_log_has_every_change_in_commit_order_and_continues_at_any_cursor() {
    let server = Server::start().await;
    let (ada, bob, operator) = (server.user(), server.user(), server.operator());
    let (empty, start) = reads(&operator, None).await;
    assert_eq!(empty, [json!(null); 0]);
    let one = ada.creates("One", &[&bob]).await;
    let two = bob.creates("Two", &[]).await;
    ada.renames(&one, "Renamed").await.group(200);
    ada.deletes(&one).await.no_content();
    bob.adds(&two, &ada).await.ok(201);
    let (all, end) = reads(&operator, None).await;
    let expected = [
        (&one, 1, "group_created"),
        (&two, 1, "group_created"),
        (&one, 2, "settings_changed"),
        (&one, 3, "group_deleted"),
        (&two, 2, "member_added"),
    ];
    let seen: Vec<_> = all
        .iter()
        .map(|change| {
            (
                change["group_id"].as_str().unwrap(),
                change["version"].as_u64().unwrap(),
                change["action"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen, expected.map(|(group, version, action)| (group.as_str(), version, action)));
    let versions = |changes: &[Value]| -> Vec<(Value, Value)> {
        changes.iter().map(|change| (change["group_id"].clone(), change["version"].clone())).collect()
    };
    assert_eq!(versions(&reads(&operator, Some(&start)).await.0), versions(&all));
    for (index, change) in all.iter().enumerate() {
        let rest = reads(&operator, change["cursor"].as_str()).await.0;
        assert_eq!(versions(&rest), versions(&all[index + 1..]));
    }
    assert_eq!(reads(&operator, Some(&end)).await.0, [json!(null); 0]);
}

#[tokio::test]
async fn a_reader_that_waits_gets_the_next_change_at_once() {
    let server = Server::start().await;
    let (ada, operator) = (server.user(), server.operator());
    let next = reads(&operator, None).await.1;
    let path = format!("/v1/admin/changes?wait=30&after={}", escaped(&next));
    let started = Instant::now();
    let (page, group) = tokio::join!(operator.get(&path), ada.creates("Team", &[]));
    assert_eq!(page.ok(200)["changes"][0]["group_id"].as_str(), Some(group.as_str()));
    let path = format!("/v1/admin/changes?wait=1&after={}", escaped(page.ok(200)["next"].as_str().unwrap()));
    let page = operator.get(&path).await.ok(200);
    assert_eq!(page["changes"], json!([]));
    assert!(started.elapsed() >= Duration::from_secs(1));
    operator.get("/v1/admin/changes?wait=soon").await.problem(400, "malformed_request");
    operator.get("/v1/admin/changes?after=nonsense").await.problem(400, "malformed_request");
    ada.get("/v1/admin/changes").await.problem(403, "forbidden");
}
