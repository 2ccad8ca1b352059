//! The upgrade at byte level.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{Server, patient};
use crate::world::BOB;

/// Returns the response head to a request with these headers, with sorted lines.
async fn answer(server: &Server, headers: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET /ws?user={BOB} HTTP/1.1\r\nHost: here\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let mut lines: Vec<String> = head.trim_end().lines().map(str::to_owned).collect();
    lines[1..].sort_unstable();
    lines
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[tokio::test]
async fn the_answer_selects_groups_v1_and_never_echoes_the_token() {
    let server = Server::start(patient());
    let offer = "Sec-WebSocket-Protocol: bearer.secret, groups.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    let lines = answer(&server, &format!("{UPGRADE}{offer}")).await;
    let date = lines.iter().position(|line| line.starts_with("date:")).unwrap();
    let others: Vec<&str> =
        lines.iter().enumerate().filter(|(at, _)| *at != date).map(|(_, line)| line.as_str()).collect();
    assert_eq!(
        others,
        [
            "http/1.1 101 switching protocols",
            "connection: upgrade",
            "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
            "sec-websocket-protocol: groups.v1",
            "upgrade: websocket",
        ]
    );
}

#[tokio::test]
async fn without_an_offer_no_protocol_is_selected() {
    let server = Server::start(patient());
    let lines = answer(&server, UPGRADE).await;
    assert_eq!(lines[0], "http/1.1 101 switching protocols");
    assert!(!lines.iter().any(|line| line.starts_with("sec-websocket-protocol")));
}

#[tokio::test]
async fn an_invalid_handshake_is_refused_and_does_not_count_as_a_connection() {
    let server = Server::start(patient());
    for headers in ["", "Connection: Upgrade\r\nUpgrade: websocket\r\n"] {
        assert!(answer(&server, headers).await[0].starts_with("http/1.1 400 "));
    }
    assert_eq!((server.hub.connections(), server.hub.stats().accepted), (0, 0));
}
