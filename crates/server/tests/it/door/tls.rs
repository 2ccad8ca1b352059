//! `GROUPS_TLS_CERT` and `GROUPS_TLS_KEY`: HTTPS, with HTTP/2 for requests and HTTP/1.1 for WebSockets.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use h2::client::SendRequest;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::raw::{GET, ask, connect_from, logs_client, rest};
use crate::support::{PATIENCE, Server, User, certify, installed, skipped, within};

/// A server with a certificate.
struct Encrypted {
    server: Server,
    folder: TempDir,
}

impl Encrypted {
    async fn start(settings: &[(&str, &str)]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if !certify(folder.path()) {
            return None;
        }
        let file = |name: &str| folder.path().join(name).display().to_string();
        let (certificate, key) = (file("server.pem"), file("server.key"));
        let mut all = vec![("GROUPS_TLS_CERT", certificate.as_str()), ("GROUPS_TLS_KEY", &key)];
        all.extend(settings);
        Some(Self { server: Server::with(&all).await, folder })
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Completes a TLS handshake on a connection, offering one protocol.
    async fn encrypt(&self, stream: TcpStream, protocol: &str) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.folder.path().join("ca.pem")).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        within("a handshake", TlsConnector::from(Arc::new(config)).connect(name, stream)).await
    }

    async fn connect(&self, protocol: &str) -> TlsStream<TcpStream> {
        self.encrypt(connect_from("127.0.0.1", self.address()).await, protocol).await.unwrap()
    }

    async fn certificate(&self) -> Vec<u8> {
        self.connect("http/1.1").await.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    async fn metrics(&self) -> String {
        let request = GET.replace("/v1/me", "/metrics");
        let mut stream = self.connect("http/1.1").await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut metrics = String::new();
        within("the metrics", stream.read_to_string(&mut metrics)).await.unwrap();
        metrics
    }

    async fn websocket(&self, user: &User) -> WebSocketStream<TlsStream<TcpStream>> {
        let mut request = format!("wss://localhost:{}/v1/ws", self.address().port()).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", user.token).parse().unwrap());
        within("the upgrade", client_async(request, self.connect("http/1.1").await)).await.unwrap().0
    }

    /// A connection with HTTP/2, and the task that drives it until it ends.
    async fn http2(&self) -> (SendRequest<bytes::Bytes>, tokio::task::JoinHandle<Result<(), h2::Error>>) {
        let (send, connection) = h2::client::handshake(self.connect("h2").await).await.unwrap();
        (send, tokio::spawn(connection))
    }
}

/// Sends a request with HTTP/2. Returns the status and the body.
async fn call(send: &SendRequest<bytes::Bytes>, user: &User, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://localhost{path}"))
        .header("authorization", format!("Bearer {}", user.token))
        .header("content-type", "application/json")
        .body(())
        .unwrap();
    let exchange = async {
        let (answer, mut stream) = send.clone().ready().await.unwrap().send_request(request, false).unwrap();
        stream.send_data(body.to_owned().into(), true).unwrap();
        let answer = answer.await.unwrap();
        let status = answer.status().as_u16();
        assert!(answer.headers().contains_key("date"));
        let (mut body, mut bytes) = (answer.into_body(), Vec::new());
        while let Some(part) = body.data().await {
            let part = part.unwrap();
            body.flow_control().release_capacity(part.len()).unwrap();
            bytes.extend_from_slice(&part);
        }
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    };
    within(path, exchange).await
}

async fn hear(socket: &mut WebSocketStream<TlsStream<TcpStream>>, kind: &str) -> Value {
    within(kind, async {
        loop {
            if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] == kind {
                    return message;
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn requests_use_http2_and_websockets_http1() {
    let Some(encrypted) = Encrypted::start(&[]).await else { return };
    let ada = encrypted.server.user();
    let mut socket = encrypted.websocket(&ada).await;
    hear(&mut socket, "ready").await;
    let (http2, _driving) = encrypted.http2().await;
    let description = "界".repeat(900);
    let mut ids = Vec::new();
    for number in 0..120 {
        let body = json!({"name": format!("Team {number}"), "description": description}).to_string();
        let (status, group) = call(&http2, &ada, "POST", "/v1/groups", &body).await;
        assert_eq!(status, 201, "{group}");
        assert_eq!(hear(&mut socket, "group_created").await["group"]["group_id"], group["group_id"]);
        ids.push(group["group_id"].clone());
    }
    // An answer that is longer than every window, many times at once.
    let lists = (0..20).map(|_| call(&http2, &ada, "GET", "/v1/groups?limit=100", ""));
    for (status, list) in futures_util::future::join_all(lists).await {
        assert!(status == 200 && list["groups"].as_array().unwrap().len() >= 50, "{status} {list}");
    }
    let (status, problem) = call(&http2, &ada, "PATCH", "/v1/groups", "{}").await;
    assert_eq!((status, &problem["code"]), (405, &json!("method_not_allowed")));
    socket.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
    hear(&mut socket, "pong").await;
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn curl_speaks_http2_and_http1_with_the_server() {
    let Some(curl) = installed("curl").or_else(|| skipped("curl")) else { return };
    let Some(encrypted) = Encrypted::start(&[]).await else { return };
    let ca = encrypted.folder.path().join("ca.pem");
    for (version, expected) in [("--http2", "2 200"), ("--http1.1", "1.1 200")] {
        let output = Command::new(&curl)
            .args(["-sS", "--max-time", "20", version, "-o", "/dev/null", "-w", "%{http_version} %{http_code}"])
            .arg("--cacert")
            .arg(&ca)
            .arg(format!("https://localhost:{}/", encrypted.address().port()))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn replace(folder: &Path, name: &str, content: &str) {
    let fresh = folder.join("fresh");
    std::fs::write(&fresh, content).unwrap();
    std::fs::rename(fresh, folder.join(name)).unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let Some(encrypted) = Encrypted::start(&[]).await else { return };
    let folder = encrypted.folder.path();
    let ada = encrypted.server.user();
    let mut socket = encrypted.websocket(&ada).await;
    let first = encrypted.certificate().await;
    let key = std::fs::read_to_string(folder.join("server.key")).unwrap();
    replace(folder, "server.key", "nonsense");
    within("a message about the broken key", async {
        while !encrypted.server.log().contains("the new TLS certificate cannot be used") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(encrypted.certificate().await, first, "the last good one stays in force");
    replace(folder, "server.key", &key);
    assert!(certify(folder));
    within("the new certificate", async {
        while encrypted.certificate().await == first {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    socket.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
    hear(&mut socket, "pong").await;
}

#[tokio::test]
async fn a_handshake_that_stalls_or_fails_is_closed_while_others_are_served() {
    // A busy machine takes a while for a handshake.
    let settings = [("GROUPS_HEADER_TIMEOUT_SECONDS", "4")];
    let Some(encrypted) = Encrypted::start(&settings).await else { return };
    let mut stalled = Vec::new();
    for _ in 0..100 {
        let mut stream = connect_from("127.0.0.2", encrypted.address()).await;
        // The begin of a ClientHello.
        stream.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
        stalled.push(stream);
    }
    let ada = encrypted.server.user();
    let (http2, _driving) = encrypted.http2().await;
    assert_eq!(call(&http2, &ada, "GET", "/v1/me", "").await.0, 200);
    let last = stalled[99].try_read(&mut [0]).unwrap_err();
    assert_eq!(last.kind(), io::ErrorKind::WouldBlock, "it is still open");
    for stream in &mut stalled {
        assert_eq!(rest(stream).await, "");
    }
    let answer = ask(connect_from("127.0.0.2", encrypted.address()).await, GET.as_bytes()).await;
    assert!(!answer.contains("HTTP"), "no plain HTTP: {answer:?}");
    let metrics = encrypted.metrics().await;
    assert!(metrics.contains("groups_connections_closed_total{reason=\"head_timeout\"} 100"), "{metrics}");
    assert!(metrics.contains("groups_connections_closed_total{reason=\"tls_handshake\"} 1"), "{metrics}");
}

#[tokio::test]
async fn an_http2_connection_has_limits() {
    let settings = [("GROUPS_KEEP_ALIVE_SECONDS", "1"), ("GROUPS_BODY_TIMEOUT_SECONDS", "1")];
    let Some(encrypted) = Encrypted::start(&settings).await else { return };
    let ada = encrypted.server.user();
    let (mut http2, driving) = encrypted.http2().await;
    assert_eq!(call(&http2, &ada, "GET", "/v1/me", "").await.0, 200);
    assert_eq!(http2.current_max_send_streams(), 64);
    let get = |headers: usize| {
        let request = http::Request::builder().uri("https://localhost/healthz");
        (0..headers).fold(request, |request, at| request.header(format!("x-{at}"), "y".repeat(1_000))).body(()).unwrap()
    };
    // 60 fit; 80 do not.
    let (answer, _) = http2.send_request(get(60), true).unwrap();
    assert_eq!(within("an answer", answer).await.unwrap().status(), 200);
    let (answer, _) = http2.send_request(get(80), true).unwrap();
    assert_eq!(within("a refusal", answer).await.unwrap().status(), 431);
    // A body that does not arrive.
    let post = http::Request::builder()
        .method("POST")
        .uri("https://localhost/v1/groups")
        .header("authorization", format!("Bearer {}", ada.token))
        .body(())
        .unwrap();
    let (answer, _body) = http2.send_request(post, false).unwrap();
    assert_eq!(within("an answer", answer).await.unwrap().status(), 408);
    // Nobody asks for anything.
    drop(_body);
    within("the end of an idle connection", driving).await.unwrap().ok();
}

#[tokio::test]
async fn an_http2_client_that_does_not_read_an_answer_loses_only_that_one() {
    let Some(encrypted) = Encrypted::start(&[]).await else { return };
    let ada = encrypted.server.user();
    let mut builder = h2::client::Builder::new();
    // Enough for the other answers.
    builder.initial_window_size(4_096).initial_connection_window_size(1_000_000);
    let (http2, connection) = builder.handshake(encrypted.connect("h2").await).await.unwrap();
    let driving = tokio::spawn(connection);
    let get = http::Request::builder().uri("https://localhost/openapi.json").body(()).unwrap();
    let mut sending = http2.clone().ready().await.unwrap();
    let (answer, _) = sending.send_request(get, true).unwrap();
    let answer = within("the head", answer).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut unread = answer.into_body();
    assert_eq!(within("what has room", unread.data()).await.unwrap().unwrap().len(), 4_096);
    // The server waits for 30 seconds.
    let end = async {
        loop {
            if let Err(error) = unread.data().await.unwrap() {
                return error.reason();
            }
        }
    };
    let end = tokio::time::timeout(2 * PATIENCE, end).await.unwrap();
    assert_eq!(end, Some(h2::Reason::CANCEL));
    assert_eq!(call(&http2, &ada, "GET", "/v1/me", "").await.0, 200);
    let metrics = encrypted.metrics().await;
    assert!(metrics.contains("groups_connections_closed_total{reason=\"answer_timeout\"} 1"), "{metrics}");
    driving.abort();
}

#[tokio::test]
async fn a_proxy_can_announce_the_client_before_the_handshake() {
    let settings = [("GROUPS_TRUSTED_PROXIES", "127.0.0.1"), ("GROUPS_PROXY_PROTOCOL", "on"), ("GROUPS_LOG", "debug")];
    let Some(encrypted) = Encrypted::start(&settings).await else { return };
    let mut stream = connect_from("127.0.0.1", encrypted.address()).await;
    stream.write_all(b"PROXY TCP4 192.0.2.8 127.0.0.1 4711 443\r\n").await.unwrap();
    let stream = encrypted.encrypt(stream, "h2").await.unwrap();
    let (http2, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(call(&http2, &encrypted.server.user(), "GET", "/v1/me", "").await.0, 200);
    logs_client(&encrypted.server, "192.0.2.8").await;
}
