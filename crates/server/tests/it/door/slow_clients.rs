//! Slowloris: clients that send or read so slowly that they hold a connection for nothing.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::time::{interval, timeout};

use super::raw::{connect_from, metrics, rest};
use crate::support::{PATIENCE, Server};

/// Connections of the attacker.
const COUNT: usize = 200;

/// Sends a byte now and then until the server closes the connection. Returns its answer.
async fn dribble(server: &Server, start: &str) -> String {
    let mut stream = connect_from("127.0.0.2", server.address()).await;
    stream.write_all(start.as_bytes()).await.ok();
    let (mut reader, mut writer) = stream.split();
    let mut pulse = interval(Duration::from_millis(50));
    let sending = async {
        loop {
            pulse.tick().await;
            if writer.write_all(b"x").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut bytes = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut bytes);
    tokio::select! {
        () = sending => {}
        ended = timeout(PATIENCE, reading) => { ended.expect("the server ends the connection").ok(); }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Attacks with many connections that start like this, while somebody else uses the server.
async fn attack(server: &Server, start: &str) -> Vec<String> {
    let ada = server.user();
    let mut socket = ada.connects().await;
    let attackers = join_all((0..COUNT).map(|_| dribble(server, start)));
    let work = async {
        for number in 0..20 {
            ada.creates(&format!("Team {number}"), &[]).await;
            socket.event(&ada.id, "group_created").await;
        }
    };
    tokio::join!(attackers, work).0
}

#[tokio::test]
async fn slow_request_heads_are_closed_while_others_are_served() {
    let server = Server::with(&[("GROUPS_HEADER_TIMEOUT_SECONDS", "1")]).await;
    let answers = attack(&server, "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 408")), "{answers:?}");
    let closed = metrics(server.http()).await["groups_connections_closed_total{reason=\"head_timeout\"}"];
    assert!(closed >= COUNT as f64, "{closed}");
}

#[tokio::test]
async fn slow_request_bodies_are_closed_while_others_are_served() {
    let server = Server::with(&[("GROUPS_BODY_TIMEOUT_SECONDS", "1")]).await;
    let eve = server.user();
    let start = format!(
        "POST /v1/groups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 100000\r\n\r\n",
        eve.token
    );
    let answers = attack(&server, &start).await;
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 408")), "{answers:?}");
    // Without a token, the body is not even read.
    let answers = attack(&server, &start.replace("Bearer", "Nobody")).await;
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 401")), "{answers:?}");
}

#[tokio::test]
async fn a_silent_connection_is_closed_after_the_time_for_a_head() {
    let server = Server::with(&[("GROUPS_HEADER_TIMEOUT_SECONDS", "1")]).await;
    let mut silent = connect_from("127.0.0.1", server.address()).await;
    assert_eq!(rest(&mut silent).await, "");
    assert!(metrics(server.http()).await["groups_connections_closed_total{reason=\"idle\"}"] >= 1.0);
}
