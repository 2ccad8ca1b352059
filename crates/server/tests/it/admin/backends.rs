//! What a backend asks and tells: memberships, names, statistics.

use serde_json::{Value, json};

use crate::support::{Postgres, Server, User, new_id};

async fn checks(operator: &User, checks: Value) -> Vec<Value> {
    let answer = operator.post("/v1/admin/check", json!({"checks": checks})).await.ok(200);
    answer["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_backend_checks_many_memberships_at_once() {
    let server = Server::start().await;
    let (ada, bob, operator) = (server.user(), server.user(), server.operator());
    let group = ada.creates("Team", &[&bob]).await;
    let asked = json!([
        {"group_id": group, "user_id": bob.id},
        {"group_id": group, "user_id": bob.id, "role": "admin"},
        {"group_id": group, "user_id": ada.id, "role": "admin"},
        {"group_id": group, "user_id": operator.id},
        {"group_id": new_id(), "user_id": ada.id},
    ]);
    let expected = [
        json!({"member": true, "role": "member", "version": 1}),
        json!({"member": false, "role": "member", "version": 1}),
        json!({"member": true, "role": "owner", "version": 1}),
        json!({"member": false, "version": 1}),
        json!({"member": false, "version": 0}),
    ];
    assert_eq!(checks(&operator, asked).await, expected);
    let many: Vec<_> = (0..1_000).map(|_| json!({"group_id": group, "user_id": bob.id})).collect();
    assert_eq!(checks(&operator, json!(many)).await.len(), 1_000);
    assert_eq!(checks(&operator, json!([])).await, [json!(null); 0]);
}

#[tokio::test]
async fn a_check_includes_the_changes_up_to_a_cursor() {
    let server = Server::start().await;
    let (ada, operator) = (server.user(), server.operator());
    let mut socket = ada.connects().await;
    let group = ada.creates("Team", &[]).await;
    let cursor = socket.expect("group_created").await["cursor"].clone();
    let body = json!({"checks": [{"group_id": group, "user_id": ada.id}], "at_least": cursor});
    let answer = operator.post("/v1/admin/check", body).await.ok(200);
    assert_eq!(answer["results"][0]["member"], true);
    let again = json!({"checks": [], "at_least": answer["cursor"]});
    operator.post("/v1/admin/check", again).await.ok(200);
}

#[tokio::test]
async fn malformed_checks_are_refused_with_the_name_of_the_field() {
    let server = Server::start().await;
    let operator = server.operator();
    let id = new_id();
    let check = json!({"group_id": id, "user_id": id});
    for (body, names) in [
        (json!({}), "checks"),
        (json!({"checks": [{"group_id": "x", "user_id": id}]}), "group_id"),
        (json!({"checks": [{"group_id": id, "user_id": 7}]}), "string"),
        (json!({"checks": [[id, id]]}), "object"),
        (json!({"checks": vec![check.clone(); 1_001]}), "1000"),
        (json!({"checks": [check], "at_least": "nonsense"}), "at_least"),
    ] {
        let problem = operator.post("/v1/admin/check", body.clone()).await.problem(400, "malformed_request");
        assert!(problem["detail"].as_str().unwrap().contains(names), "{problem} for {body}");
    }
    let body = json!({"checks": [{"group_id": id, "user_id": id, "role": "king"}]});
    operator.post("/v1/admin/check", body).await.problem(422, "invalid_role");
}

#[tokio::test]
async fn a_user_finds_people_with_whom_they_share_a_group() {
    let server = Server::start().await;
    let (ada, bob, cat, operator) = (server.user(), server.user(), server.user(), server.operator());
    for (user, name) in [(&ada, "Ada"), (&bob, "Bob Andrews"), (&cat, "Bob Crenshaw")] {
        let path = format!("/v1/admin/users/{}", user.id);
        let answer = operator.call("PUT", &path).json(&json!({"name": format!("  {name} ")})).send().await.ok(200);
        assert_eq!(answer, json!({"user_id": user.id, "name": name}));
    }
    ada.creates("Team", &[&bob]).await;
    let found = ada.get("/v1/users?query=bob&limit=5").await.ok(200);
    assert_eq!(found, json!({"users": [{"user_id": bob.id, "name": "Bob Andrews"}]}));
    assert_eq!(cat.get("/v1/users?query=").await.ok(200), json!({"users": []}));
    assert_eq!(bob.get("/v1/users").await.ok(200)["users"][0]["name"], "Ada");
    let refused = json!({"name": " "});
    let path = format!("/v1/admin/users/{}", ada.id);
    operator.call("PUT", &path).json(&refused).send().await.problem(422, "invalid_name");
    operator.call("PUT", "/v1/admin/users/me").json(&refused).send().await.problem(400, "malformed_request");
    ada.call("PUT", &path).json(&json!({"name": "Queen"})).send().await.problem(403, "forbidden");
}

#[tokio::test]
async fn an_operator_finds_people_by_the_beginning_of_their_name() {
    let server = Server::start().await;
    let (bob, cat, operator) = (server.user(), server.user(), server.operator());
    for (user, name) in [(&bob, "Bob Andrews"), (&cat, "Bob Crenshaw")] {
        let path = format!("/v1/admin/users/{}", user.id);
        operator.call("PUT", &path).json(&json!({"name": name})).send().await.ok(200);
    }
    let bob_body = json!({"user_id": bob.id, "name": "Bob Andrews"});
    let cat_body = json!({"user_id": cat.id, "name": "Bob Crenshaw"});
    for (query, found) in [
        ("query=bOB", json!([bob_body, cat_body])),
        ("query=bob&limit=1", json!([bob_body])),
        ("query=%20bob%20c", json!([cat_body])),
        ("query=andrews", json!([])),
    ] {
        let answer = operator.get(&format!("/v1/admin/users?{query}")).await.ok(200);
        assert_eq!(answer, json!({"users": found}), "{query}");
    }
    for bad in ["query=bob&subject=bob", "query=bob&issuer=x", "query=bob&limit=0"] {
        operator.get(&format!("/v1/admin/users?{bad}")).await.problem(400, "malformed_request");
    }
    bob.get("/v1/admin/users?query=bob").await.problem(403, "forbidden");
}

#[tokio::test]
async fn statistics_count_groups_memberships_connections_and_the_log() {
    let server = Server::start().await;
    let (ada, bob, operator) = (server.user(), server.user(), server.operator());
    let empty = operator.get("/v1/admin/stats").await.ok(200);
    let log = json!({"changes": 0, "oldest_at": null, "newest_at": null});
    let zero = json!({"groups": 0, "memberships": 0, "connections": 0, "connections_of_all": 0, "log": log});
    assert_eq!(empty, zero);
    ada.creates("Team", &[&bob]).await;
    let _sockets = [ada.connects().await, bob.connects().await];
    let stats = operator.get("/v1/admin/stats").await.ok(200);
    assert_eq!((&stats["groups"], &stats["memberships"], &stats["connections"]), (&json!(1), &json!(2), &json!(2)));
    assert_eq!((&stats["connections_of_all"], &stats["log"]["changes"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn statistics_include_the_connections_of_other_servers() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let one = Server::with(&[("DATABASE_URL", &url)]).await;
    let other = Server::with(&[("DATABASE_URL", &url)]).await;
    let operator = other.operator();
    let _sockets = [one.user().connects().await, one.user().connects().await, other.user().connects().await];
    // Servers announce their connections at intervals of seconds.
    loop {
        let stats = operator.get("/v1/admin/stats").await.ok(200);
        assert_eq!(stats["connections"], 1);
        if stats["connections_of_all"] == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
