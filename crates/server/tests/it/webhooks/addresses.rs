//! Internal addresses are refused by default, in any spelling, and never connected.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{path, register};
use crate::{
    cluster::until,
    support::{Receiver, Server, User},
};

/// Other texts for addresses of this machine and its networks.
const SPELLINGS: [&str; 20] = [
    "127.0.0.1",
    "localhost",
    "LocalHost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.1",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "169.254.169.254",
    "[fe80::1]",
    "[fd00::1]",
    "10.0.0.1",
    "192.168.0.1",
];

/// Counts the connections to a port of loopback.
fn listen() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    for listener in [Some(listener), TcpListener::bind(("::1", port)).ok()].into_iter().flatten() {
        let count = Arc::clone(&count);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                drop(socket);
            }
        });
    }
    (port, count)
}

async fn registers(operator: &User, url: &str) -> crate::support::Answer {
    operator.post("/v1/admin/webhooks", json!({"url": url})).await
}

#[tokio::test]
async fn internal_addresses_are_refused_in_twenty_spellings_and_never_connected() {
    let (port, connections) = listen();
    let server = Server::start().await;
    let operator = server.operator();
    for host in SPELLINGS {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/hook");
            registers(&operator, &url).await.problem(422, "invalid_url");
        }
    }
    let public = registers(&operator, "https://8.8.8.8/hook").await.ok(201);
    let change = json!({"url": format!("http://127.1:{port}/hook")});
    operator.patch(&path(&public), change).await.problem(422, "invalid_url");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_addresses_are_checked_again_for_each_message() {
    let mut receiver = Receiver::start();
    let mut server = Server::with(&[super::ALLOWED]).await;
    let (operator, ada) = (server.operator(), server.user());
    let webhook = register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    receiver.accepts_versions(&group, [1]).await;
    server.set("GROUPS_WEBHOOK_ALLOW_PRIVATE", "");
    server.kill_and_launch().await;
    let count = receiver.connections();
    ada.renames(&group, "Crew").await.group(200);
    until("the message was refused", async || {
        let webhook = operator.get(&path(&webhook)).await.ok(200);
        webhook["last_error"].as_str().is_some_and(|error| error.contains("not public"))
    })
    .await;
    let test = operator.posts(&format!("{}/test", path(&webhook))).await.ok(200);
    assert_eq!(test["delivered"], false);
    assert_eq!(receiver.connections(), count);
    receiver.kill();
}
