//! What the scopes of a token allow.

use serde_json::json;

use crate::support::{SECRET, Server, claims, new_id, signed};

#[tokio::test]
async fn a_token_with_the_scope_groups_read_can_read_and_connect_but_change_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    for scopes in [json!({"scope": "openid groups:read"}), json!({"scp": ["groups:read"]})] {
        let mut all = claims(&ada.id);
        all.as_object_mut().unwrap().extend(scopes.as_object().unwrap().clone());
        let reader = server.user_with(ada.id.clone(), signed(SECRET, &all));
        let path = format!("/v1/groups/{group}");
        let reads = ["", "/members", "/changes"].map(|rest| format!("{path}{rest}"));
        for path in reads.iter().map(String::as_str).chain(["/v1/me", "/v1/groups", "/v1/me/blocks"]) {
            reader.get(path).await.ok(200);
        }
        let changes = [
            ("POST", "/v1/groups".to_owned(), json!({"name": "x"})),
            ("POST", "/v1/groups/create".to_owned(), json!({"name": "x"})),
            ("PATCH", path.clone(), json!({"name": "x"})),
            ("DELETE", path.clone(), json!({})),
            ("POST", format!("{path}/members"), json!({"user_id": new_id()})),
            ("POST", format!("/v1/groups/add-member/{group}"), json!({"user_id": new_id()})),
            ("PATCH", format!("{path}/members/{}", bob.id), json!({"role": "admin"})),
            ("DELETE", format!("{path}/members/{}", bob.id), json!({})),
            ("POST", format!("{path}/typing"), json!({"typing": true})),
            ("PUT", format!("/v1/me/blocks/{}", bob.id), json!({})),
            ("DELETE", format!("/v1/me/blocks/{}", bob.id), json!({})),
        ];
        for (method, path, body) in changes {
            let problem = reader.call(method, &path).json(&body).send().await.problem(403, "forbidden");
            assert!(problem["detail"].as_str().unwrap().contains("groups:read"), "{method} {path}: {problem}");
        }
        assert_eq!(ada.sees(&group).await["version"], 1);
        let mut socket = reader.connects().await;
        socket.send(json!({"type": "typing", "group_id": group, "typing": true})).await;
        let refused = socket.message().await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("forbidden")), "{refused}");
    }
    // An ordinary user and an operator are not restricted.
    for scope in ["openid", "groups:read groups:admin"] {
        let mut all = claims(&ada.id);
        all["scope"] = json!(scope);
        let user = server.user_with(ada.id.clone(), signed(SECRET, &all));
        user.creates("Team", &[]).await;
    }
}

#[tokio::test]
async fn the_answer_to_who_am_i_says_what_the_token_allows() {
    let server = Server::start().await;
    let ada = server.user();
    for (scope, access) in [("groups:read", "read"), ("openid", "write"), ("groups:read groups:admin", "admin")] {
        let mut all = claims(&ada.id);
        all["scope"] = json!(scope);
        let user = server.user_with(ada.id.clone(), signed(SECRET, &all));
        assert_eq!(user.get("/v1/me").await.ok(200)["access"], access, "{scope}");
    }
}
