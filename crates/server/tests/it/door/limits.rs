//! What one address may do, and how many connections there may be.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::raw::{GET, connect_from, metrics};
use crate::support::{Http, SECRET, Server, claims, new_id, seconds_from_now, signed, signed_with, within};

/// The answer to a request with this token from a client behind the proxy.
async fn status(http: &Http, client: &str, token: &str) -> u16 {
    http.call("GET", "/v1/me").header("X-Forwarded-For", client).bearer(token).send().await.status
}

#[tokio::test]
async fn an_address_that_sends_forged_tokens_is_refused_before_they_are_checked() {
    let server =
        Server::with(&[("GROUPS_MAX_INVALID_TOKENS_PER_ADDRESS", "1"), ("GROUPS_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let http = server.http();
    let (ada, bob) = (server.user(), server.user());
    assert_eq!(status(http, "192.0.2.1", &ada.token).await, 200);
    let id = new_id();
    let expired = signed(SECRET, &json!({"sub": id, "exp": seconds_from_now(-60)}));
    for _ in 0..50 {
        assert_eq!(status(http, "192.0.2.1", &expired).await, 401, "an expired token is no forgery");
    }
    let forged = signed("another secret, with more than the 32 bytes that HS256 asks for", &claims(&id));
    let unsigned = signed_with(SECRET, &json!({"alg": "none"}), &claims(&id));
    let mut rejected = 0;
    let refused = loop {
        let token = if rejected % 2 == 0 { &forged } else { &unsigned };
        let answer = http.call("GET", "/v1/me").header("X-Forwarded-For", "192.0.2.1").bearer(token).send().await;
        if answer.status == 429 {
            break answer;
        }
        answer.problem(401, "unauthenticated");
        rejected += 1;
        assert!(rejected < 1_000, "it is refused eventually");
    };
    refused.problem(429, "rate_limited");
    assert!(refused.header("retry-after").is_some() && rejected >= 20);
    assert_eq!(status(http, "192.0.2.1", &ada.token).await, 200, "a token that was valid recently is still checked");
    assert_eq!(status(http, "192.0.2.2", &bob.token).await, 200, "other addresses are not affected");
    let metrics = metrics(http).await;
    for (sample, count) in [
        ("groups_rejected_tokens_total{reason=\"expired\"}", 50),
        ("groups_rejected_tokens_total{reason=\"signature\"}", (rejected + 1) / 2),
        ("groups_rejected_tokens_total{reason=\"algorithm\"}", rejected / 2),
        ("groups_refusals_total{kind=\"invalid_tokens_of_address\"}", 1),
    ] {
        assert!(metrics[sample] >= f64::from(count), "{sample} is {} and not {count}", metrics[sample]);
    }
}

#[tokio::test]
async fn requests_per_address_are_limited_whether_or_not_they_have_a_token() {
    let server =
        Server::with(&[("GROUPS_MAX_REQUESTS_PER_ADDRESS", "1"), ("GROUPS_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let http = server.http();
    let (ada, bob) = (server.user(), server.user());
    let mut answered = 0;
    while status(http, "2001:db8::1", if answered % 2 == 0 { &ada.token } else { "nonsense" }).await != 429 {
        answered += 1;
        assert!(answered < 1_000, "it is refused eventually");
    }
    assert!(answered >= 20);
    assert_eq!(status(http, "2001:db8::2", &bob.token).await, 429, "the same network");
    assert_eq!(status(http, "2001:db8:0:1::1", &bob.token).await, 200);
    assert_eq!(http.get("/readyz").await.status, 200, "health checks are not limited");
    assert!(metrics(http).await["groups_refusals_total{kind=\"requests_of_address\"}"] >= 2.0);
}

#[tokio::test]
async fn a_connection_beyond_the_total_waits_until_another_one_ends() {
    let server = Server::with(&[("GROUPS_MAX_CONNECTIONS", "4"), ("GROUPS_WORKERS", "1")]).await;
    let ada = server.user();
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(ada.connects().await);
    }
    let mut waiting = connect_from("127.0.0.1", server.address()).await;
    waiting.write_all(GET.as_bytes()).await.unwrap();
    // The others keep working; nothing comes on this one.
    sockets[0].send(json!({"type": "ping"})).await;
    sockets[0].expect("pong").await;
    assert!(waiting.try_read(&mut [0; 1]).is_err(), "it is not served");
    sockets.pop().unwrap().close().await;
    let mut answer = [0; 12];
    within("an answer", waiting.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}
