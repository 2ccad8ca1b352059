//! How clients use connections, in good faith or not: pipelined requests, silence, and endless
//! bodies.

use std::time::Duration;

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

use crate::support::{Server, within};

/// A request, and how to recognize its response.
struct Sent {
    request: String,
    head: bool,
    status: u16,
    /// A part of the response body. The response to a HEAD has none.
    body: &'static str,
}

/// One request of each kind.
fn kinds(token: &str) -> Vec<Sent> {
    let sent = |method: &str, path: &str, more: &str, status, body| Sent {
        request: format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{more}"),
        head: method == "HEAD",
        status,
        body,
    };
    let authorized = format!("Authorization: Bearer {token}\r\n");
    let with = |more: &str| format!("{authorized}{more}");
    vec![
        sent("GET", "/v1/groups", &with("\r\n"), 200, "\"groups\""),
        sent("HEAD", "/v1/groups", &with("\r\n"), 200, ""),
        sent("HEAD", "/v1/groups", "\r\n", 401, ""),
        sent("GET", "/v1/me", "\r\n", 401, "unauthenticated"),
        sent("GET", "/nowhere", &with("\r\n"), 404, "not_found"),
        sent("HEAD", "/", "\r\n", 200, ""),
        sent("POST", "/v1/groups", &with("Content-Length: 12\r\n\r\n{\"name\":\"A\"}"), 201, "\"owner\""),
        sent(
            "POST",
            "/v1/groups",
            &with("Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n{\"nam\r\n7\r\ne\":\"B\"}\r\n0\r\nX: y\r\n\r\n"),
            201,
            "\"owner\"",
        ),
        // Its body is never read.
        sent("POST", "/v1/groups", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 401, "unauthenticated"),
        sent("GET", "/healthz", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, "ok"),
    ]
}

/// Ends a sequence: everything before it must have been answered exactly.
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Sends requests in two pieces on one new connection, and checks every response.
async fn exchange(server: &Server, sent: &[&Sent], first_piece: usize) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let requests: String = sent.iter().map(|sent| &*sent.request).chain([LAST]).collect();
    let (first, second) = requests.as_bytes().split_at(first_piece.min(requests.len()));
    stream.write_all(first).await.unwrap();
    tokio::task::yield_now().await;
    stream.write_all(second).await.unwrap();
    let mut answers = String::new();
    within("the answers", stream.read_to_string(&mut answers)).await.unwrap();

    let mut rest = &*answers;
    let last = Sent { request: LAST.to_owned(), head: false, status: 200, body: "ok" };
    for sent in sent.iter().copied().chain([&last]) {
        let what = || format!("{} cut at {first_piece}:\n{requests}\n--- was answered with\n{answers}", sent.request);
        let (head, after) = rest.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{}", what()));
        assert!(head.starts_with(&format!("HTTP/1.1 {} ", sent.status)), "{}", what());
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = if sent.head { 0 } else { length.unwrap().parse().unwrap() };
        assert!(after.len() >= length && after[..length].contains(sent.body), "{}", what());
        rest = &after[length..];
    }
    assert_eq!(rest, "", "after the answers to\n{requests}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_each_with_its_own_body() {
    let server = Server::start().await;
    let kinds = kinds(&server.user().token);
    let pairs = kinds.iter().flat_map(|first| kinds.iter().map(move |second| vec![first, second]));
    let triples =
        kinds.iter().flat_map(|middle| [vec![&kinds[0], middle, &kinds[1]], vec![&kinds[1], middle, &kinds[0]]]);
    let sequences: Vec<_> = pairs.chain(triples).collect();
    stream::iter(&sequences).for_each_concurrent(8, |sent| exchange(&server, sent, usize::MAX)).await;
}

#[tokio::test]
async fn requests_can_be_split_anywhere() {
    let server = Server::start().await;
    let kinds = kinds(&server.user().token);
    // A HEAD, a chunked body that is read, one that is not, and a body with a length.
    let sequence = [&kinds[2], &kinds[7], &kinds[8], &kinds[6], &kinds[1]];
    let bytes: usize = sequence.iter().map(|sent| sent.request.len()).sum();
    let cuts = (0..=bytes + LAST.len()).collect::<Vec<_>>();
    stream::iter(cuts).for_each_concurrent(8, |cut| exchange(&server, &sequence, cut)).await;
}

#[tokio::test]
async fn frames_sent_along_with_the_upgrade_reach_the_websocket() {
    let server = Server::start().await;
    let token = server.user().token;
    let upgrade = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    // A close frame with code 1000, masked with zeros.
    let frame = b"\x88\x82\0\0\0\0\x03\xe8";
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(&[upgrade.as_bytes(), frame].concat()).await.unwrap();
    let mut answer = Vec::new();
    within("the end", stream.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    assert!(answer.ends_with(b"\x88\x02\x03\xe8"), "{}", String::from_utf8_lossy(&answer));
}

/// An endless body that is not wanted.
const ENDLESS: [&str; 4] = [
    "POST /v1/groups HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    "POST /v1/groups HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    "POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
];

#[tokio::test]
async fn an_unwanted_body_is_read_only_up_to_a_limit() {
    // Far more than the server reads and the kernels buffer.
    const BYTES: usize = 128 << 20;
    let server = Server::start().await;
    for head in ENDLESS {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = vec![b'x'; 1 << 16];
        let sending = async {
            for _ in 0..BYTES / piece.len() {
                if stream.write_all(&piece).await.is_err() {
                    return false;
                }
            }
            true
        };
        assert!(!within("the end", sending).await, "all of it was read: {head}");
    }
    server.user().get("/v1/me").await.ok(200);
}

#[tokio::test]
async fn a_client_that_sends_its_whole_body_first_receives_the_refusal() {
    let server = Server::start().await;
    let body = "x".repeat(256 << 10);
    for rest in [
        format!("Content-Length: {}\r\n\r\n{body}", body.len()),
        format!("Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
    ] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let request = format!("POST /v1/groups HTTP/1.1\r\nHost: x\r\n{rest}");
        within("the body is sent", stream.write_all(request.as_bytes())).await.unwrap();
        let mut answer = String::new();
        within("the answer", stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
}

#[tokio::test]
async fn every_wait_for_a_client_has_a_deadline() {
    let server = Server::start().await;
    let health = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
    let cases = [
        // Sent first, and then sent repeatedly.
        (String::new(), ""),
        ("G".to_owned(), ""),
        ("\r\n".to_owned(), "\r\n"),
        (format!("{health}\r\nG"), ""),
        (format!("{health}\r\nGET /v1"), "x"),
        (format!("{health}Transfer-Encoding: chunked\r\n\r\n"), ""),
        (format!("{health}Content-Length: 5\r\n\r\n"), ""),
        ("POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1000000\r\n".to_owned(), "x"),
        ("POST /v1/groups HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), ""),
        (ENDLESS[1].to_owned(), "x"),
    ];
    join_all(cases.iter().map(|(first, again)| async {
        let (mut reader, mut writer) = TcpStream::connect(server.address()).await.unwrap().into_split();
        writer.write_all(first.as_bytes()).await.unwrap();
        let dripping = async {
            while writer.write_all(again.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            // Bytes sent after the end are rejected, and need not be read.
            std::future::pending::<()>().await;
        };
        let mut answer = Vec::new();
        let end = within("the end of a connection", reader.read_to_end(&mut answer));
        tokio::select! {
            // A reset also counts as the end.
            _ = end => {}
            () = dripping => {}
        }
    }))
    .await;
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_the_configured_time() {
    let me = |token: &str| format!("GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    for (seconds, closes) in [("0", true), ("1", false)] {
        let server = Server::with(&[("GROUPS_KEEP_ALIVE_SECONDS", seconds)]).await;
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(me(&server.user().token).as_bytes()).await.unwrap();
        let mut answer = String::new();
        within("the end of an idle connection", stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), closes, "{answer}");
    }
}

#[tokio::test]
async fn silent_connections_make_room_for_new_ones_and_those_with_a_token_stay() {
    const MAX: usize = 8;
    let server = Server::with(&[("GROUPS_MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS", &MAX.to_string())]).await;
    let token = server.user().token;
    let request = format!("GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    let ask = async |stream: &mut TcpStream| {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // It ends with the JSON of a flat object.
        while !answer.ends_with(b"}") {
            answer.push(within("an answer", stream.read_u8()).await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
    };
    // Like a proxy: many more connections from one address than may be silent.
    let mut kept = Vec::new();
    for _ in 0..3 * MAX {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        ask(&mut stream).await;
        kept.push(stream);
    }
    let mut silent = JoinSet::new();
    for _ in 0..5 * MAX {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        silent.spawn(async move { stream.read(&mut [0]).await });
    }
    // Older ones were closed to make room.
    for _ in 0..4 * MAX {
        let end = within("the end of a silent connection", silent.join_next()).await.unwrap().unwrap();
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
    // New connections are served.
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        ask(&mut stream).await;
    }
    for stream in &mut kept {
        ask(stream).await;
    }
    server.user().post("/v1/groups", json!({"name": "Team"})).await.group(201);
}

#[tokio::test]
async fn all_clients_of_an_address_that_connect_at_once_are_served() {
    const CLIENTS: usize = 400;
    let server = Server::with(&[("GROUPS_MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS", "8"), ("GROUPS_WORKERS", "1")]).await;
    let token = server.user().token;
    let request =
        format!("GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    // The server is stopped meanwhile, so that it finds all of them at once.
    server.signal("STOP");
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        clients.push(stream);
    }
    server.signal("CONT");
    for stream in &mut clients {
        let mut answer = String::new();
        within("an answer", stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

#[tokio::test]
async fn long_answers_count_against_a_user_until_the_client_has_taken_them() {
    const UNREAD_MAX: usize = 16;
    let server = Server::start().await;
    let ada = server.user();
    let description = "🦀".repeat(1_000);
    for _ in 0..60 {
        ada.post("/v1/groups", json!({"name": "Team", "description": description})).await.group(201);
    }
    let token = &ada.token;
    let request = format!(
        "GET /v1/groups?limit=60 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let mut unread = Vec::new();
    for _ in 0..UNREAD_MAX {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        within("the start of an answer", stream.readable()).await.unwrap();
        unread.push(stream);
    }
    let refused = ada.get("/v1/groups?limit=1").await;
    assert_eq!(refused.status, 429, "all places for unread answers are taken");
    let mut answer = Vec::new();
    within("a long answer", unread.pop().unwrap().read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && answer.len() > 240_000);
    ada.get("/v1/groups?limit=1").await.ok(200);
}

/// Heads whose end of body a proxy could see elsewhere (RFC 9112, section 11.2).
const AMBIGUOUS: &[&str] = &[
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "Content-Length: 0, 0\r\n\r\n",
    "Content-Length: +0\r\n\r\n",
    "Content-Length: -1\r\n\r\n",
    "Content-Length: 0x0\r\n\r\n",
    "Content-Length : 0\r\n\r\n",
    "Transfer-Encoding: identity\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "Host: other\r\n\r\n",
    "Name: a\0b\r\n\r\n",
];

#[tokio::test]
async fn a_request_whose_length_is_ambiguous_is_refused_with_everything_behind_it() {
    let server = Server::start().await;
    for head in AMBIGUOUS {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let request = format!("POST /v1/groups HTTP/1.1\r\nHost: x\r\n{head}{LAST}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answers = String::new();
        within("the answer", stream.read_to_string(&mut answers)).await.unwrap();
        assert!(answers.starts_with("HTTP/1.1 400 "), "{head:?} was answered with {answers}");
        assert_eq!(answers.matches("HTTP/1.1").count(), 1, "{head:?} was answered with {answers}");
    }
}
