//! `GROUPS_PROXY_PROTOCOL`: proxies that announce their clients before HTTP.

use tokio::io::AsyncWriteExt;

use super::raw::{GET, ask, connect_from, logs_client, metrics, rest};
use crate::support::{Balancer, Server};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

async fn server() -> Server {
    Server::with(&[
        ("GROUPS_TRUSTED_PROXIES", "127.0.0.1"),
        ("GROUPS_PROXY_PROTOCOL", "on"),
        ("GROUPS_HEADER_TIMEOUT_SECONDS", "1"),
        ("GROUPS_LOG", "debug"),
    ])
    .await
}

/// A header of version 2 for the client 192.0.2.7.
fn version_2(command: u8) -> Vec<u8> {
    [SIGNATURE, &[0x20 | command, 0x11, 0, 12, 192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x67, 0x1f, 0x90]].concat()
}

#[tokio::test]
async fn the_client_is_the_one_that_the_proxy_announces() {
    let server = server().await;
    for (header, client) in [
        (version_2(1), "192.0.2.7"),
        (b"PROXY TCP4 192.0.2.8 127.0.0.1 4711 8080\r\n".to_vec(), "192.0.2.8"),
        (b"PROXY TCP6 2001:db8::9 ::1 4711 8080\r\n".to_vec(), "2001:db8::9"),
        (version_2(0), "127.0.0.1"),
    ] {
        let answer = ask(connect_from("127.0.0.1", server.address()).await, &[&header, GET.as_bytes()].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        logs_client(&server, client).await;
        // One byte at a time.
        let mut slow = connect_from("127.0.0.1", server.address()).await;
        for byte in header.iter().chain(GET.as_bytes()) {
            slow.write_all(&[*byte]).await.unwrap();
        }
        assert!(rest(&mut slow).await.starts_with("HTTP/1.1 401"));
    }
}

#[tokio::test]
async fn a_connection_of_a_trusted_proxy_without_a_valid_header_is_closed() {
    let server = server().await;
    let truncated = &version_2(1)[..20];
    let mut malformed = version_2(1);
    malformed[12] = 0x11;
    for bad in [GET.as_bytes(), b"PROXY TCP4 192.0.2.8\r\n", &malformed, truncated, b"PROXY", b""] {
        let answer = ask(connect_from("127.0.0.1", server.address()).await, bad).await;
        assert_eq!(answer, "", "{bad:?} is not answered");
    }
    let other = connect_from("127.0.0.2", server.address()).await;
    let answer = ask(other, &[b"PROXY TCP4 192.0.2.8 127.0.0.1 4711 8080\r\n", GET.as_bytes()].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "only proxies send a header: {answer}");
    let answer = ask(connect_from("127.0.0.2", server.address()).await, GET.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "others speak HTTP: {answer}");
    assert!(!server.log().contains("client=192.0.2"));
    let mut proxy = connect_from("127.0.0.2", server.address()).await;
    proxy.write_all(GET.replace("/v1/me", "/metrics").as_bytes()).await.unwrap();
    let metrics = rest(&mut proxy).await;
    assert!(metrics.contains("groups_connections_closed_total{reason=\"proxy_header\"} 3"), "{metrics}");
    assert!(metrics.contains("groups_connections_closed_total{reason=\"head_timeout\"} 3"), "{metrics}");
}

#[tokio::test]
async fn haproxy_announces_clients_over_tcp() {
    let server = Server::with(&[
        ("GROUPS_TRUSTED_PROXIES", "127.0.0.1"),
        ("GROUPS_PROXY_PROTOCOL", "on"),
        ("GROUPS_LOG", "debug"),
    ]);
    let Some((server, proxy)) = started(server).await else { return };
    let answer = ask(connect_from("127.0.0.2", proxy.http().address()).await, GET.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    logs_client(&server, "127.0.0.2").await;
    let ada = server.user().at(proxy.http());
    let mut socket = ada.connects().await;
    ada.creates("Team", &[]).await;
    socket.event(&ada.id, "group_created").await;
    assert!(metrics(proxy.http()).await["groups_websocket_connections"] >= 1.0);
}

async fn started(server: impl Future<Output = Server>) -> Option<(Server, Balancer)> {
    let server = server.await;
    let proxy = Balancer::haproxy_with_proxy_protocol(&[server.address()]).await?;
    Some((server, proxy))
}
