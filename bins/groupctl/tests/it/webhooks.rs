//! `groupctl webhook`.

use serde_json::{Value, json};

use crate::program::User;
use crate::server::Server;

const UNKNOWN: &str = "0197f1f0-0000-7000-8000-000000000001";
/// An address that the server accepts, and that no test reaches.
const HOOK: &str = "https://billing.example/hook";

#[test]
fn a_webhook_is_created_shown_changed_paused_and_deleted() {
    let server = Server::start();
    let operator = User::operator(&server);
    let created = operator.json(&["webhook", "create", HOOK, "--description", "Billing"]);
    let id = created["webhook_id"].as_str().unwrap();
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"));
    let shown = operator.json(&["webhook", "show", id]);
    assert_eq!(
        (&shown["url"], &shown["description"], &shown["state"]),
        (&json!(HOOK), &json!("Billing"), &json!("active"))
    );
    assert_eq!((&shown["types"], &shown["secret"]), (&Value::Null, &Value::Null));

    let types = ["webhook", "set", id, "--types", "group.member_added,group.member_left", "--if-version", "1"];
    assert_eq!(operator.json(&types)["types"], json!(["group.member_added", "group.member_left"]));
    assert_eq!(operator.run(&types).code, Some(4), "it has another version by now");
    assert_eq!(operator.json(&["webhook", "set", id, "--all-types"])["types"], Value::Null);
    let set = operator.json(&["webhook", "set", id, "--receiver", "https://new.example/", "--description", ""]);
    assert_eq!((&set["url"], &set["description"]), (&json!("https://new.example/"), &json!("")));

    let paused = operator.output(&["webhook", "pause", id]);
    assert!(paused.contains("paused: by an operator"), "{paused}");
    assert_eq!(operator.json(&["webhook", "resume", id])["state"], "active");
    assert_eq!(operator.output(&["--quiet", "webhook", "list"]), format!("{id}\n"));
    assert_eq!(operator.json(&["webhook", "deliveries", id]), json!([]));
    assert_eq!(operator.output(&["webhook", "delete", id]), "The webhook is deleted.\n");
    assert_eq!(operator.run(&["webhook", "show", id]).code, Some(3));
}

#[test]
fn a_secret_is_shown_once_and_marked() {
    let server = Server::start();
    let operator = User::operator(&server);
    let created = operator.output(&["webhook", "create", HOOK]);
    let secret = |output: &str| {
        let line = output.lines().find_map(|line| line.strip_prefix("secret (shown only now)"));
        line.unwrap().trim().to_owned()
    };
    let first = secret(&created);
    assert!(first.starts_with("whsec_"), "{created}");
    let id = operator.id_of(&["webhook", "list"]);
    assert!(!operator.output(&["webhook", "show", &id]).contains("whsec_"));
    let rotated = operator.output(&["webhook", "rotate", &id]);
    assert_ne!(secret(&rotated), first);
    assert!(operator.json(&["webhook", "show", &id])["previous_secret_until"].is_string());
    let another = operator.output(&["--quiet", "webhook", "create", HOOK]);
    assert!(another.starts_with("whsec_"), "{another}");
}

#[test]
fn a_webhook_continues_after_a_cursor_of_the_feed() {
    let server = Server::start();
    let (operator, ada) = (User::operator(&server), User::of(&server));
    ada.output(&["create", "Team"]);
    let cursor = operator.json(&["feed", "--once"])["cursor"].as_str().unwrap().to_owned();
    operator.output(&["webhook", "create", HOOK]);
    let id = operator.id_of(&["webhook", "list"]);
    operator.output(&["webhook", "pause", &id]);
    assert_eq!(operator.json(&["webhook", "replay", &id, "--after", &cursor])["state"], "active");
    assert_eq!(operator.run(&["webhook", "replay", &id, "--after", "nonsense"]).code, Some(1));
}

#[test]
fn a_test_that_is_not_delivered_is_exit_code_1() {
    let server = Server::start();
    let operator = User::operator(&server);
    operator.output(&["webhook", "create", "https://receiver.invalid/"]);
    let id = operator.id_of(&["webhook", "list"]);
    let ran = operator.run(&["--json", "webhook", "test", &id]);
    let result: Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!((ran.code, &result["delivered"]), (Some(1), &json!(false)), "{ran:?}");
    assert!(result["error"].is_string(), "{result}");
}

#[test]
fn exit_codes_say_what_is_wrong_with_a_webhook() {
    let server = Server::start();
    let operator = User::operator(&server);
    assert_eq!(operator.run(&["webhook", "create", "ftp://a.example/"]).code, Some(4));
    assert_eq!(operator.run(&["webhook", "create", HOOK, "--types", "group.unknown"]).code, Some(4));
    assert_eq!(operator.run(&["webhook", "show", UNKNOWN]).code, Some(3));
    assert_eq!(operator.run(&["webhook", "set", UNKNOWN]).code, Some(2), "there is nothing to set");
    assert_eq!(User::of(&server).run(&["webhook", "list"]).code, Some(4));
}
