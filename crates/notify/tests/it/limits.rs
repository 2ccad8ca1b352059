//! What happens when a limit is reached.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use notify::{EventSink as _, HubLimits};
use serde_json::json;
use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::server::{Server, Step, patient};
use crate::world::{ADA, BOB, group, user};

/// A client with the smallest possible receive buffer.
async fn narrow(server: &Server, who: groups_domain::UserId) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    Client::over(stream, server, who, "").await.unwrap()
}

#[tokio::test]
async fn a_client_that_never_reads_is_disconnected_and_delays_nobody() {
    let server = Server::start(HubLimits { close_grace: Duration::from_millis(50), ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let mut stuck = narrow(&server, BOB).await;
    stuck.until("ready").await;
    let (mut ada, _) = Client::ready(&server, ADA).await;

    let mut bytes = 0;
    let mut number = 0;
    while server.hub.stats().overflows == 0 {
        number += 1;
        assert!(number < 5_000, "the queue is bounded");
        let name = format!("{number} {}", "x".repeat(90));
        server.happen(|world| world.rename(group(1), ADA, &name)).await;
        let event = ada.next().await;
        assert_eq!(event["version"], number + 1, "she gets each event, while Bob's fill his queue");
        bytes += event.to_string().len();
    }
    assert!(bytes < 300 * 1024, "{bytes} bytes were kept for a client that takes none");
    // Its queue was dropped, and it does not read its close frame either: only shutting down its
    // socket helps.
    server.until(|hub| hub.connections() == 1).await;
    let stats = server.hub.stats();
    assert_eq!((stats.closes[&4001], stats.sockets_shut_down), (1, 1));
    server.happen(|world| world.rename(group(1), ADA, "On we go")).await;
    assert_eq!(ada.next().await["version"], number + 2);
    drop(stuck);
}

#[tokio::test]
async fn a_slow_client_that_resumes_reading_receives_the_close_code() {
    let server = Server::start(HubLimits { queue_frames_max: 4, ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let mut slow = narrow(&server, BOB).await;
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
    assert_eq!(versions, whole, "the events before the close have no gap, and the client resumes after them");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_list_is_disconnected() {
    let limits =
        HubLimits { opening_stall: Duration::from_millis(50), close_grace: Duration::from_millis(20), ..patient() };
    let server = Server::start(limits);
    for number in 1..=1_000 {
        server.world().create(group(number), BOB, &[]);
    }
    let stuck = narrow(&server, BOB).await;
    server.until(|hub| hub.stats().closes[&4001] == 1 && hub.connections() == 0).await;
    drop(stuck);
}

#[tokio::test]
async fn a_silent_client_is_closed_within_two_heartbeats() {
    let heartbeat = Duration::from_millis(100);
    let server = Server::start(HubLimits { heartbeat, ..patient() });
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let silent_since = Instant::now();
    // The client is not polled, so it answers no ping.
    server.until(|hub| hub.connections() == 0).await;
    assert!(silent_since.elapsed() > heartbeat, "it was pinged first");
    assert_eq!(bob.closed().await.code, 4002);
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_connected() {
    // Long enough for a response on a busy machine.
    let server = Server::start(HubLimits { heartbeat: Duration::from_millis(500), ..patient() });
    let (mut bob, _) = Client::ready(&server, BOB).await;
    for _ in 0..4 {
        assert_eq!(bob.socket.next().await.unwrap().unwrap(), Message::Ping(Default::default()));
    }
    assert_eq!(server.hub.connections(), 1);
    assert_eq!(server.hub.stats().closes[&4002], 0);
}

#[tokio::test]
async fn a_connection_is_closed_when_its_token_expires() {
    let server = Server::start(patient());
    let mut bob = Client::connect(&server, BOB, "&expires_ms=30").await;
    let closed = bob.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (4003, "token expired"));
}

#[tokio::test]
async fn connections_beyond_the_limit_over_all_workers_are_closed_with_4502() {
    let server = Server::with_workers(HubLimits { connections_per_user_max: 3, ..patient() }, 2);
    let mut devices = Vec::new();
    for _ in 0..3 {
        devices.push(Client::ready(&server, BOB).await.0);
    }
    let closed = Client::connect(&server, BOB, "").await.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (4502, "too many connections"));
    Client::ready(&server, ADA).await;
    for device in &mut devices {
        device.say(json!({"type": "ping"})).await;
        assert_eq!(device.next().await["type"], "pong", "the others stay");
    }
    drop(devices.pop());
    server.until(|hub| hub.connections() == 2).await;
    let mut again = Client::connect(&server, BOB, "").await;
    again.until("ready").await;
}

#[tokio::test]
async fn many_events_at_once_reach_a_client_that_reads() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let batch: Vec<_> =
        (0..200).map(|number| server.world().rename(group(1), ADA, &format!("Name {number}"))).collect();
    server.hub.deliver(&batch).await.unwrap();
    for version in 2..202 {
        assert_eq!(bob.next().await["version"], version);
    }
}

#[tokio::test]
async fn all_members_of_a_group_larger_than_one_turn_receive_its_events() {
    let server = Server::with_workers(patient(), 2);
    let members: Vec<_> = (1..=150).map(user).collect();
    server.world().create(group(1), ADA, &members);
    let mut clients = Vec::new();
    for member in &members {
        clients.push(Client::ready(&server, *member).await.0);
    }
    server.happen(|world| world.rename(group(1), ADA, "For all of you")).await;
    for client in &mut clients {
        assert_eq!(client.next().await["version"], 2);
    }
}

#[tokio::test]
async fn delivery_waits_for_a_busy_worker_and_typing_is_dropped() {
    let server = Server::start(HubLimits { inbox_commands_max: 2, ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (called, was_called) = oneshot::channel();
    let (go, may_go) = std::sync::mpsc::channel();
    server.script(Step::Block(called, may_go));
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let connecting = Client::over(stream, &server, BOB, "");
    let checked = async {
        was_called.await.unwrap();
        server.happen(|world| world.rename(group(1), ADA, "One")).await;
        server.happen(|world| world.rename(group(1), ADA, "Two")).await;
        server.hub.typing(group(1), BOB, true);
        assert_eq!(server.hub.stats().ephemerals_dropped, 1);
        let mut third = std::pin::pin!(server.happen(|world| world.rename(group(1), ADA, "Three")));
        assert!(futures_util::poll!(&mut third).is_pending(), "there is no room");
        go.send(()).unwrap();
        third.await;
    };
    let (bob, ()) = tokio::join!(connecting, checked);
    bob.unwrap().until("ready").await;
    for version in 2..=4 {
        assert_eq!(ada.next().await["version"], version);
    }
}

#[tokio::test]
async fn delivery_waits_while_the_inbox_of_a_worker_is_full_in_bytes() {
    // Each change is larger than the inbox, so only one fits at a time.
    let server = Server::start(HubLimits { inbox_bytes_max: 1, ..patient() });
    server.world().create(group(1), ADA, &[]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (called, was_called) = oneshot::channel();
    let (go, may_go) = std::sync::mpsc::channel();
    server.script(Step::Block(called, may_go));
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let connecting = Client::over(stream, &server, BOB, "");
    let checked = async {
        was_called.await.unwrap();
        server.happen(|world| world.rename(group(1), ADA, "One")).await;
        let mut second = std::pin::pin!(server.happen(|world| world.rename(group(1), ADA, "Two")));
        assert!(futures_util::poll!(&mut second).is_pending(), "there is no room");
        go.send(()).unwrap();
        second.await;
    };
    let (bob, ()) = tokio::join!(connecting, checked);
    bob.unwrap().until("ready").await;
    for version in 2..=3 {
        assert_eq!(ada.next().await["version"], version);
    }
}

#[tokio::test]
async fn a_cancelled_delivery_reaches_no_worker() {
    let server = Server::start(HubLimits { inbox_commands_max: 1, ..patient() });
    server.world().create(group(1), ADA, &[]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (called, was_called) = oneshot::channel();
    let (go, may_go) = std::sync::mpsc::channel();
    server.script(Step::Block(called, may_go));
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let connecting = Client::over(stream, &server, BOB, "");
    let again = server.world().rename(group(1), ADA, "Given up, then delivered");
    let checked = async {
        was_called.await.unwrap();
        server.hub.deliver(&[]).await.unwrap();
        let batch = [again];
        {
            let mut given_up = std::pin::pin!(server.hub.deliver(&batch));
            assert!(futures_util::poll!(&mut given_up).is_pending());
        }
        go.send(()).unwrap();
        server.hub.deliver(&batch).await.unwrap();
    };
    let (bob, ()) = tokio::join!(connecting, checked);
    assert_eq!(ada.so_far(&server).await.len(), 1, "once");
    drop(bob);
}

#[tokio::test]
async fn a_disconnected_user_is_closed_with_4500_on_all_workers_and_nobody_else_is() {
    let server = Server::with_workers(patient(), 2);
    server.world().create(group(1), ADA, &[BOB]);
    let mut devices = Vec::new();
    for _ in 0..4 {
        devices.push(Client::ready(&server, BOB).await.0);
    }
    let (mut ada, _) = Client::ready(&server, ADA).await;
    server.hub.disconnect(BOB).await;
    for device in &mut devices {
        let closed = device.closed().await;
        assert_eq!((closed.code, closed.reason.as_str()), (4500, "disconnected by an operator"));
    }
    server.happen(|world| world.rename(group(1), ADA, "Still here")).await;
    assert_eq!(ada.next().await["version"], 2);
    let (_bob, _) = Client::ready(&server, BOB).await;
    assert_eq!(server.hub.stats().closes[&4500], 4);
}
