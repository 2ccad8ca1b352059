//! Who may use `/v1/admin`.

use serde_json::{Value, json};

use crate::support::{SECRET, Server, User, claims, new_id, signed};

/// A user whose token has these scopes.
fn scoped(server: &Server, scope: &str) -> User {
    let id = new_id();
    let mut claims = claims(&id);
    claims["scope"] = json!(scope);
    server.user_with(id, signed(SECRET, &claims))
}

#[tokio::test]
async fn everything_below_the_path_needs_a_token_with_the_scope() {
    let server = Server::start().await;
    let (user, operator) = (server.user(), server.operator());
    let group = user.creates("Team", &[]).await;
    for (method, path) in [
        ("GET", "/v1/admin"),
        ("GET", "/v1/admin/"),
        ("GET", "/v1/admin/no-such-thing"),
        ("PUT", "/v1/admin/groups"),
        ("GET", &format!("/v1/admin/groups/{group}")),
        ("DELETE", &format!("/v1/admin/groups/{group}")),
        ("POST", &format!("/v1/admin/groups/{group}/members")),
        ("PUT", &format!("/v1/admin/groups/{group}/changes")),
    ] {
        server.http().call(method, path).send().await.problem(401, "unauthenticated");
        let refused = user.call(method, path).send().await.problem(403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("`groups:admin`"), "{refused}");
        for scope in ["groups:read", "groups:administration openid", "GROUPS:ADMIN"] {
            scoped(&server, scope).call(method, path).send().await.problem(403, "forbidden");
        }
    }
    assert_eq!(user.sees(&group).await["version"], 1);
    operator.get("/v1/admin").await.problem(404, "not_found");
    operator.get("/v1/admin/no-such-thing").await.problem(404, "not_found");
    let changes = operator.call("PUT", &format!("/v1/admin/groups/{group}/changes")).send().await;
    changes.problem(405, "method_not_allowed");
    assert_eq!(changes.header("allow"), Some("GET"));
}

#[tokio::test]
async fn outside_the_path_an_operator_is_an_ordinary_user() {
    let server = Server::start().await;
    let (ada, operator) = (server.user(), server.operator());
    let group = ada.creates("Team", &[]).await;
    operator.get(&format!("/v1/groups/{group}")).await.problem(404, "group_not_found");
    operator.renames(&group, "Renamed").await.problem(404, "group_not_found");
    let own = operator.post("/v1/groups", json!({"name": "Own"})).await.group(201);
    let history = operator.get(&format!("/v1/groups/{}/changes", own["group_id"].as_str().unwrap())).await.ok(200);
    assert_eq!(history["changes"][0]["operator"], Value::Null);
}
