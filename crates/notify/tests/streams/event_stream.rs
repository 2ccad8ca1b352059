//! Server-sent events: a session of their own kind of transport.

use std::time::Duration;

use groups_domain::{Command, NewMember};
use notify::{Drain, EventSink as _, HubLimits};
use tokio::net::{TcpSocket, TcpStream};

use crate::answer::Answer;
use crate::client::Client;
use crate::server::{Server, patient};
use crate::world::{ADA, BOB, EVE, group, user};

/// A stream with the smallest possible receive buffer.
async fn narrow(server: &Server) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    Client::over(socket.connect(server.address).await.unwrap(), BOB, "").await
}

#[tokio::test]
async fn the_answer_is_a_stream_that_no_cache_keeps_and_no_proxy_holds_back() {
    let server = Server::start(patient());
    let (client, _) = Client::ready(&server, BOB).await;
    for header in ["content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no"] {
        assert!(client.answer.has(header), "{header}: {:?}", client.answer.headers);
    }
}

#[tokio::test]
async fn members_receive_events_and_outsiders_do_not() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let (mut eve, _) = Client::ready(&server, EVE).await;
    server.happen(|world| world.execute(group(1), ADA, Command::AddMember(NewMember::plain(BOB)))).await;
    assert_eq!(bob.next().await["type"], "added_to_group");
    assert_eq!(ada.next().await["action"], "member_added");
    server.hub.user_types(group(1), ADA, true);
    assert_eq!(bob.next().await["type"], "typing");
    assert!(eve.so_far(&server).await.is_empty());
}

#[tokio::test]
async fn a_heartbeat_is_a_comment_and_needs_no_answer() {
    let server = Server::start(HubLimits { heartbeat: Duration::from_millis(50), ..patient() });
    let (mut bob, _) = Client::ready(&server, BOB).await;
    for _ in 0..4 {
        assert_eq!(bob.fields().await.unwrap(), []);
    }
    assert_eq!((server.hub.connections(), server.hub.stats().closes[&4002]), (1, 0));
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let server = Server::start(HubLimits { token_warning: Duration::from_millis(190), ..patient() });
    let mut bob = Client::connect(&server, BOB, "&expires_ms=200").await;
    let opening = bob.until("token_expiring").await;
    assert_eq!(opening.len(), 4);
    let closed = bob.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (4003, "token expired"));
}

#[tokio::test]
async fn a_client_that_never_reads_is_disconnected_and_delays_nobody() {
    let server = Server::start(HubLimits { close_grace: Duration::from_millis(50), ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let mut stuck = narrow(&server).await;
    stuck.until("ready").await;
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let mut number = 0;
    while server.hub.stats().overflows == 0 {
        number += 1;
        assert!(number < 5_000, "the queue is bounded");
        server.happen(|world| world.rename(group(1), ADA, &format!("{number} {}", "x".repeat(90)))).await;
        assert_eq!(ada.next().await["version"], number + 1);
    }
    server.until(|hub| hub.connections() == 1).await;
    let stats = server.hub.stats();
    assert_eq!((stats.closes[&4001], stats.sockets_shut_down), (1, 1));
    drop(stuck);
}

#[tokio::test]
async fn a_slow_client_that_resumes_reading_receives_no_gap_and_then_the_close_code() {
    let server = Server::start(HubLimits { queue_frames_max: 4, ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let mut slow = narrow(&server).await;
    slow.until("ready").await;
    let mut number = 0;
    while server.hub.stats().overflows == 0 {
        number += 1;
        server.happen(|world| world.rename(group(1), ADA, &format!("{number} {}", "x".repeat(90)))).await;
    }
    let mut versions = Vec::new();
    let closed = loop {
        match slow.step().await {
            Ok(event) => versions.push(event["version"].as_u64().unwrap()),
            Err(closed) => break closed,
        }
    };
    assert_eq!((closed.code, closed.reason.as_str()), (4001, "slow consumer"));
    let whole: Vec<u64> = (2..2 + versions.len() as u64).collect();
    assert_eq!(versions, whole);
}

#[tokio::test]
async fn a_drain_ends_all_streams_and_refuses_new_ones() {
    let server = Server::with_workers(patient(), 2);
    let mut readers = tokio::task::JoinSet::new();
    for number in 0..10 {
        let (mut client, _) = Client::ready(&server, user(number)).await;
        readers.spawn(async move { client.closed().await });
    }
    server.hub.drain(Drain { spread: Duration::from_millis(50), ..Drain::default() }).await;
    assert_eq!(server.hub.connections(), 0);
    for closed in readers.join_all().await {
        assert_eq!((closed.code, closed.reason.as_str()), (1012, r#"{"retry_ms":[1000,15000]}"#));
    }
    let stream = TcpStream::connect(server.address).await.unwrap();
    let refused = Answer::get(stream, &format!("/events?user={BOB}")).await;
    assert_eq!(refused.status, 503);
    assert!(refused.has("retry-after: 3"), "{:?}", refused.headers);
}

#[tokio::test]
async fn streams_and_sockets_count_against_the_same_limit() {
    let server = Server::start(HubLimits { connections_per_user_max: 1, ..patient() });
    let (_first, _) = Client::ready(&server, BOB).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let refused = Answer::get(stream, &format!("/events?user={BOB}")).await;
    assert_eq!(refused.status, 429);
    Client::ready(&server, ADA).await;
}

#[tokio::test]
async fn an_operator_disconnects_a_stream() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.hub.disconnect(BOB).await;
    assert_eq!(bob.closed().await.code, 4500);
}

#[tokio::test]
async fn a_client_that_leaves_is_forgotten_at_the_next_heartbeat() {
    let server = Server::start(HubLimits { heartbeat: Duration::from_millis(50), ..patient() });
    let (bob, _) = Client::ready(&server, BOB).await;
    drop(bob);
    server.until(|hub| hub.connections() == 0).await;
}

#[tokio::test]
async fn clients_of_a_hub_that_missed_changes_reconnect() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.hub.lagged(7).await;
    assert_eq!(bob.closed().await.code, 1012);
}
