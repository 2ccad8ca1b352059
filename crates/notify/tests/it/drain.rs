//! Graceful shutdown of client connections.

use std::time::{Duration, Instant};

use notify::{Drain, EventSink as _};
use tokio_tungstenite::tungstenite;

use crate::client::Client;
use crate::server::{Server, patient};
use crate::world::{ADA, BOB, group, user};

#[tokio::test]
async fn a_drain_closes_all_clients_with_1012_and_refuses_new_ones() {
    let server = Server::with_workers(patient(), 2);
    server.world().create(group(1), ADA, &[BOB]);
    let mut readers = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (mut client, _) = Client::ready(&server, user(number)).await;
        readers.spawn(async move { client.closed().await });
    }
    let plan = Drain { spread: Duration::from_millis(100), retry_ms: (1_000, 15_000), ..Drain::default() };
    server.hub.drain(plan).await;
    assert_eq!(server.hub.connections(), 0, "all have answered");
    let closes = readers.join_all().await;
    assert_eq!(closes.len(), 20);
    for closed in closes {
        assert_eq!((closed.code, closed.reason.as_str()), (1012, r#"{"retry_ms":[1000,15000]}"#));
    }
    let Err(tungstenite::Error::Http(refusal)) = Client::try_connect(&server, BOB, "").await else {
        panic!("a draining server upgrades nobody");
    };
    assert_eq!(refusal.status(), 503);
    assert_eq!(refusal.headers()["retry-after"], "3");
    assert_eq!(server.hub.stats().refused, 1);
}

#[tokio::test]
async fn a_drain_has_a_time_limit() {
    let server = Server::start(patient());
    let (_mute, _) = Client::ready(&server, BOB).await;
    let began = Instant::now();
    let plan = Drain { spread: Duration::ZERO, wait: Duration::from_millis(50), ..Drain::default() };
    server.hub.drain(plan).await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(server.hub.connections(), 1, "it does not read, so it has not answered");
}

#[tokio::test]
async fn events_queued_before_the_drain_still_arrive() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.happen(|world| world.rename(group(1), ADA, "Just before")).await;
    let drain = server.hub.drain(Drain { spread: Duration::ZERO, ..Drain::default() });
    let read = async {
        assert_eq!(bob.next().await["version"], 2);
        assert_eq!(bob.closed().await.code, 1012);
    };
    tokio::join!(drain, read);
}

#[tokio::test]
async fn clients_of_a_hub_that_missed_changes_reconnect() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.hub.lagged(7).await;
    assert_eq!(bob.closed().await.code, 1012);
    Client::ready(&server, BOB).await;
}
