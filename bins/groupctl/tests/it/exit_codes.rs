//! Each exit code, and the sentence that says what to do.

use groups_client::{UserId, Uuid};

use crate::program::{User, bare, finish};
use crate::server::Server;
use crate::token::token;

const NOBODY: &str = "0197f1f0-0000-7000-8000-000000000001";

#[track_caller]
fn check(user: &User, args: &[&str], code: i32, sentence: &str) {
    let ran = user.run(args);
    assert_eq!((ran.code, ran.output.as_str()), (Some(code), ""), "{ran:?}");
    assert_eq!(ran.errors, format!("groupctl: {sentence}\n"));
}

#[test]
fn refusals_of_the_server_have_their_own_exit_codes() {
    let server = Server::start();
    let ada = User::of(&server);
    let id = ada.id_of(&["create", "Team"]);
    assert_eq!(ada.run(&["show", NOBODY]).code, Some(3));
    assert_eq!(ada.run(&["remove", &id, NOBODY]).code, Some(3));
    assert_eq!(ada.run(&["rename", &id, ""]).code, Some(4));
    assert_eq!(ada.run(&["rename", &id, "New", "--if-version", "7"]).code, Some(4));
    let ran = ada.run(&["leave", &id]);
    assert_eq!(ran.code, Some(4));
    assert!(ran.errors.starts_with("groupctl: ") && ran.errors.lines().count() == 1, "{}", ran.errors);
    assert!(ran.errors.contains(" (request "), "the operator can find it in the log: {}", ran.errors);
}

#[test]
fn invalid_arguments_exit_with_2() {
    let server = Server::start();
    let ada = User::of(&server);
    for args in
        [&["nonsense"][..], &["show"], &["show", "no-id"], &["role", NOBODY, NOBODY, "owner"], &["update", NOBODY]]
    {
        let ran = ada.run(args);
        assert_eq!((ran.code, ran.output.as_str()), (Some(2), ""), "{args:?}");
    }
    let url = "'ftp://host' is not a valid server URL: use http://HOST:PORT or https://HOST";
    check(&ada, &["--url", "ftp://host", "list"], 2, url);
}

#[test]
fn without_a_valid_token_the_exit_code_is_5() {
    let server = Server::start();
    let mut command = bare(&["list"]);
    command.env("GROUPS_URL", server.url());
    let ran = finish(command);
    assert_eq!(ran.code, Some(5));
    assert!(ran.errors.contains("GROUPS_TOKEN_FILE"), "{}", ran.errors);
    for args in [&["list"][..], &["watch"]] {
        let mut command = bare(args);
        command.env("GROUPS_URL", server.url()).env("GROUPS_TOKEN", token(UserId::new(Uuid::now_v7()), -10));
        let ran = finish(command);
        assert_eq!(ran.code, Some(5), "{ran:?}");
        assert!(ran.errors.contains("Get a new token"), "{}", ran.errors);
    }
}

#[test]
fn a_server_that_is_down_exits_with_6() {
    let mut server = Server::start();
    let ada = User::of(&server);
    server.kill();
    let ran = ada.run(&["list"]);
    assert_eq!(ran.code, Some(6));
    assert!(ran.errors.contains("Connection refused") && ran.errors.contains("check the URL"), "{}", ran.errors);
    let ran = ada.run(&["create", "Team"]);
    assert_eq!(ran.code, Some(6));
    assert!(ran.errors.contains("--idempotency-key"), "{}", ran.errors);
}
