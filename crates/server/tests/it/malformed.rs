//! Invalid input is rejected with the right error, over HTTP and WebSocket, and does no harm.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::support::{Chance, Server, User, new_id, within};

const REFUSED: &[(u16, &str)] = &[(400, "malformed_request"), (422, "invalid_name"), (422, "invalid_role")];

async fn sent(user: &User, method: &str, path: &str, body: impl Into<Vec<u8>>) -> crate::support::Answer {
    user.call(method, path).body("application/json", body).send().await
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let server = Server::start().await;
    let ada = server.user();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: [&[u8]; 15] = [
        b"",
        b"{",
        b"nonsense",
        b"{\"name\":}",
        b"{\"name\":\"x\"",
        b"{\"name\":\"x\"}}",
        b"{'name':'x'}",
        b"{\"name\":\"x\",}",
        b"{\"name\":\"\xff\xfe\"}",
        b"\xc3\x28",
        b"{\"name\":\"\xed\xa0\x80\"}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"new\nline\"}",
        b"\0",
        deep.as_bytes(),
    ];
    for body in bodies {
        let answer = sent(&ada, "POST", "/v1/groups", body).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        assert_eq!(answer.status, 400, "{shown}");
        answer.problem(400, "malformed_request");
    }
    assert!(ada.lists().await.is_empty());
}

#[tokio::test]
async fn a_body_with_wrong_types_is_refused() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let id = new_id();
    let to_groups = [
        json!([]),
        json!("x"),
        json!(1),
        json!(null),
        json!({}),
        json!({"name": 1}),
        json!({"name": null}),
        json!({"name": ["x"]}),
        json!({"name": "x", "description": 1}),
        json!({"name": "x", "members": {}}),
        json!({"name": "x", "members": [1]}),
        json!({"name": "x", "members": [{}]}),
        json!({"name": "x", "members": [{"user_id": 1}]}),
        json!({"name": "x", "members": [{"user_id": "not-an-id"}]}),
        json!({"name": "x", "members": [{"user_id": id, "role": 1}]}),
        json!({"name": "x", "members": [id]}),
    ];
    let to_members = [
        json!([]),
        json!({}),
        json!({"user_id": 1}),
        json!({"user_id": null}),
        json!({"user_id": ""}),
        json!({"user_id": "not-an-id"}),
        json!({"user_id": format!("{id}0")}),
        json!({"members": {}}),
        json!({"members": "all"}),
        json!({"members": [{"role": "member"}]}),
        json!({"user_id": [id]}),
        json!({"user_id": id, "role": 7}),
    ];
    let to_typing = [json!({}), json!({"typing": "yes"}), json!({"typing": 1}), json!([true])];
    let group_path = format!("/v1/groups/{group}");
    let to_role = [json!({}), json!({"role": 1}), json!({"role": null}), json!([])];
    let to_settings = [json!([]), json!({"name": 1}), json!({"description": {}}), json!("x")];
    let requests = [
        ("POST", "/v1/groups".to_owned(), &to_groups[..]),
        ("POST", "/v1/groups/create".to_owned(), &to_groups[..]),
        ("POST", format!("{group_path}/members"), &to_members[..]),
        ("POST", format!("/v1/groups/add-member/{group}"), &to_members[..]),
        ("POST", format!("{group_path}/typing"), &to_typing[..]),
        ("PATCH", format!("{group_path}/members/{}", ada.id), &to_role[..]),
        ("PATCH", group_path.clone(), &to_settings[..]),
    ];
    for (method, path, bodies) in requests {
        for body in bodies {
            let answer = sent(&ada, method, &path, body.to_string()).await;
            assert!(answer.status >= 400, "{method} {path} took {body}");
            answer.problem_of(REFUSED);
        }
    }
    assert_eq!(ada.sees(&group).await["version"], 1);
    assert_eq!(ada.lists().await.len(), 1);
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let server = Server::start().await;
    let ada = server.user();
    let body = json!({"name": "Team", "colour": "green", "nested": {"a": [1, 2, {"b": null}]}, "group_id": new_id()});
    let group = ada.post("/v1/groups", body).await.group(201);
    assert_eq!(group["name"], "Team");
    let mut socket = ada.connects().await;
    socket.send(json!({"type": "ping", "and": {"more": [1]}})).await;
    socket.expect("pong").await;
    ada.get("/v1/groups?unknown=1").await.ok(200);

    // At any depth.
    let deep = format!(r#"{{"name":"x","other":{}1{}}}"#, "{\"a\":".repeat(20_000), "}".repeat(20_000));
    sent(&ada, "POST", "/v1/groups", deep).await.group(201);
    ada.get("/v1/me").await.ok(200);
}

#[tokio::test]
async fn ids_in_a_path_must_be_uuids() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let refused = [(400, "malformed_request"), (404, "group_not_found"), (404, "member_not_found")];
    for id in ["1", "not-a-uuid", "..%2f..", "%00", "%ff%fe", &format!("{group}x"), &"a".repeat(5_000), "'--"] {
        let path = format!("/v1/groups/{id}");
        for path in [path.clone(), format!("{path}/members"), format!("/v1/groups/{group}/members/{id}")] {
            let method = if path.contains("/members/") { "DELETE" } else { "GET" };
            let answer = ada.call(method, &path).send().await;
            match answer.status {
                // The path itself may be invalid.
                404 | 414 => drop(answer.any_problem()),
                _ => drop(answer.problem_of(&refused)),
            }
        }
    }
    let path = format!("/v1/groups/{group}/members/me?successor=nobody");
    ada.delete(&path).await.problem_of(&refused);
    assert_eq!(ada.sees(&group).await["version"], 1);
}

#[tokio::test]
async fn a_body_is_parsed_as_json_regardless_of_its_content_type() {
    let server = Server::start().await;
    let ada = server.user();
    let json = json!({"name": "x"}).to_string();
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "nonsense",
        "",
    ] {
        ada.call("POST", "/v1/groups").body(kind, json.clone()).send().await.group(201);
        let form = ada.call("POST", "/v1/groups").body(kind, "name=x&description=y").send().await;
        form.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn a_huge_body_is_refused() {
    let server = Server::start().await;
    let ada = server.user();
    let huge = json!({"name": "x", "description": "y".repeat(8 << 20)}).to_string();
    sent(&ada, "POST", "/v1/groups", huge.clone()).await.problem(413, "payload_too_large");
    // The same without `Content-Length`.
    let chunked = format!("{:x}\r\n{huge}\r\n0\r\n\r\n", huge.len());
    let call = ada.call("POST", "/v1/groups").header("Transfer-Encoding", "chunked");
    call.body("application/json", chunked).send().await.problem(413, "payload_too_large");
    assert!(ada.lists().await.is_empty());
}

#[tokio::test]
async fn a_client_that_sends_a_large_body_completely_receives_413() {
    let server = Server::start().await;
    let token = server.user().token;
    for length in [(256 << 10) + 1, 2 << 20, 16 << 20] {
        let body = "x".repeat(length);
        let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n");
        for rest in [format!("Content-Length: {length}\r\n\r\n{body}"), chunked] {
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            let request = format!("POST /v1/groups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{rest}");
            within("the server takes the body", stream.write_all(request.as_bytes())).await.unwrap();
            let mut answer = String::new();
            within("the answer and the end", stream.read_to_string(&mut answer)).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 413 "), "{length}: {answer}");
            assert!(answer.contains("\"payload_too_large\""), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_body_declared_far_too_large_is_refused_before_it_arrives() {
    let server = Server::start().await;
    let ada = server.user();
    let path = format!("/v1/groups/{}", new_id());
    // None of these is followed by as many bytes as it announces, so waiting for them would hang.
    let begun = async |method: &str, path: &str, token: &str, more: &str| {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{authorization}{more}");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within("the answer and the end", stream.read_to_string(&mut answer)).await.unwrap();
        answer
    };
    let typing = format!("{path}/typing");
    for (method, path) in [("POST", "/v1/groups"), ("PATCH", &*path), ("DELETE", &path), ("POST", &typing)] {
        for length in ["16777217", "99999999999", "18446744073709551615"] {
            let answer = begun(method, path, &ada.token, &format!("Content-Length: {length}\r\n\r\n{{")).await;
            assert!(answer.starts_with("HTTP/1.1 413 "), "{method} {path}, {length}: {answer}");
            assert!(answer.contains("\"payload_too_large\""), "{answer}");
        }
    }
    let expecting = "Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n";
    let answer = begun("POST", "/v1/groups", &ada.token, expecting).await;
    assert!(answer.contains("HTTP/1.1 413 "), "{answer}");
    // The token is checked first.
    let answer = begun("POST", "/v1/groups", "", "Content-Length: 99999999999\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    // The largest allowed body is accepted.
    let body = format!("{{\"name\":\"x\"{}}}", " ".repeat((256 << 10) - 12));
    assert_eq!(body.len(), 256 << 10);
    sent(&ada, "POST", "/v1/groups", body).await.group(201);
}

#[tokio::test]
async fn malformed_messages_get_an_error_and_the_connection_stays_open() {
    let server = Server::start().await;
    let ada = server.user();
    let mut socket = ada.connects().await;
    let deep = "[".repeat(4_000);
    let texts = [
        "",
        " ",
        "nonsense",
        "{",
        "{}",
        "[]",
        "null",
        "1",
        "\"ping\"",
        r#"{"type":1}"#,
        r#"{"type":null}"#,
        r#"{"type":"unheard-of"}"#,
        r#"{"type":"PING"}"#,
        r#"{"kind":"ping"}"#,
        r#"{"type":"typing"}"#,
        r#"{"type":"typing","group_id":"nonsense","typing":true}"#,
        r#"{"type":"typing","group_id":1,"typing":true}"#,
        r#"{"type":"ping"}}"#,
        "\u{0}",
        "é",
        &deep,
    ];
    for text in texts {
        socket.send_text(text).await;
        let error = socket.expect("error").await;
        assert!(error["code"].is_string() && error["detail"].is_string(), "{error}");
        assert!(error.get("version").is_none() && error.get("cursor").is_none(), "{error}");
    }
    socket.send_raw(Message::Binary(Bytes::from_static(b"{\"type\":\"ping\"}"))).await;
    socket.expect("error").await;
    // A typing message without its flag is also malformed.
    socket.send(json!({"type": "typing", "group_id": new_id(), "typing": "yes"})).await;
    socket.expect("error").await;
    socket.hears_nothing().await;
    ada.creates("Still there", &[]).await;
    socket.event(&ada.id, "group_created").await;
}

#[tokio::test]
async fn a_message_of_four_kibibytes_is_accepted_and_one_more_byte_closes_with_1009() {
    let server = Server::start().await;
    let ada = server.user();
    let mut socket = ada.connects().await;
    let ping = |bytes: usize| {
        let head = r#"{"type":"ping","x":""#;
        format!("{head}{}\"}}", "y".repeat(bytes - head.len() - 2))
    };
    socket.send_text(&ping(4_096)).await;
    socket.expect("pong").await;
    socket.send_text(&ping(4_097)).await;
    assert_eq!(socket.goodbye().await.0, 1009);

    let mut socket = ada.connects().await;
    socket.send_raw(Message::Binary(Bytes::from(vec![0; 1 << 20]))).await;
    assert_eq!(socket.goodbye().await.0, 1009);
}

#[tokio::test]
async fn invalid_utf_8_closes_the_connection() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let server = Server::start().await;
    let ada = server.user();
    let mut socket = ada.connects().await;
    let frame = Frame::message(Bytes::from_static(b"\xc3\x28"), OpCode::Data(Data::Text), true);
    socket.send_raw(Message::Frame(frame)).await;
    // RFC 6455 section 8.1 and 7.4.1.
    assert_eq!(socket.goodbye().await.0, 1007);
}

#[tokio::test]
async fn malformed_input_writes_nothing_to_the_log() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame, FrameHeader,
        coding::{Control, Data, OpCode},
    };
    let server = Server::start().await;
    let ada = server.user();
    let frame = |opcode, payload: &'static [u8], is_final| {
        Frame::from_payload(FrameHeader { is_final, opcode, ..FrameHeader::default() }, Bytes::from_static(payload))
    };
    // RFC 6455 section 5.5: a control frame is not fragmented and has at most 125 bytes.
    let frames = [
        frame(OpCode::Control(Control::Ping), b"", false),
        frame(OpCode::Control(Control::Close), b"", false),
        frame(OpCode::Control(Control::Ping), &[0; 126], true),
        frame(OpCode::Data(Data::Continue), b"", true),
        frame(OpCode::Data(Data::Reserved(3)), b"", true),
        frame(OpCode::Data(Data::Text), b"\xc3\x28", true),
    ];
    for frame in frames {
        let mut socket = ada.connects().await;
        socket.send_raw(Message::Frame(frame)).await;
        socket.goodbye().await;
    }
    server.terminate();
    within("the last lines of the log", async {
        while !server.log().contains("shutting down") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let log = server.log();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

#[tokio::test]
async fn a_close_frame_is_answered() {
    let server = Server::start().await;
    let ada = server.user();
    let socket = ada.connects().await;
    socket.close().await;
    let mut other = ada.connects().await;
    other.hears_nothing().await;
}

#[tokio::test]
async fn a_plain_request_to_the_socket_is_refused() {
    let server = Server::start().await;
    let ada = server.user();
    let answer = ada.get("/v1/ws").await;
    assert!(matches!(answer.status, 400 | 426), "{}", answer.status);
    answer.any_problem();
    let call = ada.call("GET", "/v1/ws").header("Connection", "Upgrade").header("Upgrade", "websocket");
    let answer = call.header("Sec-WebSocket-Version", "7").header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let answer = answer.send().await;
    answer.problem(426, "upgrade_required");
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
}

#[tokio::test]
async fn only_a_get_is_taken_for_an_upgrade() {
    let server = Server::start().await;
    let ada = server.user();
    let upgrade = |method: &str, path: &str| {
        ada.call(method, path).header("Connection", "Upgrade").header("Upgrade", "websocket")
    };
    let created = upgrade("POST", "/v1/groups").json(&json!({"name": "Team"})).send().await.group(201);
    let path = format!("/v1/groups/{}", created["group_id"].as_str().unwrap());
    upgrade("GET", &path).send().await.group(200);
    upgrade("POST", "/v1/groups").send().await.problem(400, "malformed_request");
    upgrade("DELETE", &path).send().await.no_content();
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let server = Server::start().await;
    let mut socket = server.user().connects().await;
    let part = |text: &str, kind, last| {
        Message::Frame(Frame::message(Bytes::copy_from_slice(text.as_bytes()), OpCode::Data(kind), last))
    };
    socket.send_raw(part("{\"type\"", Data::Text, false)).await;
    socket.send_raw(Message::Ping(Bytes::from_static(b"in between"))).await;
    socket.send_raw(part(":\"pi", Data::Continue, false)).await;
    socket.send_raw(part("ng\"}", Data::Continue, true)).await;
    socket.expect("pong").await;

    // The limit also applies to the sum of fragments.
    let kilobyte = &"x".repeat(1024);
    socket.send_raw(part(kilobyte, Data::Text, false)).await;
    for _ in 0..4 {
        socket.send_raw(part(kilobyte, Data::Continue, false)).await;
    }
    assert_eq!(socket.goodbye().await.0, 1009);
}

#[tokio::test]
async fn random_requests_get_well_formed_answers() {
    let chance = Chance::new("GROUPS_NONSENSE_SEED");
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let places = [
        ("POST", "/v1/groups".to_owned()),
        ("POST", "/v1/groups/create".to_owned()),
        ("GET", "/v1/groups".to_owned()),
        ("PATCH", format!("/v1/groups/{group}")),
        ("POST", format!("/v1/groups/{group}/members")),
        ("POST", format!("/v1/groups/add-member/{group}")),
        ("PATCH", format!("/v1/groups/{group}/members/{}", bob.id)),
        ("DELETE", format!("/v1/groups/{group}/members/{}", new_id())),
        ("GET", format!("/v1/groups/{group}/members")),
        ("GET", format!("/v1/groups/{group}/changes")),
        ("POST", format!("/v1/groups/{group}/typing")),
    ];
    for _ in 0..600 {
        let (method, path) = chance.one_of(&places);
        let query = match chance.below(3) {
            0 => format!(
                "?{}={}",
                chance.one_of(&["limit", "after", "successor"]),
                chance.one_of::<&str>(&ODDITIES).replace('"', "%22")
            ),
            _ => String::new(),
        };
        let mut call = ada.call(method, &format!("{path}{query}"));
        for header in ["If-Match", "Idempotency-Key"] {
            if chance.happens(20) {
                call = call.header(header, chance.one_of::<&str>(&ODDITIES));
            }
        }
        let body = nonsense(&chance, 3);
        let answer = if *method == "GET" { call.send().await } else { call.json(&body).send().await };
        match answer.status {
            200..=299 => {}
            400 | 403 | 404 | 409 | 412 | 413 | 422 => drop(answer.any_problem()),
            status => panic!("{status} to {method} {path}{query} {body}: {}", answer.text()),
        }
    }
    // Some requests are valid by chance: the ownership may have been transferred.
    assert_eq!(ada.sees(&group).await["group_id"], group.as_str());
}

/// A random value in place of a valid one, allowed in a header and a query.
const ODDITIES: [&str; 12] =
    ["0", "-1", "1e9", "999999999999999999999999", "null", "%00", "%FF", "\"1\"", "*", "W/\"1\"", "x", "018f-"];

/// Almost valid JSON.
fn nonsense(chance: &Chance, depth: usize) -> Value {
    let fields = ["name", "description", "members", "user_id", "role", "typing"];
    match chance.below(if depth == 0 { 9 } else { 12 }) {
        0 => Value::Null,
        1 => json!(chance.happens(50)),
        2 => json!(chance.below(1 << 40) as f64 - 1e10),
        3 => json!(new_id()),
        4 => json!(chance.one_of(&["owner", "admin", "member"])),
        5 => json!("\u{0}\u{202e}\u{feff}"),
        6 => json!("x".repeat(chance.below(1_200))),
        7 => json!(""),
        8 => json!(u64::MAX),
        9 => (0..chance.below(4)).map(|_| nonsense(chance, depth - 1)).collect(),
        _ => (0..chance.below(5)).map(|_| (chance.one_of(&fields).to_string(), nonsense(chance, depth - 1))).collect(),
    }
}
