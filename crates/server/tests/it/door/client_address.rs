//! `GROUPS_TRUSTED_PROXIES`: whose headers name the client.

use super::raw::{GET, ask, connect_from, logs_client};
use crate::support::{Balancer, Http, Refused, Server};

/// Opens WebSockets with this header until one is refused, and returns how many were accepted.
async fn accepted(server: &Server, header: (&'static str, &str)) -> usize {
    let mut sockets = Vec::new();
    loop {
        match server.user().dial().header(header.0, header.1).try_open().await {
            Ok(socket) => sockets.push(socket),
            Err(Refused::Answered(answer)) => {
                answer.problem(429, "rate_limited");
                return sockets.len();
            }
            Err(lost) => panic!("{lost:?}"),
        }
        assert!(sockets.len() < 1_000, "the limit is reached");
    }
}

/// One upgrade a second for each address, with bursts of twenty.
const LIMITED: [(&str, &str); 2] = [("GROUPS_MAX_UPGRADES_PER_ADDRESS", "1"), ("GROUPS_LOG", "debug")];

#[tokio::test]
async fn clients_behind_a_trusted_proxy_have_limits_of_their_own() {
    let server = Server::with(&[LIMITED[0], LIMITED[1], ("GROUPS_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")]).await;
    assert!(accepted(&server, ("X-Forwarded-For", "203.0.113.9, 192.0.2.1, 10.0.0.1")).await >= 20);
    assert_eq!(accepted(&server, ("Forwarded", "for=192.0.2.1")).await, 0, "the same address in the other header");
    assert!(accepted(&server, ("Forwarded", "for=\"[2001:db8::1]\"")).await >= 20);
    assert!(accepted(&server, ("X-Forwarded-For", "2001:db8::2")).await <= 1, "the same network");
    logs_client(&server, "192.0.2.1").await;
}

#[tokio::test]
async fn nobody_else_can_name_the_client() {
    let server = Server::with(&[LIMITED[0], LIMITED[1], ("GROUPS_TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    assert!(accepted(&server, ("X-Forwarded-For", "192.0.2.1")).await >= 20);
    assert!(accepted(&server, ("X-Forwarded-For", "192.0.2.2")).await <= 1);
    logs_client(&server, "127.0.0.1").await;
    assert!(!server.log().contains("client=192.0.2.1"));
}

/// A server that trusts proxies on this machine.
async fn behind_proxies() -> Server {
    Server::with(&[("GROUPS_TRUSTED_PROXIES", "127.0.0.1"), ("GROUPS_LOG", "debug")]).await
}

async fn assert_names_the_client(server: &Server, proxy: &Http) {
    let request = GET.replace("Host: x", "Host: x\r\nX-Forwarded-For: 192.0.2.66");
    let answer = ask(connect_from("127.0.0.2", proxy.address()).await, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    logs_client(server, "127.0.0.2").await;
    assert!(!server.log().contains("client=192.0.2.66"));
}

#[tokio::test]
async fn haproxy_as_documented_names_the_client() {
    let server = behind_proxies().await;
    let Some(proxy) = Balancer::haproxy(&[server.address()]).await else { return };
    assert_names_the_client(&server, proxy.http()).await;
}

#[tokio::test]
async fn nginx_as_documented_names_the_client_and_carries_websockets() {
    let server = behind_proxies().await;
    let Some(proxy) = Balancer::nginx(&[server.address()]).await else { return };
    assert_names_the_client(&server, proxy.http()).await;
    let ada = server.user().at(proxy.http());
    let mut socket = ada.connects().await;
    ada.creates("Team", &[]).await;
    socket.event(&ada.id, "group_created").await;
}
