//! What a panic ends, and what it does not affect.

use groups_supervisor::{Cause, TaskFailure};
use notify::EventSink as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite;

use crate::client::Client;
use crate::server::{Server, patient};
use crate::world::{ADA, BOB, EVE, group};

const RETRY: &str = r#"{"retry_ms":[500,5000]}"#;

async fn assert_sent_away(client: &mut Client) {
    let closed = client.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (1012, RETRY));
}

fn panicked(task: &str, message: &str) -> TaskFailure {
    TaskFailure { task: task.to_owned(), cause: Cause::Panicked { message: message.to_owned() } }
}

#[tokio::test]
async fn a_worker_that_panics_closes_its_clients_and_the_hub_refuses_new_ones() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    // Bob's list is being read, and the read never finishes.
    let (called, _go) = server.wait_then_read();
    let mut bob = Client::connect(&server, BOB, "").await;
    called.await.unwrap();
    server.supervisor.inject_panic("websocket worker 1");
    assert_sent_away(&mut ada).await;
    assert_sent_away(&mut bob).await;
    let failure = server.supervisor.failed().await;
    assert_eq!(failure, panicked("websocket worker 1", "injected into websocket worker 1"));
    let Err(tungstenite::Error::Http(refusal)) = Client::try_connect(&server, EVE, "").await else {
        panic!("a hub with a failed worker upgrades nobody");
    };
    assert_eq!(refusal.status(), 503);
    let rename = server.world().rename(group(1), ADA, "Into the void");
    server.hub.deliver(&[rename]).await.unwrap();
}

#[tokio::test]
async fn the_other_workers_continue_until_they_are_drained() {
    let server = Server::with_workers(patient(), 2);
    server.world().create(group(1), ADA, &[BOB]);
    // Connections are assigned to the workers in turn.
    let (mut first, _) = Client::ready(&server, ADA).await;
    let (mut second, _) = Client::ready(&server, BOB).await;
    server.supervisor.inject_panic("websocket worker 1");
    assert_sent_away(&mut first).await;
    server.happen(|world| world.rename(group(1), ADA, "Still told")).await;
    assert_eq!(second.next().await["version"], 2);
    let drained = server.hub.drain(notify::Drain::default());
    let (closed, ()) = tokio::join!(second.closed(), drained);
    assert_eq!(closed.code, 1012);
    assert_eq!(server.hub.connections(), 0);
}

#[tokio::test]
async fn a_panic_in_worker_code_closes_all_connections_of_that_worker() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.hub.relay_typing(|_, _, _| panic!("the relay of typing panics"));
    bob.say(json!({"type": "typing", "group_id": group(1), "typing": true})).await;
    assert_sent_away(&mut bob).await;
    assert_sent_away(&mut ada).await;
    assert_eq!(server.supervisor.failed().await, panicked("websocket worker 1", "the relay of typing panics"));
}

#[tokio::test]
async fn a_handler_that_panics_ends_only_its_own_connection() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let mut request = tokio::net::TcpStream::connect(server.address).await.unwrap();
    request.write_all(b"GET /panic HTTP/1.1\r\nHost: groups\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    request.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    server.happen(|world| world.rename(group(1), ADA, "All is well")).await;
    assert_eq!(bob.next().await["version"], 2);
    Client::ready(&server, EVE).await;
    assert_eq!(server.supervisor.failure(), None);
}
