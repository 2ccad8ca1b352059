//! DNS rebinding: pages whose own name resolves to this machine cannot use a development server.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::raw::{GET, connect_from};
use crate::support::{Server, within};

#[tokio::test]
async fn development_mode_serves_nothing_under_a_foreign_host_name() {
    let server = Server::in_development().await;
    let port = server.address().port();
    for path in ["/", "/assets/app.js", "/healthz", "/readyz", "/metrics", "/v1/me", "/v1/dev/people", "/v1/nowhere"] {
        for host in ["evil.example", "evil.example:80", "localhost.evil.example", "192.0.2.1", "", "nonsense host"] {
            let answer = server.http().call("GET", path).header("Host", host).send().await;
            answer.problem(421, "misdirected_request");
        }
        for host in ["localhost", "app.localhost", "127.0.0.1", "[::1]"] {
            let answer = server.http().call("GET", path).header("Host", &format!("{host}:{port}")).send().await;
            assert_ne!(answer.status, 421, "{host}{path}");
        }
    }
    let upgrade = GET.replace("/v1/me", "/v1/ws").replace("Host: x", "Host: evil.example").replace(
        "Connection: close",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    );
    let mut upgrading = connect_from("127.0.0.1", server.address()).await;
    upgrading.write_all(upgrade.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    within("an answer", upgrading.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 421");
    let preflight = server.http().call("OPTIONS", "/v1/groups").header("Host", "evil.example");
    preflight.header("Origin", "http://evil.example").send().await.problem(421, "misdirected_request");
}

#[tokio::test]
async fn with_a_key_for_tokens_the_server_has_any_name() {
    let server = Server::start().await;
    server.http().call("GET", "/").header("Host", "chat.example").send().await;
    let ada = server.user();
    ada.call("GET", "/v1/me").header("Host", "chat.example").send().await.ok(200);
}
