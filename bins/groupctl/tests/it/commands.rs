//! Each command, with its table and its JSON.

use serde_json::json;

use crate::program::User;
use crate::server::Server;

#[test]
fn groups_are_created_shown_changed_and_deleted() {
    let server = Server::start();
    let ada = User::of(&server);
    assert_eq!(ada.output(&["list"]), "GROUP  NAME  ROLE  MEMBERS  VERSION\n");
    assert_eq!(ada.json(&["list"]), json!([]));
    let id = ada.id_of(&["create", "Project Team", "--description", "About"]);
    let table = ada.output(&["list"]);
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], [id.as_str(), "Project", "Team", "owner", "1", "1"]);
    assert_eq!(ada.id_of(&["list"]), id);

    let renamed = ada.json(&["rename", &id, "New", "--if-version", "1"]);
    assert_eq!((&renamed["name"], &renamed["version"]), (&json!("New"), &json!(2)));
    assert_eq!(ada.json(&["update", &id, "--description", ""])["description"], "");
    let shown = ada.output(&["show", &id]);
    assert!(shown.starts_with(&format!("group        {id}\nname         New\n")), "{shown}");
    assert_eq!(ada.output(&["delete", &id]), "The group is deleted.\n");
    assert_eq!(ada.json(&["list"]), json!([]));
}

#[test]
fn members_are_added_promoted_removed_and_leave() {
    let server = Server::start();
    let [ada, bob, carol, dan] = [(); 4].map(|()| User::of(&server));
    let id = ada.id_of(&["create", "Team", "--member", &format!("{}:admin", bob.id)]);
    let added = ada.output(&["add", &id, &bob.id, &carol.id]);
    let rows: Vec<_> = added.lines().skip(1).map(|line| line.split_once("  ").unwrap()).collect();
    assert_eq!(rows, [(bob.id.as_str(), "already a member"), (carol.id.as_str(), "added")]);
    assert_eq!(ada.json(&["add", &id, &dan.id]), json!([{"user_id": dan.id, "outcome": "added"}]));
    assert_eq!(ada.json(&["role", &id, &carol.id, "admin"])["role"], "admin");
    assert_eq!(ada.output(&["remove", &id, &dan.id]), "The member is removed.\n");
    assert_eq!(ada.json(&["transfer", &id, &bob.id])["role"], "owner");
    assert_eq!(ada.output(&["leave", &id]), "You have left the group.\n");
    assert_eq!(bob.id_of(&["members", &id]), [bob.id.as_str(), &carol.id].join("\n"));
    assert_eq!(bob.json(&["leave", &id, "--successor", &carol.id]), json!({}));

    let history = carol.output(&["history", &id]);
    let expected = [
        "group_created 'Team', initial members: 1".to_owned(),
        format!("member_added {} as member", carol.id),
        format!("member_added {} as member", dan.id),
        format!("role_changed {} from member to admin", carol.id),
        format!("member_removed {}", dan.id),
        format!("owner_changed {}", bob.id),
        format!("member_left {}", ada.id),
        format!("member_left {}, owner {}", bob.id, carol.id),
    ];
    let changes: Vec<_> = history.lines().skip(1).collect();
    assert_eq!(changes.len(), expected.len(), "{history}");
    for (change, expected) in changes.iter().zip(expected) {
        assert!(change.ends_with(&expected), "{change}: {expected}");
    }
    let some = carol.json(&["history", &id, "--after", "2", "--limit", "2"]);
    assert_eq!((&some[0]["version"], &some[1]["version"], &some[2]), (&json!(3), &json!(4), &json!(null)));
}

#[test]
fn a_user_is_shown_and_blocks_others() {
    let server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    assert_eq!(ada.id_of(&["whoami"]), ada.id);
    assert_eq!(ada.json(&["whoami"])["user_id"], json!(ada.id));
    assert_eq!(ada.output(&["block", &bob.id]), "The user is blocked.\n");
    assert_eq!(ada.id_of(&["blocks"]), bob.id);
    assert_eq!(ada.output(&["unblock", &bob.id]), "The user is not blocked.\n");
    assert_eq!(ada.json(&["blocks"]), json!([]));
}

#[test]
fn a_change_that_is_repeated_with_its_key_is_made_once() {
    let server = Server::start();
    let ada = User::of(&server);
    let first = ada.id_of(&["create", "Team", "--idempotency-key", "k"]);
    assert_eq!(ada.id_of(&["create", "Team", "--idempotency-key", "k"]), first);
    assert_eq!(ada.id_of(&["list"]), first);
}

#[test]
fn people_are_found_among_those_with_whom_the_user_shares_a_group() {
    let server = Server::start();
    let [ada, bob, eve] = ["Ada", "Bob", "Bobby"].map(|name| User::named(&server, name));
    // The server knows a name once it has seen a token with it.
    for user in [&ada, &bob, &eve] {
        user.output(&["whoami"]);
    }
    ada.id_of(&["create", "Team", "--member", &bob.id]);
    assert_eq!(ada.json(&["people", "bo"]), json!([{"user_id": bob.id, "name": "Bob"}]));
    assert_eq!(ada.output(&["people", "x"]), "USER  NAME\n");
    assert_eq!(eve.id_of(&["people"]), "");
}
