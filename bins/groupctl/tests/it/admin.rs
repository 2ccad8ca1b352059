//! Commands of operators.

use serde_json::json;

use crate::program::User;
use crate::server::Server;

const UNKNOWN: &str = "0197f1f0-0000-7000-8000-000000000001";

#[test]
fn an_operator_creates_finds_and_repairs_groups() {
    let server = Server::start();
    let (operator, ada, bob) = (User::operator(&server), User::of(&server), User::of(&server));
    let created = operator.json(&["admin", "groups", "create", &ada.id, "Project Team", "--id", UNKNOWN]);
    assert_eq!((&created["group_id"], &created["admin_id"]), (&json!(UNKNOWN), &json!(ada.id)));
    assert_eq!(operator.id_of(&["admin", "groups", "find", "proj"]), UNKNOWN);
    assert_eq!(operator.id_of(&["admin", "groups", "find", "--user", &ada.id]), UNKNOWN);
    operator.output(&["admin", "groups", "add", UNKNOWN, &bob.id]);
    operator.output(&["admin", "groups", "transfer", UNKNOWN, &bob.id]);
    assert_eq!(bob.json(&["list"])[0]["role"], "owner");
    assert_eq!(operator.json(&["admin", "groups", "rename", UNKNOWN, "New"])["name"], "New");
    assert_eq!(operator.output(&["admin", "groups", "delete", UNKNOWN]), "The group is deleted.\n");
    assert_eq!(operator.run(&["admin", "groups", "show", UNKNOWN]).code, Some(3));
}

#[test]
fn an_operator_takes_a_user_out_of_all_groups_and_waits_for_the_job() {
    let server = Server::start();
    let (operator, ada, bob) = (User::operator(&server), User::of(&server), User::of(&server));
    let group = ada.id_of(&["create", "Team", "--member", &bob.id]);
    let done = operator.json(&["admin", "users", "leave", &ada.id, "--wait"]);
    assert_eq!((&done["state"], &done["done"], &done["total"]), (&json!("done"), &json!(1), &json!(1)));
    assert_eq!(bob.json(&["show", &group])["role"], "owner");
    let job = operator.id_of(&["admin", "users", "erase", &bob.id]);
    assert_eq!(operator.json(&["admin", "jobs", &job, "--wait"])["state"], "done");
    assert_eq!(operator.run(&["admin", "jobs", UNKNOWN]).code, Some(3));
}

#[test]
fn an_operator_names_finds_and_disconnects_users() {
    let server = Server::start();
    let (operator, ada) = (User::operator(&server), User::of(&server));
    operator.output(&["admin", "users", "name", &ada.id, "Ada"]);
    let group = ada.id_of(&["create", "Team"]);
    assert_eq!(ada.json(&["members", &group])[0]["name"], "Ada");
    assert_eq!(operator.id_of(&["admin", "users", "find", &ada.id]), ada.id);
    operator.output(&["admin", "disconnect", &ada.id, "--not-before", "2999-01-01T00:00:00Z"]);
    assert_eq!(ada.run(&["list"]).code, Some(5), "the token is revoked");
}

#[test]
fn membership_checks_say_it_with_the_exit_code() {
    let server = Server::start();
    let (operator, ada, bob) = (User::operator(&server), User::of(&server), User::of(&server));
    let group = ada.id_of(&["create", "Team", "--member", &bob.id]);
    assert_eq!(operator.output(&["admin", "check", &group, &bob.id]), "member  yes\nrole    member\n");
    assert_eq!(operator.run(&["admin", "check", &group, &bob.id, "--role", "admin"]).code, Some(1));
    assert_eq!(operator.run(&["admin", "check", &group, UNKNOWN]).code, Some(1));
}

#[test]
fn the_log_of_all_groups_continues_after_a_cursor() {
    let server = Server::start();
    let (operator, ada) = (User::operator(&server), User::of(&server));
    let group = ada.id_of(&["create", "Team"]);
    let first = operator.json(&["admin", "changes"]);
    assert_eq!((&first["group_id"], &first["action"]), (&json!(group), &json!("group_created")));
    ada.output(&["rename", &group, "New"]);
    let cursor = first["cursor"].as_str().unwrap();
    assert_eq!(operator.json(&["admin", "changes", "--after", cursor])["action"], "settings_changed");
    assert_eq!(operator.json(&["admin", "stats"])["groups"], 1);
}

#[test]
fn without_the_scope_the_exit_code_is_4() {
    let server = Server::start();
    let ada = User::of(&server);
    let ran = ada.run(&["admin", "stats"]);
    assert_eq!((ran.code, ran.output.as_str()), (Some(4), ""), "{ran:?}");
}
