//! Profiles, token files and signing in.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use groups_client::{UserId, Uuid};

use crate::program::{configured, finish};
use crate::server::Server;
use crate::token::token;

#[test]
fn in_development_mode_each_profile_is_a_user() {
    let server = Server::with(&[]);
    let folder = tempfile::tempdir().unwrap();
    let url = server.url();
    let run = |args: &[&str]| finish(configured(folder.path(), args)).success();
    run(&["--url", &url, "login", "Ada"]);
    let bob = run(&["--url", &url, "--profile", "bob", "--quiet", "login", "Bob"]);
    let group = run(&["--quiet", "create", "Team"]);
    run(&["add", group.trim(), bob.trim()]);
    assert_eq!(run(&["--profile", "bob", "--quiet", "list"]), group);
    run(&["--profile", "bob", "login", "Bob"]);

    let token = folder.path().join("groups/bob.token");
    assert_eq!(fs::metadata(token).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_token_file_that_others_can_read_is_a_warning() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, token(UserId::new(Uuid::now_v7()), 3600)).unwrap();
    let run = |mode| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = configured(folder.path(), &["list"]);
        command.env("GROUPS_URL", server.url()).env("GROUPS_TOKEN_FILE", &file);
        finish(command)
    };
    run(0o600).success();
    let ran = run(0o644);
    assert_eq!(ran.code, Some(0));
    assert!(ran.errors.contains("chmod 600"), "{}", ran.errors);
}

#[test]
fn a_named_profile_ignores_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("groups")).unwrap();
    let config = folder.path().join("groups/config.toml");
    fs::write(&config, "[profiles.work]\nurl = \"http://127.0.0.1:1\"\n").unwrap();
    let run = |name| {
        let mut command = configured(folder.path(), &["--profile", name, "list"]);
        command.env("GROUPS_TOKEN", "t");
        finish(command)
    };
    for name in ["work", "other"] {
        let ran = run(name);
        assert_eq!(ran.code, Some(2));
        assert!(ran.errors.contains(&format!("profile {name} has no token_file")), "{}", ran.errors);
    }
    fs::write(&config, "[profiles.work]\nurl = 1\n").unwrap();
    let ran = run("work");
    assert_eq!((ran.code, ran.errors.contains("config.toml is invalid")), (Some(2), true), "{}", ran.errors);
}
