//! What clients may send, and what they must not.

use std::time::Duration;

use notify::HubLimits;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::client::{Client, Closed};
use crate::server::{Server, patient};
use crate::world::{BOB, group};

fn closed(code: u16, reason: &str) -> Closed {
    Closed { code, reason: reason.to_owned() }
}

/// Sends a message in fragments; all but the last have no FIN bit.
async fn send_fragments(client: &mut Client, first: Data, fragments: &[&[u8]]) {
    for (at, fragment) in fragments.iter().enumerate() {
        let opcode = if at == 0 { first } else { Data::Continue };
        let frame = Frame::message(Bytes::copy_from_slice(fragment), OpCode::Data(opcode), at + 1 == fragments.len());
        client.send(Message::Frame(frame)).await;
    }
}

#[tokio::test]
async fn ping_is_answered_with_pong() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    bob.say(json!({"type": "ping", "unknown": "fields are ignored"})).await;
    assert_eq!(bob.next().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn an_invalid_message_gets_an_error_and_the_connection_stays_open() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let unknown_group = json!({"type": "typing", "group_id": group(9), "typing": true}).to_string();
    for (text, code) in [
        ("{", "malformed_message"),
        ("", "malformed_message"),
        ("[\"ping\"]", "malformed_message"),
        ("\"ping\"", "malformed_message"),
        ("{\"kind\":\"ping\"}", "malformed_message"),
        ("{\"type\":7}", "malformed_message"),
        ("{\"type\":\"typing\"}", "malformed_message"),
        ("{\"type\":\"typing\",\"group_id\":\"x\",\"typing\":true}", "malformed_message"),
        ("{\"type\":\"Ping\"}", "unknown_type"),
        ("{\"type\":\"\"}", "unknown_type"),
        (&unknown_group, "group_not_found"),
    ] {
        bob.send(Message::text(text)).await;
        let error = bob.next().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{text}");
        assert!(error["detail"].is_string());
    }
    bob.send(Message::binary("{\"type\":\"ping\"}")).await;
    assert_eq!(bob.next().await["code"], "malformed_message");
    assert!(bob.so_far(&server).await.is_empty());
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    send_fragments(&mut bob, Data::Text, &[b"{\"type\":", b"", b"\"ping\"}"]).await;
    assert_eq!(bob.next().await["type"], "pong");
}

#[tokio::test]
async fn all_messages_of_one_write_are_handled() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let mut bytes = Vec::new();
    for _ in 0..70 {
        // FIN and text, masked with zeros.
        bytes.extend_from_slice(&[0x81, 0x80 | 15, 0, 0, 0, 0]);
        bytes.extend_from_slice(b"{\"type\":\"ping\"}");
    }
    bob.socket.get_mut().write_all(&bytes).await.unwrap();
    for _ in 0..70 {
        assert_eq!(bob.next().await["type"], "pong");
    }
}

#[tokio::test]
async fn a_message_of_4_kib_is_accepted_and_a_longer_one_closes_with_1009() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    bob.send(Message::text("x".repeat(4_096))).await;
    assert_eq!(bob.next().await["code"], "malformed_message");
    bob.send(Message::text("x".repeat(4_097))).await;
    assert_eq!(bob.closed().await, closed(1009, "message too long"));
}

#[tokio::test]
async fn fragments_that_are_too_long_together_close_with_1009() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    send_fragments(&mut bob, Data::Text, &[&[b'x'; 4_000], &[b'x'; 97]]).await;
    assert_eq!(bob.closed().await, closed(1009, "message too long"));
}

#[tokio::test]
async fn a_frame_header_that_announces_a_gigabyte_closes_with_1009_immediately() {
    // The client's answer is swallowed by its own unfinished frame, so its socket is shut down.
    let server = Server::start(HubLimits { close_grace: Duration::from_millis(20), ..patient() });
    let (mut bob, _) = Client::ready(&server, BOB).await;
    bob.socket.get_mut().write_all(&[0x81, 0xFF, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
    assert_eq!(bob.closed().await, closed(1009, "message too long"));
}

#[tokio::test]
async fn a_long_frame_is_discarded_so_that_its_sender_receives_the_close_code() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    // Far more than all buffers hold: if the server stopped reading, the test would hang.
    bob.send(Message::text("x".repeat(8_000_000))).await;
    assert_eq!(bob.closed().await, closed(1009, "message too long"));
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_with_1007() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    send_fragments(&mut bob, Data::Text, &[b"\xC3\x28"]).await;
    assert_eq!(bob.closed().await, closed(1007, "text is not UTF-8"));

    let (mut bob, _) = Client::ready(&server, BOB).await;
    // Invalid before the message ends.
    let frame = Frame::message(&b"\xC3\x28"[..], OpCode::Data(Data::Text), false);
    bob.send(Message::Frame(frame)).await;
    assert_eq!(bob.closed().await, closed(1007, "text is not UTF-8"));

    let (mut bob, _) = Client::ready(&server, BOB).await;
    // Invalid before the frame ends; its last byte follows the server's close frame.
    bob.socket.get_mut().write_all(&[0x81, 0x83, 0, 0, 0, 0, 0xC3, 0x28]).await.unwrap();
    server.until(|hub| hub.stats().closes[&1007] == 3).await;
    bob.socket.get_mut().write_all(b".").await.unwrap();
    assert_eq!(bob.closed().await, closed(1007, "text is not UTF-8"));

    let (mut bob, _) = Client::ready(&server, BOB).await;
    // A character may be split across fragments, but not by the end of the message.
    send_fragments(&mut bob, Data::Text, &[b"\xE2\x82", b"\xAC"]).await;
    assert_eq!(bob.next().await["code"], "malformed_message");
    send_fragments(&mut bob, Data::Text, &[b"\xE2", b"\x82"]).await;
    assert_eq!(bob.closed().await, closed(1007, "text is not UTF-8"));
}

#[tokio::test]
async fn an_invalid_client_frame_closes_with_1002() {
    let server = Server::start(patient());
    for (bytes, what) in [
        (&[0x81, 0x02, b'{', b'}'][..], "not masked"),
        (&[0xC1, 0x80, 0, 0, 0, 0], "a reserved bit"),
        (&[0x83, 0x80, 0, 0, 0, 0], "an unknown opcode"),
        (&[0x80, 0x80, 0, 0, 0, 0], "a continuation of nothing"),
        (&[0x09, 0x80, 0, 0, 0, 0], "a fragmented ping"),
        (&[0x81, 0xFE, 0, 1, 0, 0, 0, 0, b'x'], "a length that is not in its shortest form"),
        (&[0x88, 0x81, 0, 0, 0, 0, 1], "a close with half a code"),
        (&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xED], "a close with a code that is not sent"),
    ] {
        let (mut bob, _) = Client::ready(&server, BOB).await;
        bob.socket.get_mut().write_all(bytes).await.unwrap();
        assert_eq!(bob.closed().await, closed(1002, "protocol error"), "{what}");
    }
}

#[tokio::test]
async fn a_close_is_answered_with_its_code_and_ends_the_connection() {
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    bob.socket.close(Some(CloseFrame { code: CloseCode::Away, reason: "bye".into() })).await.unwrap();
    assert_eq!(bob.closed().await, closed(1001, ""));
    server.until(|hub| hub.connections() == 0).await;
    assert_eq!(server.hub.stats().closes[&1000], 1);
}

#[tokio::test]
async fn a_ping_frame_is_answered_with_its_payload() {
    use futures_util::StreamExt as _;
    let server = Server::start(patient());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    bob.send(Message::Ping(Bytes::from_static(b"are you there"))).await;
    let answer = bob.socket.next().await.unwrap().unwrap();
    assert_eq!(answer, Message::Pong(Bytes::from_static(b"are you there")));
}

#[tokio::test]
async fn a_flood_gets_a_warning_and_is_then_closed_with_4501() {
    let server = Server::start(HubLimits { messages_per_second: 0, messages_burst: 8, ..patient() });
    let (mut bob, _) = Client::ready(&server, BOB).await;
    for _ in 0..8 {
        bob.say(json!({"type": "ping"})).await;
    }
    let mut answers: Vec<_> = Vec::new();
    for _ in 0..9 {
        let answer = bob.next().await;
        answers.push(answer["code"].as_str().or(answer["type"].as_str()).unwrap().to_owned());
    }
    let pongs = |count| std::iter::repeat_n("pong", count);
    let expected: Vec<&str> = pongs(6).chain(["rate_limited"]).chain(pongs(2)).collect();
    assert_eq!(answers, expected, "one warning, when three quarters are used up");
    // Control frames count as well.
    bob.send(Message::Pong(Bytes::new())).await;
    assert_eq!(bob.closed().await, closed(4501, "too many messages"));
}
