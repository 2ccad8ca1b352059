//! Invitations, requests to join, bans and links.

use serde_json::json;

use crate::program::User;
use crate::server::Server;

/// The cells of a table, without its header.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .skip(1)
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect()
}

/// The value of a field of one result.
fn field<'a>(shown: &'a str, name: &str) -> &'a str {
    shown.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}: {shown}")).trim()
}

#[test]
fn users_are_invited_and_accept_or_decline() {
    let server = Server::start();
    let [ada, bob, carol] = ["Ada", "Bob", "Carol"].map(|name| User::named(&server, name));
    let id = ada.id_of(&["create", "Team"]);
    let shown = ada.output(&["invite", &id, &bob.id, "--role", "admin", "--expires", "7d"]);
    assert_eq!((field(&shown, "user"), field(&shown, "role")), (bob.id.as_str(), "admin"));
    assert_ne!(field(&shown, "expires"), "never");
    assert_eq!(ada.json(&["invite", &id, &carol.id])["expires_at"], json!(null));
    assert_eq!(ada.id_of(&["invite", "list", &id]), [bob.id.as_str(), &carol.id].join("\n"));
    assert_eq!(ada.output(&["invite", "withdraw", &id, &carol.id]), "The invitation is withdrawn.\n");
    assert_eq!(ada.json(&["invite", "list", &id]).as_array().map(Vec::len), Some(1));

    let listed = bob.output(&["list"]);
    assert_eq!(cells(&listed), [[id.as_str(), "Team", "invited as admin", "1", "2"]]);
    assert_eq!((bob.json(&["list"]), bob.id_of(&["list"])), (json!([]), String::new()), "not a member yet");
    assert_eq!(bob.id_of(&["pending"]), id);
    let pending = bob.json(&["pending"]);
    assert_eq!((&pending["invitations"][0]["group"]["name"], &pending["requests"]), (&json!("Team"), &json!([])));
    assert_eq!(bob.output(&["decline", &id]), "The invitation is declined.\n");
    assert_eq!(bob.run(&["accept", &id]).code, Some(3));
    ada.output(&["invite", &id, &bob.id]);
    assert_eq!(bob.json(&["accept", &id])["role"], "member");
    assert_eq!(ada.run(&["invite", &id, &bob.id]).code, Some(4), "a member already");
    let history = ada.output(&["history", &id]);
    assert!(history.contains(&format!("member_added {} as member via invitation", bob.id)), "{history}");
}

#[test]
fn users_ask_to_join_and_are_approved_or_declined() {
    let server = Server::start();
    let [ada, bob] = ["Ada", "Bob"].map(|name| User::named(&server, name));
    let id = ada.id_of(&["create", "Team"]);
    assert_eq!(bob.run(&["join", &id]).code, Some(3), "the group is closed");
    assert_eq!(field(&ada.output(&["update", &id, "--join-policy", "request"]), "join policy"), "request");
    assert_eq!(bob.id_of(&["directory", "te"]), id);
    assert_eq!(bob.output(&["join", &id, "--message", "Hello"]), "You have asked to join the group.\n");
    assert_eq!(bob.json(&["join", &id]), json!({"state": "requested"}));
    let requests = ada.output(&["requests", &id]);
    let rows = cells(&requests);
    assert_eq!((rows[0][0], rows[0][3], rows[0][4]), (bob.id.as_str(), "Bob", "Hello"));
    let pending = bob.output(&["pending"]);
    assert_eq!(cells(&pending)[0][..3], [id.as_str(), "Team", "asked to join"]);
    assert_eq!(bob.output(&["withdraw", &id]), "The request is withdrawn.\n");
    bob.output(&["join", &id]);
    assert_eq!(ada.output(&["requests", "decline", &id, &bob.id]), "The request is declined.\n");
    bob.output(&["join", &id]);
    assert_eq!(ada.json(&["requests", "approve", &id, &bob.id, "--role", "admin"])["role"], "admin");
    assert_eq!(ada.json(&["requests", &id]), json!([]));
    assert_eq!(bob.json(&["join", &id])["role"], "admin");
}

#[test]
fn an_invitation_of_somebody_who_has_asked_lets_them_in() {
    let server = Server::start();
    let [ada, bob, carol] = [(); 3].map(|()| User::of(&server));
    let id = ada.id_of(&["create", "Team"]);
    ada.output(&["update", &id, "--join-policy", "request"]);
    for user in [&bob, &carol] {
        user.output(&["join", &id]);
    }
    assert_eq!(ada.id_of(&["invite", &id, &bob.id]), bob.id);
    let let_in = ada.json(&["invite", &id, &carol.id]);
    assert_eq!((&let_in["member"]["user_id"], &let_in["group"]["member_count"]), (&json!(carol.id), &json!(3)));
}

#[test]
fn bans_keep_users_out_until_they_are_lifted() {
    let server = Server::start();
    let [ada, bob] = ["Ada", "Bob"].map(|name| User::named(&server, name));
    let id = ada.id_of(&["create", "Team"]);
    ada.output(&["update", &id, "--join-policy", "open"]);
    assert_eq!(bob.json(&["join", &id])["role"], "member");
    let shown = ada.output(&["ban", &id, &bob.id, "--reason", "Spam"]);
    assert_eq!((field(&shown, "user"), field(&shown, "reason")), (bob.id.as_str(), "Spam"));
    let bans = ada.output(&["ban", "list", &id]);
    let rows = cells(&bans);
    assert_eq!((rows[0][0], rows[0][3], rows[0][4]), (bob.id.as_str(), "Bob", "Spam"));
    assert_eq!((bob.run(&["join", &id]).code, bob.id_of(&["directory"])), (Some(3), String::new()));
    assert_eq!(ada.run(&["add", &id, &bob.id]).code, Some(4));
    assert_eq!(ada.output(&["ban", "lift", &id, &bob.id]), "The user is not banned.\n");
    assert_eq!(ada.json(&["ban", "list", &id]), json!([]));
    assert_eq!(bob.id_of(&["join", &id]), id);
}

#[test]
fn links_are_shown_used_and_revoked() {
    let server = Server::start();
    let [ada, bob, carol] = [(); 3].map(|()| User::of(&server));
    let id = ada.id_of(&["create", "Team"]);
    let shown = ada.output(&["link", &id, "--uses", "1", "--expires", "12h"]);
    let (token, url, link) = (field(&shown, "token"), field(&shown, "url"), field(&shown, "link"));
    assert_eq!(url, format!("{}/join/{token}", server.url()));
    assert_eq!(field(&bob.output(&["preview", url]), "group"), id);
    assert_eq!(bob.json(&["join", "--link", url])["role"], "member");
    assert_eq!(carol.run(&["join", "--link", token]).code, Some(3), "it is used up");
    assert_eq!(field(&ada.output(&["link", "show", &id, link]), "uses"), "1 of 1");

    let token = ada.id_of(&["link", &id, "--approval"]);
    assert_eq!(carol.json(&["preview", &token])["approval"], true);
    assert_eq!(carol.output(&["join", "--link", &token]), "You have asked to join the group.\n");
    let links = ada.json(&["link", "list", &id]);
    assert_eq!((links.as_array().map(Vec::len), &links[1]["token"]), (Some(2), &json!(null)));
    assert_eq!(ada.output(&["link", "revoke", &id, link]), "The link is revoked.\n");
    assert_eq!(ada.output(&["link", "revoke", &id, "--all"]), "All links are revoked.\n");
    assert_eq!(ada.json(&["link", "list", &id]), json!([]));
    let ran = carol.run(&["preview", &token]);
    assert_eq!((ran.code, ran.errors.contains(&token)), (Some(3), false), "{}", ran.errors);
}

#[test]
fn the_token_of_a_link_can_start_with_a_hyphen() {
    let server = Server::start();
    let ada = User::of(&server);
    for token in ["-qBcDeFgHiJkLmNoPqRsTuVwXyZ01234", "--json5gHiJkLmNoPqRsTuVwXyZ01234"] {
        for args in [&["preview", token][..], &["join", "--link", token], &["--json", "preview", token]] {
            assert_eq!(ada.run(args).code, Some(3), "{args:?}");
        }
    }
}

#[test]
fn an_operator_manages_the_ways_into_any_group() {
    let server = Server::start();
    let (operator, ada, bob) = (User::operator(&server), User::of(&server), User::of(&server));
    let id = ada.id_of(&["create", "Team"]);
    let groups = |args: &[&str]| operator.id_of(&[&["admin", "groups"], args].concat());
    assert_eq!(groups(&["invite", &id, &bob.id]), bob.id);
    assert_eq!(groups(&["invite", "list", &id]), bob.id);
    groups(&["invite", "withdraw", &id, &bob.id]);
    let token = groups(&["link", &id, "--approval"]);
    bob.output(&["join", "--link", &token]);
    assert_eq!(groups(&["requests", &id]), bob.id);
    assert_eq!(groups(&["requests", "approve", &id, &bob.id]), bob.id);
    assert_eq!(groups(&["ban", &id, &bob.id]), bob.id);
    assert_eq!(groups(&["ban", "list", &id]), bob.id);
    groups(&["ban", "lift", &id, &bob.id]);
    groups(&["link", "revoke", &id, "--all"]);
    assert_eq!(groups(&["link", "list", &id]), "");
}

#[test]
fn a_command_without_its_arguments_is_a_usage_error() {
    let server = Server::start();
    let ada = User::of(&server);
    let id = ada.id_of(&["create", "Team"]);
    let invalid: [&[&str]; 8] = [
        &["invite"],
        &["invite", &id],
        &["requests"],
        &["ban", &id],
        &["link"],
        &["link", "revoke", &id],
        &["join"],
        &["invite", &id, &ada.id, "--expires", "7"],
    ];
    for args in invalid {
        assert_eq!(ada.run(args).code, Some(2), "{args:?}");
    }
}
