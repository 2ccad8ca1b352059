//! `groupctl watch`.

use crate::program::User;
use crate::running::Running;
use crate::server::Server;

#[test]
fn a_watch_survives_kills_of_the_server_and_prints_each_version_once() {
    let mut server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    let id = ada.id_of(&["create", "Team", "--member", &bob.id]);
    let mut watch = Running::start(bob.command(&["--json", "watch"]));
    let snapshot = watch.json();
    assert_eq!(
        (&snapshot["type"], snapshot["groups"][0]["group_id"].as_str()),
        (&"snapshot".into(), Some(id.as_str()))
    );
    for round in 0..2 {
        ada.output(&["rename", &id, &format!("before {round}")]);
        assert_eq!(watch.version(), 2 + 2 * round);
        server.kill();
        server.launch();
        ada.output(&["rename", &id, &format!("after {round}")]);
        assert_eq!(watch.version(), 3 + 2 * round);
    }
    let (status, rest) = watch.interrupt();
    assert_eq!((status.code(), rest), (Some(0), Vec::new()));
}

#[test]
fn a_watch_describes_changes_in_words() {
    let server = Server::start();
    let (ada, bob) = (User::named(&server, "Ada"), User::of(&server));
    let mut watch = Running::start(bob.command(&["watch"]));
    assert!(watch.line().starts_with("GROUP "));
    let id = ada.id_of(&["create", "Team"]);
    ada.output(&["add", &id, &bob.id]);
    ada.output(&["role", &id, &bob.id, "admin"]);
    ada.output(&["rename", &id, "New"]);
    ada.output(&["remove", &id, &bob.id]);
    let expected = [
        format!("v2  Ada {} added you to 'Team' as member", ada.id),
        format!("v3  Ada {} made you admin of 'Team'", ada.id),
        format!("v4  Ada {} changed the settings of 'New'", ada.id),
        format!("v5  Ada {} removed you from 'New'", ada.id),
    ];
    for text in expected {
        let line = watch.line();
        assert!(line.ends_with(&text) && line.contains(&id), "{line}");
    }
}

#[test]
fn a_watch_describes_invitations_requests_and_bans_in_words() {
    let server = Server::start();
    let (ada, bob) = (User::named(&server, "Ada"), User::of(&server));
    let id = ada.id_of(&["create", "Team"]);
    let mut watches = [&bob, &ada].map(|user| Running::start(user.command(&["watch"])));
    for watch in &mut watches {
        assert!(watch.line().starts_with("GROUP "));
    }
    let [theirs, ours] = &mut watches;
    assert!(ours.line().contains("Team"));
    ada.output(&["invite", &id, &bob.id]);
    bob.output(&["decline", &id]);
    ada.output(&["update", &id, "--join-policy", "request"]);
    bob.output(&["join", &id, "--message", "Hello"]);
    ada.output(&["requests", "approve", &id, &bob.id]);
    ada.output(&["ban", &id, &bob.id, "--reason", "Spam"]);
    ada.output(&["ban", "lift", &id, &bob.id]);
    ada.output(&["link", &id]);
    ada.output(&["link", "revoke", &id, "--all"]);
    let (a, b) = (&ada.id, &bob.id);
    let expected = [
        format!("v2  Ada {a} invited you to 'Team' as member"),
        format!("v3  {b} declined the invitation to 'Team'"),
        format!("v5  {b} asked to join 'Team'"),
        format!("v6  Ada {a} approved your request to join 'Team' as member"),
        format!("v7  Ada {a} banned you from 'Team'"),
    ];
    for text in expected {
        let line = theirs.line();
        assert!(line.ends_with(&text) && line.contains(&id), "{line}: {text}");
    }
    let expected = [
        format!("v2  Ada {a} invited {b} as member to 'Team'"),
        format!("v3  {b} declined the invitation to 'Team'"),
        format!("v4  Ada {a} changed the settings of 'Team'"),
        format!("v5  {b} asked to join 'Team': Hello"),
        format!("v6  Ada {a} approved the request of {b} to join 'Team' as member"),
        format!("v7  Ada {a} banned {b} from 'Team': Spam"),
        format!("v8  Ada {a} lifted the ban of {b} from 'Team'"),
        format!("v9  Ada {a} created a link into 'Team' for the role member"),
        format!("v10  Ada {a} revoked a link into 'Team'"),
    ];
    for text in expected {
        let line = ours.line();
        assert!(line.ends_with(&text), "{line}: {text}");
    }
}

#[test]
fn a_cursor_file_continues_where_the_last_watch_has_ended() {
    let server = Server::start();
    let ada = User::of(&server);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cursor");
    let args = ["--json", "watch", "--cursor-file", file.to_str().unwrap()];
    let mut watch = Running::start(ada.command(&args));
    assert_eq!(watch.json()["type"], "snapshot");
    let id = ada.id_of(&["create", "Team"]);
    assert_eq!(watch.version(), 1);
    assert_eq!(watch.interrupt().0.code(), Some(0));
    ada.output(&["rename", &id, "missed"]);
    let mut watch = Running::start(ada.command(&args));
    assert_eq!(watch.version(), 2);
    assert_eq!(watch.interrupt().0.code(), Some(0));

    std::fs::write(&file, "damaged").unwrap();
    let ran = ada.run(&args);
    assert_eq!((ran.code, ran.errors.contains("remove it")), (Some(2), true), "{}", ran.errors);
}
