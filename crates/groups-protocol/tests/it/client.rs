//! What a client needs: it reads what the server writes, now and later, and is read by the server.

use std::path::Path;

use groups_domain::GroupId;
use groups_protocol::{AddedBody, ClientMessage, CloseCode, Code, GroupBody, Message, ProblemBody};
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn every_golden_message_survives_a_round_trip_byte_for_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        // Messages to receivers of webhooks, which are no clients.
        if entry.file_name().to_str().unwrap().starts_with("webhook_") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let text = text.trim_end();
        if text.starts_with("{\"type\"") {
            let again = match Message::parse(text).unwrap() {
                Message::Event(event) => serde_json::to_string(&event),
                Message::Server(message) => serde_json::to_string(&message),
                other => panic!("{other:?}"),
            };
            assert_eq!(again.unwrap(), text);
            read += 1;
        }
    }
    assert!(read > 25, "{read}");
}

#[test]
fn fields_added_by_a_later_version_are_ignored() {
    assert_eq!(Message::parse(r#"{"type":"presence","who":[]}"#).unwrap(), Message::Unknown("presence".to_owned()));
    let ready = Message::parse(r#"{"type":"ready","cursor":"c","confetti":{"a":1}}"#).unwrap();
    assert_eq!(ready, Message::parse(r#"{"type":"ready","cursor":"c"}"#).unwrap());
    for bad in ["", "7", "[]", "{}", r#"{"type":7}"#, r#"{"type":"ready"}"#] {
        assert!(Message::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn bodies_survive_a_round_trip() {
    let group = json!({"group_id": Uuid::nil(), "name": "Team", "description": "", "admin_id": Uuid::nil(), "join_policy": "closed", "member_count": 1,
        "version": 3, "created_at": "2026-11-22T23:14:15.123Z", "updated_at": "2026-11-22T23:14:15.123Z", "role": "owner"});
    let body: GroupBody<'_> = serde_json::from_value(group.clone()).unwrap();
    assert_eq!(serde_json::to_value(&body).unwrap(), group);
    let added = json!({"group": group, "results": [{"user_id": Uuid::nil(), "outcome": "already_member"}]});
    let body: AddedBody<'_> = serde_json::from_value(added.clone()).unwrap();
    assert_eq!(serde_json::to_value(&body).unwrap(), added);
    let problem = serde_json::to_value(ProblemBody::new(Code::VersionMismatch, "It is 4.")).unwrap();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(412), &json!("version_mismatch")));
}

#[test]
fn the_server_reads_what_a_client_writes() {
    let typing = ClientMessage::Typing { group_id: GroupId::new(Uuid::from_u128(5)), typing: true };
    let authenticate = ClientMessage::Authenticate { token: "secret".to_owned() };
    assert!(!format!("{authenticate:?}").contains("secret"));
    for message in [ClientMessage::Ping, typing, authenticate] {
        let text = serde_json::to_string(&message).unwrap();
        assert_eq!(groups_protocol::parse(&text), Ok(message));
    }
    let value: Value = serde_json::to_value(ClientMessage::Ping).unwrap();
    assert_eq!(value, json!({"type": "ping"}));
}

#[test]
fn clients_reconnect_after_every_close_code_below_4500() {
    let leaves: Vec<_> = CloseCode::ALL.into_iter().filter(|code| !CloseCode::is_retryable(code.get())).collect();
    assert_eq!(leaves, [CloseCode::SessionEnded, CloseCode::Flood, CloseCode::TooManyConnections]);
    assert!(CloseCode::is_retryable(1006) && !CloseCode::is_retryable(4999));
}
