//! Users whose ids are no UUIDs, and several issuers.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{SECRET, Server, User, claims, escaped, new_id, seconds_from_now, signed};

fn derived(issuer: &str, subject: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{issuer}\n{subject}").as_bytes()).to_string()
}

fn token(subject: &str, more: &Value) -> String {
    let mut all = json!({"sub": subject, "exp": seconds_from_now(600)});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    signed(SECRET, &all)
}

fn operator(server: &Server) -> User {
    let mut all = claims(&new_id());
    all["scope"] = json!("groups:admin");
    all["iss"] = json!("https://id.example");
    server.user_with(String::new(), signed(SECRET, &all))
}

#[tokio::test]
async fn a_subject_of_any_form_is_a_user() {
    let server = Server::with(&[("GROUPS_JWT_SUBJECT", "any")]).await;
    let (id, issuer) = (new_id(), "https://id.example/");
    for (subject, more, expected) in [
        ("auth0|5f7c8ec7", json!({"iss": issuer}), derived(issuer, "auth0|5f7c8ec7")),
        ("auth0|5f7c8ec7", json!({}), derived("", "auth0|5f7c8ec7")),
        ("zo\u{eb} \u{1f980}", json!({"iss": issuer}), derived(issuer, "zo\u{eb} \u{1f980}")),
        (&"\u{e4}".repeat(255), json!({"iss": ""}), derived("", &"\u{e4}".repeat(255))),
        (&id, json!({"iss": issuer}), id.clone()),
    ] {
        let user = server.user_with(expected.clone(), token(subject, &more));
        let me = user.get("/v1/me").await.ok(200);
        assert_eq!((&me["user_id"], &me["subject"]), (&json!(expected), &json!(subject)));
        let socket = user.connects().await;
        assert_eq!(socket.opening[0]["user_id"], expected);
    }
    for (subject, more) in [("", json!({})), (&*"x".repeat(256), json!({})), ("ada", json!({"iss": "a\nb"}))] {
        let answer = server.http().call("GET", "/v1/me").bearer(&token(subject, &more)).send().await;
        answer.problem(401, "unauthenticated");
    }
    // Two users with derived ids, in one group.
    let (ada, bob) = (derived("", "ada"), derived("", "bob"));
    let ada = server.user_with(ada, token("ada", &json!({})));
    let bob = server.user_with(bob, token("bob", &json!({})));
    let group = ada.creates("Team", &[&bob]).await;
    assert_eq!(bob.sees(&group).await["role"], "member");
}

#[tokio::test]
async fn without_the_setting_a_subject_must_be_a_uuid() {
    let server = Server::start().await;
    let answer = server.http().call("GET", "/v1/me").bearer(&token("auth0|5f7c8ec7", &json!({}))).send().await;
    answer.problem(401, "unauthenticated");
    let user = server.user();
    assert_eq!(user.get("/v1/me").await.ok(200)["subject"], user.id);
    let asked = operator(&server).get(&format!("/v1/admin/users?subject={}", user.id)).await.ok(200);
    assert_eq!(asked, json!({"user_id": user.id, "subject": user.id}));
    operator(&server).get("/v1/admin/users?subject=ada").await.problem(400, "malformed_request");
}

#[tokio::test]
async fn an_operator_can_look_up_the_id_of_a_subject() {
    let (subject, issuer) = ("auth0|5f7c8ec7", "https://id.example");
    let path = format!("/v1/admin/users?subject={}", escaped(subject));
    let server = Server::with(&[("GROUPS_JWT_SUBJECT", "any")]).await;
    let asked = operator(&server).get(&path).await.ok(200);
    assert_eq!(asked, json!({"user_id": derived("", subject), "subject": subject}));
    let expected = json!({"user_id": derived(issuer, subject), "subject": subject, "issuer": issuer});
    assert_eq!(operator(&server).get(&format!("{path}&issuer={}", escaped(issuer))).await.ok(200), expected);
    for bad in ["/v1/admin/users", "/v1/admin/users?subject=", "/v1/admin/users?issuer=x"] {
        operator(&server).get(bad).await.problem(400, "malformed_request");
    }
    for scope in [json!(null), json!("groups:read"), json!("openid")] {
        let user = server.user_with(String::new(), token("ada", &json!({"scope": scope})));
        user.get(&path).await.problem(403, "forbidden");
    }
    server.http().call("GET", &path).send().await.problem(401, "unauthenticated");
    operator(&server).post("/v1/admin/users", json!({})).await.problem(405, "method_not_allowed");

    // If only one issuer is accepted, it is the default.
    let server = Server::with(&[("GROUPS_JWT_SUBJECT", "any"), ("GROUPS_JWT_ISSUER", issuer)]).await;
    assert_eq!(operator(&server).get(&path).await.ok(200), expected);
}

#[tokio::test]
async fn a_token_needs_one_of_the_issuers_and_one_of_the_audiences() {
    let (issuers, audiences) = ("https://one.example, https://two.example", "groups,chat");
    let server = Server::with(&[("GROUPS_JWT_ISSUER", issuers), ("GROUPS_JWT_AUDIENCE", audiences)]).await;
    for (issuer, audience, status) in [
        (json!("https://one.example"), json!("groups"), 200),
        (json!("https://two.example"), json!(["other", "chat"]), 200),
        (json!("https://three.example"), json!("groups"), 401),
        (json!("https://one.example, https://two.example"), json!("groups"), 401),
        (json!("https://one.example"), json!("groups,chat"), 401),
        (json!("https://one.example"), json!([]), 401),
        (json!("https://one.example"), json!(null), 401),
        (json!(null), json!("groups"), 401),
    ] {
        let token = token(&new_id(), &json!({"iss": issuer, "aud": audience}));
        let answer = server.http().call("GET", "/v1/me").bearer(&token).send().await;
        assert_eq!(answer.status, status, "{issuer} {audience}: {}", answer.text());
    }
}
