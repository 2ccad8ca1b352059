//! Renewing a connection with a new token.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use groups_domain::{Timestamp, UserId};
use groups_protocol::ErrorCode;
use notify::{Authenticator, Grant, HubLimits, NotRenewed, Renewal};
use serde_json::{Value, json};

use crate::client::{Client, types};
use crate::server::{Server, patient};
use crate::world::{ADA, BOB, group};

/// Takes tokens that say what happens: `60000` is valid for so many milliseconds.
struct Script;

#[async_trait(?Send)]
impl Authenticator for Script {
    async fn authenticate(&self, user_id: UserId, token: &str) -> Result<Renewal, NotRenewed> {
        let (first, rest) = token.split_once(' ').unwrap_or((token, ""));
        match first {
            "panic" => panic!("the script says so"),
            "hang" => std::future::pending().await,
            _ => {}
        }
        let invalid = || NotRenewed { code: ErrorCode::Unauthenticated, detail: "why".to_owned() };
        let millis = first.parse().map_err(|_| invalid())?;
        let expires_at = Timestamp::from_unix_millis(1_800_000_000_000);
        let grant = Grant { expires_at, expires_in: Duration::from_millis(millis), read_only: rest == "read" };
        Ok(Renewal { user_id: if rest == "other" { BOB } else { user_id }, grant })
    }
}

const HOUR: &str = "3600000";

fn start(limits: HubLimits) -> Server {
    let server = Server::start(limits);
    server.hub.authenticate_with(Arc::new(Script));
    server
}

fn authenticate(token: &str) -> Value {
    json!({"type": "authenticate", "token": token})
}

fn authenticated() -> Value {
    json!({"type": "authenticated", "expires_at": "2027-01-15T08:00:00.000Z"})
}

fn expiring() -> Value {
    json!({"type": "token_expiring", "expires_at": "2030-03-17T17:46:40.000Z"})
}

#[tokio::test]
async fn a_client_whose_token_expires_soon_is_told_so_once_right_after_ready() {
    let server = start(patient());
    server.world().create(group(1), ADA, &[]);
    let mut ada = Client::connect(&server, ADA, "&expires_ms=59000").await;
    assert_eq!(types(&ada.until("ready").await), ["welcome", "snapshot", "ready"]);
    assert_eq!(ada.next().await, expiring());
    ada.say(authenticate(HOUR)).await;
    assert_eq!(ada.next().await, authenticated());
    // A token that expires soon as well is told of as well.
    ada.say(authenticate("59000")).await;
    assert_eq!(ada.next().await, authenticated());
    assert_eq!(ada.next().await["type"], "token_expiring");
    server.happen(|world| world.rename(group(1), ADA, "Done")).await;
    assert_eq!(types(&ada.until("group_updated").await), ["group_updated"]);

    let (mut bob, _) = Client::ready(&server, BOB).await;
    assert!(bob.so_far(&server).await.is_empty(), "there is enough time");
}

#[tokio::test]
async fn a_connection_lives_as_long_as_its_token_is_renewed_in_time() {
    let server = start(HubLimits { token_warning: Duration::from_millis(200), ..patient() });
    let mut ada = Client::connect(&server, ADA, "&expires_ms=250").await;
    for _ in 0..5 {
        let told = ada.until("token_expiring").await;
        assert!(!types(&told).contains(&"error"), "{told:?}");
        ada.say(authenticate("250")).await;
        assert_eq!(ada.next().await, authenticated());
    }
    ada.until("token_expiring").await;
    assert_eq!(ada.closed().await.code, 4003);
}

#[tokio::test]
async fn an_invalid_token_is_an_error_and_the_earlier_one_stays_in_force() {
    let server = start(HubLimits { token_warning: Duration::ZERO, ..patient() });
    let mut ada = Client::connect(&server, ADA, "&expires_ms=300").await;
    ada.until("ready").await;
    ada.say(authenticate("nonsense")).await;
    assert_eq!(ada.next().await, json!({"type": "error", "code": "unauthenticated", "detail": "why"}));
    assert_eq!(ada.closed().await.code, 4003);

    let (mut ada, _) = Client::ready(&server, ADA).await;
    for malformed in [json!({"type": "authenticate"}), json!({"type": "authenticate", "token": 7})] {
        ada.say(malformed).await;
        assert_eq!(ada.next().await["code"], "malformed_message");
    }
}

#[tokio::test]
async fn a_token_of_another_user_closes_the_connection() {
    let server = start(patient());
    let (mut ada, _) = Client::ready(&server, ADA).await;
    ada.say(authenticate(&format!("{HOUR} other"))).await;
    assert_eq!(ada.closed().await.code, 4500);
}

#[tokio::test]
async fn without_an_authenticator_every_token_is_refused() {
    let server = Server::start(patient());
    let (mut ada, _) = Client::ready(&server, ADA).await;
    ada.say(authenticate(HOUR)).await;
    assert_eq!(ada.next().await["code"], "unauthenticated");
}

#[tokio::test]
async fn one_token_is_checked_at_a_time() {
    let server = start(patient());
    let (mut ada, _) = Client::ready(&server, ADA).await;
    ada.say(authenticate("hang")).await;
    ada.say(authenticate(HOUR)).await;
    assert_eq!(ada.next().await["code"], "rate_limited");
}

#[tokio::test]
async fn a_check_that_fails_or_takes_too_long_affects_nobody_else() {
    let server = start(HubLimits { authenticate_timeout: Duration::from_millis(20), ..patient() });
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    for token in ["panic", "hang"] {
        ada.say(authenticate(token)).await;
        assert_eq!(ada.next().await["code"], "unavailable", "{token}");
    }
    for client in [&mut ada, &mut bob] {
        client.say(authenticate(HOUR)).await;
        assert_eq!(client.next().await, authenticated());
    }
}

#[tokio::test]
async fn a_new_token_decides_about_typing() {
    let server = start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let typing = json!({"type": "typing", "group_id": group(1), "typing": true});
    ada.say(authenticate(&format!("{HOUR} read"))).await;
    assert_eq!(ada.next().await, authenticated());
    ada.say(typing.clone()).await;
    assert_eq!(ada.next().await["code"], "forbidden");
    ada.say(authenticate(HOUR)).await;
    assert_eq!(ada.next().await, authenticated());
    ada.say(typing).await;
    assert_eq!(bob.next().await["type"], "typing");
}
