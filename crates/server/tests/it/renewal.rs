//! Renewing an open WebSocket with a new token.

use serde_json::{Value, json};

use crate::support::{SECRET, Server, claims, new_id, seconds_from_now, signed};

fn authenticate(token: &str) -> Value {
    json!({"type": "authenticate", "token": token})
}

fn valid_for(id: &str, seconds: i64) -> String {
    let mut all = claims(id);
    all["exp"] = json!(seconds_from_now(seconds));
    signed(SECRET, &all)
}

#[tokio::test]
async fn a_connection_outlives_the_token_with_which_it_was_opened() {
    let server = Server::start().await;
    let id = new_id();
    let user = server.user_with(id.clone(), valid_for(&id, 5));
    let mut socket = user.connects().await;
    let told = socket.message().await;
    assert_eq!(told["type"], "token_expiring");
    let me = user.get("/v1/me").await.ok(200);
    assert_eq!(told["expires_at"], me["expires_at"]);
    let renewed = server.user_with(id.clone(), valid_for(&id, 3_600));
    socket.send(authenticate(&renewed.token)).await;
    let answer = socket.message().await;
    assert_eq!(
        (&answer["type"], &answer["expires_at"]),
        (&json!("authenticated"), &renewed.get("/v1/me").await.ok(200)["expires_at"])
    );
    // Another connection with the old token ends when it expires; this one does not.
    let mut other = user.connects().await;
    assert_eq!(other.goodbye().await.0, 4003);
    renewed.creates("Team", &[]).await;
    socket.event(&id, "group_created").await;
}

#[tokio::test]
async fn a_refused_token_leaves_the_connection_as_it_was() {
    let server = Server::start().await;
    let user = server.user();
    let mut socket = user.connects().await;
    let forged = signed("another secret that is long enough for HS256, but not ours", &claims(&user.id));
    for token in ["", "nonsense", &forged, &valid_for(&user.id, -60)] {
        socket.send(authenticate(token)).await;
        let answer = socket.message().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("unauthenticated")), "{token}");
    }
    user.creates("Team", &[]).await;
    socket.event(&user.id, "group_created").await;
    assert!(!server.log().contains(&forged), "tokens are not logged");
}

#[tokio::test]
async fn a_token_of_another_user_ends_the_connection() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let mut socket = ada.connects().await;
    socket.send(authenticate(&bob.token)).await;
    assert_eq!(socket.goodbye().await.0, 4500);
}
