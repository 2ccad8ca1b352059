//! `groupctl feed`.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::User;
use crate::running::Running;
use crate::server::Server;

#[test]
fn a_feed_survives_kills_of_the_server_and_prints_every_change() {
    let mut server = Server::start();
    let (operator, ada) = (User::operator(&server), User::of(&server));
    let id = ada.id_of(&["create", "Team"]);
    let mut feed = Running::start(operator.command(&["--json", "feed"]));
    let first = feed.json();
    assert_eq!((&first["group_id"], &first["action"]), (&json!(id), &json!("group_created")));
    for round in 0..2 {
        ada.output(&["rename", &id, &format!("before {round}")]);
        assert_eq!(feed.version(), 2 + 2 * round);
        server.kill();
        server.launch();
        ada.output(&["rename", &id, &format!("after {round}")]);
        assert_eq!(feed.version(), 3 + 2 * round);
    }
    let (status, rest) = feed.interrupt();
    assert_eq!((status.code(), rest), (Some(0), Vec::new()));
}

#[test]
fn a_script_continues_after_the_cursor_of_the_last_line() {
    let server = Server::start();
    let (operator, ada) = (User::operator(&server), User::of(&server));
    let id = ada.id_of(&["create", "Team"]);
    for name in ["Second", "Third"] {
        ada.output(&["rename", &id, name]);
    }
    let lines = |args: &[&str]| -> Vec<(u64, String)> {
        let output = operator.output(&[&["--json", "feed", "--once"], args].concat());
        let lines = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| (line["version"].as_u64().unwrap(), line["cursor"].as_str().unwrap().to_owned())).collect()
    };
    let versions = |lines: &[(u64, String)]| lines.iter().map(|(version, _)| *version).collect::<Vec<_>>();
    let all = lines(&[]);
    assert_eq!(versions(&all), [1, 2, 3]);
    assert_eq!(versions(&lines(&["--after", &all[1].1])), [3]);
    assert_eq!(versions(&lines(&["--after", &all[2].1])), [0; 0]);
    let ran = operator.run(&["feed", "--once", "--after", &all[1].1]);
    assert!(ran.output.contains(&format!("{id}  v3  {} ", ada.id)), "{ran:?}");
    let last = ran.errors.trim_end().strip_prefix("groupctl: continue with --after ").unwrap();
    assert_eq!(versions(&lines(&["--after", last])), [0; 0]);
}

#[test]
fn a_feed_ends_without_an_error_when_its_reader_has_seen_enough() {
    let server = Server::start();
    let (operator, ada) = (User::operator(&server), User::of(&server));
    let id = ada.id_of(&["create", "Team"]);
    let mut command = operator.command(&["--quiet", "feed"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    ada.output(&["rename", &id, "New"]);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn a_feed_with_an_expired_cursor_says_what_to_do() {
    let mut server = Server::start();
    let (operator, ada) = (User::operator(&server), User::of(&server));
    server.kill();
    let backup = server.saved();
    server.launch();
    ada.output(&["create", "Team"]);
    let cursor = operator.json(&["feed", "--once"])["cursor"].as_str().unwrap().to_owned();
    server.kill();
    server.restore(&backup);
    server.launch();
    let ran = operator.run(&["--json", "feed", "--after", &cursor]);
    assert_eq!((ran.code, &*ran.output), (Some(1), ""));
    assert!(ran.errors.contains("Read the current state again"), "{ran:?}");
}
