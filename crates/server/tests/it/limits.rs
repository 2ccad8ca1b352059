//! Every limit of a connection is reached, with the effect that the contract describes.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::support::{Heard, PATIENCE, SECRET, Server, View, claims, new_id, seconds_from_now, signed, within};

/// A description that makes an event of about 4 KB.
fn long_description(at: usize) -> serde_json::Value {
    json!({"description": format!("{at:04}{}", "界".repeat(990))})
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_with_4001_and_nobody_else_notices() {
    const CHANGES: usize = 600;
    let server = Server::start().await;
    let (ada, bob, eve) = (server.user(), server.user(), server.user());
    let group = ada.creates("Team", &[&bob, &eve]).await;
    let path = format!("/v1/groups/{group}");
    let mut listener = eve.connects().await;

    // How long each change takes to reach the listeners.
    let mut measure = async |from: usize| {
        let mut taken = Vec::new();
        for at in from..from + CHANGES {
            let start = Instant::now();
            ada.patch(&path, long_description(at)).await.group(200);
            listener.event(&eve.id, "group_updated").await;
            taken.push(start.elapsed());
        }
        taken.sort();
        taken
    };
    measure(0).await;
    let resident_first = server.resident_kib();
    let before = measure(CHANGES).await;
    let resident_before = server.resident_kib();
    let mut slow = Vec::new();
    for _ in 0..10 {
        slow.push(bob.dial().receive_buffer_bytes(4096).ready().await);
    }
    let during = measure(2 * CHANGES).await;
    let resident_after = server.resident_kib();

    // Ten times 2.4 MB were queued for the clients that do not read. The changes themselves are kept
    // for clients that resume.
    let kept = resident_before.saturating_sub(resident_first);
    let grown = resident_after.saturating_sub(resident_before);
    assert!(grown < kept + 8 * 1024, "memory grew by {grown} KiB, without them by {kept}: unread data is kept");
    let median = |taken: &[Duration]| taken[taken.len() / 2];
    // The load of the machine varies; waiting for clients that do not read would take indefinitely.
    let slack = Duration::from_millis(100);
    assert!(
        median(&during) < median(&before) * 10 + slack,
        "in the median {:?} became {:?}",
        median(&before),
        median(&during)
    );
    assert!(during[CHANGES - 1] < PATIENCE / 2, "somebody waited {:?}", during[CHANGES - 1]);

    // They finally read: everything that was sent, in order, and no more; with the cursor nothing
    // is lost.
    for mut socket in slow {
        let mut view = View::of(&bob.id);
        view.begin();
        view.take_all(&socket.opening);
        let end = within("the end of a slow client", async {
            loop {
                match socket.hear().await {
                    Heard::Message(message) => {
                        view.take(&message);
                    }
                    end => return end,
                }
            }
        })
        .await;
        // A client that waits too long does not even get the close frame.
        assert!(matches!(end, Heard::Closed(4001, _) | Heard::Lost), "{end:?}");
        assert!(view.version(&group).unwrap() < 1 + 3 * CHANGES as u64);
        let cursor = view.begin().unwrap().to_owned();
        view.take_all(&bob.resumes(&cursor).await.opening);
        view.assert_is(&bob.lists().await);
    }
}

#[tokio::test]
async fn a_client_that_fell_behind_receives_the_close_code() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let path = format!("/v1/groups/{group}");
    let mut slow = bob.dial().receive_buffer_bytes(4096).ready().await;
    let mut listener = bob.connects().await;
    // More than all buffers hold, and fast: a close frame waits five seconds for a client that
    // reads again.
    const BATCH: usize = 25;
    for batch in 0..8 {
        let changes = join_all(
            (0..BATCH).map(async |at| ada.patch(&path, long_description(BATCH * batch + at)).await.group(200)),
        );
        let listen = async {
            for at in 0..BATCH {
                let version = 2 + BATCH * batch + at;
                assert_eq!(listener.event(&bob.id, "group_updated").await["version"], version);
            }
        };
        tokio::join!(changes, listen);
    }
    assert_eq!(slow.goodbye().await.0, 4001);
}

#[tokio::test]
async fn a_client_that_never_reads_again_is_disconnected() {
    let server = Server::with(&[("GROUPS_MAX_CONNECTIONS_PER_USER", "1")]).await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let silent = bob.dial().receive_buffer_bytes(4096).ready().await.into_stream();
    let path = format!("/v1/groups/{group}");
    for part in 0..3 {
        join_all((0..100).map(|at| ada.patch(&path, long_description(part * 100 + at)))).await;
    }
    // Its slot is free again.
    within("a place for another connection", async {
        loop {
            let mut socket = bob.dial().open().await;
            match socket.hear().await {
                Heard::Message(message) if message["type"] == "welcome" => return,
                Heard::Closed(4502, _) => tokio::time::sleep(Duration::from_millis(50)).await,
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
    drop(silent);
}

#[tokio::test]
async fn a_flood_is_closed_with_4501() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let mut bystander = bob.connects().await;
    let mut socket = ada.connects().await;
    let ping = tokio_tungstenite::tungstenite::Message::text(r#"{"type":"ping"}"#);
    for _ in 0..20_000 {
        if !socket.send_raw(ping.clone()).await {
            break;
        }
    }
    assert_eq!(socket.goodbye().await.0, 4501);
    bystander.hears_nothing().await;
}

#[tokio::test]
async fn ordinary_typing_and_pings_are_not_a_flood() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let mut socket = ada.connects().await;
    for _ in 0..5 {
        socket.send(json!({"type": "typing", "group_id": group, "typing": true})).await;
        socket.hears_nothing().await;
    }
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_closed_with_4502() {
    let server = Server::with(&[("GROUPS_MAX_CONNECTIONS_PER_USER", "3")]).await;
    let (ada, bob) = (server.user(), server.user());
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(ada.connects().await);
    }
    let mut fourth = ada.dial().open().await;
    match within("a goodbye", fourth.hear()).await {
        Heard::Closed(code, _) => assert_eq!(code, 4502),
        other => panic!("{other:?}"),
    }
    bob.connects().await;
    ada.creates("Team", &[]).await;
    for socket in &mut sockets {
        socket.event(&ada.id, "group_created").await;
    }
    // A disconnect frees a slot.
    sockets.pop().unwrap().close().await;
    within("room for another", async {
        loop {
            match ada.dial().open().await.hear().await {
                Heard::Message(message) if message["type"] == "welcome" => return,
                Heard::Closed(4502, _) => tokio::task::yield_now().await,
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_closed_with_4003_when_its_token_expires() {
    let server = Server::start().await;
    let id = new_id();
    let start = Instant::now();
    let token = signed(SECRET, &json!({"sub": id, "exp": seconds_from_now(3)}));
    let short = server.user_with(id.clone(), token);
    let long = server.user_with(id.clone(), signed(SECRET, &claims(&id)));
    let mut lasting = long.connects().await;
    let mut socket = short.connects().await;
    socket.expect("token_expiring").await;
    short.creates("Team", &[]).await;
    socket.event(&id, "group_created").await;
    assert_eq!(socket.goodbye().await.0, 4003);
    // From then on the token is invalid.
    short.get("/v1/me").await.problem(401, "unauthenticated");
    let taken = start.elapsed();
    assert!(taken > Duration::from_millis(1_500) && taken < PATIENCE / 2, "after {taken:?}");
    lasting.event(&id, "group_created").await;
    lasting.hears_nothing().await;
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed_within_two_heartbeats() {
    // The session's unit tests check the exact interval; here a busy machine may take longer.
    let server = Server::with(&[("GROUPS_HEARTBEAT_SECONDS", "2")]).await;
    let ada = server.user();
    let mut living = ada.connects().await;
    let silent = ada.connects().await;
    assert_eq!(silent.opening[0]["heartbeat_seconds"], 2);

    // It receives data, as the kernel does for a program that hangs, and never answers.
    let start = Instant::now();
    let mut stream = silent.into_stream();
    let mut read = Vec::new();
    let silence = async {
        within("the end of the silent connection", stream.read_to_end(&mut read)).await.ok();
        start.elapsed()
    };
    // A client that answers stays connected for many heartbeats.
    let life = tokio::time::timeout(Duration::from_millis(6_000), living.hear());
    let (taken, life) = tokio::join!(silence, life);
    assert!(taken < PATIENCE / 2, "it took {taken:?}");
    assert!(taken > Duration::from_millis(1_800), "it had one heartbeat to answer, not {taken:?}");
    assert!(read.windows(2).any(|frame| frame == [0x89, 0]), "it was asked");
    let goodbye = read.windows(4).any(|frame| frame[0] == 0x88 && frame[2..] == 4002_u16.to_be_bytes());
    assert!(goodbye, "4002 was the reason: {read:?}");
    assert!(life.is_err(), "{life:?}");
    living.hears_nothing().await;
}
