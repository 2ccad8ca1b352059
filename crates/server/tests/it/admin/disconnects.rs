//! Operators disconnect users and revoke tokens.

use groups_domain::Timestamp;
use serde_json::json;

use crate::support::{Heard, Postgres, SECRET, Server, Socket, User, claims, seconds_from_now, signed, within};

async fn assert_disconnected(socket: &mut Socket) {
    loop {
        match within("the end of a connection", socket.hear()).await {
            Heard::Closed(code, reason) => {
                assert_eq!((code, reason.as_str()), (4500, "disconnected by an operator"));
                return;
            }
            Heard::Message(_) => {}
            Heard::Lost => panic!("the connection was cut"),
        }
    }
}

fn time(seconds: i64) -> String {
    Timestamp::from_unix_millis(seconds_from_now(seconds) * 1_000).to_string()
}

/// The same user with a token that was issued so many seconds from now.
fn issued(server: &Server, user: &User, seconds: i64) -> User {
    let mut claims = claims(&user.id);
    claims["iat"] = seconds_from_now(seconds).into();
    server.user_with(user.id.clone(), signed(SECRET, &claims))
}

#[tokio::test]
async fn a_disconnected_user_may_connect_again() {
    let server = Server::start().await;
    let (ada, bob, operator) = (server.user(), server.user(), server.operator());
    let mut devices = [ada.connects().await, ada.connects().await];
    let mut other = bob.connects().await;
    let path = format!("/v1/admin/users/{}/disconnect", ada.id);
    operator.call("POST", &path).send().await.no_content();
    for device in &mut devices {
        assert_disconnected(device).await;
    }
    other.hears_nothing().await;
    ada.connects().await;
    bob.call("POST", &path).send().await.problem(403, "forbidden");
}

#[tokio::test]
async fn tokens_issued_before_a_time_are_refused_even_after_a_restart() {
    let mut server = Server::start().await;
    let (ada, operator) = (server.user(), server.operator());
    let (old, new) = (issued(&server, &ada, -60), issued(&server, &ada, 0));
    let mut sockets = [old.connects().await, new.connects().await];
    let path = format!("/v1/admin/users/{}/disconnect", ada.id);
    operator.post(&path, json!({"not_before": "soon"})).await.problem(400, "malformed_request");
    operator.post(&path, json!({"not_before": time(-30)})).await.no_content();
    for socket in &mut sockets {
        assert_disconnected(socket).await;
    }
    for _ in 0..2 {
        let refused = old.get("/v1/me").await.problem(401, "unauthenticated");
        assert_eq!(refused["detail"], "The token was revoked. Sign in again.");
        old.dial().refused().await.problem(401, "unauthenticated");
        new.get("/v1/me").await.ok(200);
        new.connects().await;
        operator.get("/v1/me").await.ok(200);
        server.kill_and_launch().await;
    }
}

#[tokio::test]
async fn a_user_is_disconnected_on_all_servers() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let one = Server::with(&[("DATABASE_URL", &url)]).await;
    let other = Server::with(&[("DATABASE_URL", &url)]).await;
    let ada = one.user();
    let old = issued(&one, &ada, -60);
    let mut sockets = [old.at(one.http()).connects().await, old.at(other.http()).connects().await];
    let path = format!("/v1/admin/users/{}/disconnect", ada.id);
    other.operator().post(&path, json!({"not_before": time(-30)})).await.no_content();
    for socket in &mut sockets {
        assert_disconnected(socket).await;
    }
    for server in [&one, &other] {
        old.at(server.http()).get("/v1/me").await.problem(401, "unauthenticated");
    }
}
