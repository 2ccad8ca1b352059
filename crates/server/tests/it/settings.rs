//! Settings from flags, variables and files, and the commands about them.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{SECRET, Server, free_address, program};

/// The program with these arguments and variables, and no others.
fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).env_clear().envs(variables.iter().copied()).current_dir(folder).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The first line of standard error of a run that ends with this code.
fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned()
}

/// The effective settings.
fn effective(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let arguments = [&["config", "--json"], arguments].concat();
    serde_json::from_str(&stdout(&run(folder, &arguments, variables))).unwrap()
}

#[test]
fn flags_take_precedence_over_variables_and_variables_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("groups.toml"), "rate_limit = 1\nlog_days = 2\nmax_members = 3\n").unwrap();
    let variables = [("GROUPS_CONFIG", "groups.toml"), ("GROUPS_RATE_LIMIT", "10"), ("GROUPS_LOG_DAYS", "20")];
    let settings = effective(folder.path(), &["--rate-limit", "100"], &variables);
    for (key, value, origin) in [
        ("rate_limit", "100", "flag"),
        ("log_days", "20", "GROUPS_LOG_DAYS"),
        ("max_members", "3", "groups.toml, line 3"),
        ("heartbeat_seconds", "25", "default"),
    ] {
        assert_eq!((&settings[key]["value"], &settings[key]["origin"]), (&value.into(), &origin.into()), "{key}");
    }
}

#[test]
fn the_shown_settings_are_a_settings_file() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("GROUPS_ALLOWED_ORIGINS", "https://a.example,https://b.example"), ("GROUPS_LOG", "debug")];
    let shown = stdout(&run(folder.path(), &["config"], &variables));
    fs::write(folder.path().join("groups.toml"), &shown).unwrap();
    let mut from_file = effective(folder.path(), &["--config", "groups.toml"], &[]);
    let mut from_variables = effective(folder.path(), &[], &variables);
    for settings in [&mut from_file, &mut from_variables] {
        settings
            .as_object_mut()
            .unwrap()
            .values_mut()
            .for_each(|setting| setting["origin"].take().as_null().unwrap_or(()));
    }
    assert_eq!(from_file, from_variables);
}

#[test]
fn a_wrong_settings_file_is_refused_with_the_line() {
    let folder = tempfile::tempdir().unwrap();
    for (text, reason) in [
        ("\nrate_limits = 1", "groups.toml, line 2: unknown setting 'rate_limits'; did you mean 'rate_limit'?"),
        ("listen_file = 'x'", "groups.toml, line 1: unknown setting 'listen_file'"),
        ("rate_limit = 1.5", "groups.toml, line 1: 'rate_limit' must be"),
        ("\n\nrate_limit = 'x'", "groups.toml, line 3: invalid value 'x' for '--rate-limit <PER_SECOND>'"),
        ("rate_limit = ", "groups.toml is not valid TOML"),
    ] {
        fs::write(folder.path().join("groups.toml"), text).unwrap();
        let said = refused(&run(folder.path(), &["--config", "groups.toml"], &[]), 2);
        assert!(said.starts_with(&format!("groups-server: {reason}")), "{said}");
    }
    let said = refused(&run(folder.path(), &["--config", "missing.toml"], &[]), 2);
    assert!(said.starts_with("groups-server: missing.toml cannot be read: "), "{said}");
}

#[test]
fn secrets_can_be_in_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("secret"), format!("{SECRET}\n")).unwrap();
    fs::write(path("url"), "postgres://ada:hunter2@host/groups").unwrap();
    let file = format!("jwt_secret_file = '{}'\ndatabase_url_file = '{}'\n", path("secret"), path("url"));
    fs::write(path("groups.toml"), file).unwrap();
    let by_variables = [("GROUPS_JWT_SECRET_FILE", &*path("secret")), ("DATABASE_URL_FILE", &path("url"))];
    for settings in
        [effective(folder.path(), &["--config", "groups.toml"], &[]), effective(folder.path(), &[], &by_variables)]
    {
        assert_eq!(settings["jwt_secret"], serde_json::json!({"value": "…", "origin": path("secret")}));
        assert_eq!(settings["database_url"]["value"], "postgres://…@host/groups");
    }
    let both = [("GROUPS_JWT_SECRET", SECRET), ("GROUPS_JWT_SECRET_FILE", &*path("secret"))];
    let said = refused(&run(folder.path(), &["config"], &both), 2);
    assert_eq!(said, "groups-server: GROUPS_JWT_SECRET and GROUPS_JWT_SECRET_FILE are both set: keep one of them");
    let missing = [("GROUPS_JWT_SECRET_FILE", "/nowhere/secret")];
    let said = refused(&run(folder.path(), &["config"], &missing), 2);
    assert!(said.starts_with("groups-server: GROUPS_JWT_SECRET_FILE: /nowhere/secret cannot be read: "), "{said}");
}

#[tokio::test]
async fn a_token_that_the_program_signs_is_accepted_by_a_server_with_the_same_settings() {
    let settings = [("GROUPS_JWT_SECRET", SECRET), ("GROUPS_JWT_ISSUER", "https://id"), ("GROUPS_JWT_AUDIENCE", "a,b")];
    let server = Server::with(&settings).await;
    let folder = tempfile::tempdir().unwrap();
    let token = stdout(&run(folder.path(), &["token", "--name", "Ada", "--scope", "groups:admin"], &settings));
    let me = server.http().call("GET", "/v1/me").bearer(token.trim()).send().await.ok(200);
    assert_eq!(me["name"], "Ada");
    server.http().call("GET", "/v1/admin/stats").bearer(token.trim()).send().await.ok(200);
    let said = refused(&run(folder.path(), &["token", "--user", "ada"], &settings), 1);
    assert_eq!(said, "groups-server: 'ada' is not a UUID. Set GROUPS_JWT_SUBJECT=any to allow other users");
    let said = refused(&run(folder.path(), &["token"], &[]), 1);
    assert!(said.starts_with("groups-server: GROUPS_JWT_SECRET is not set."), "{said}");
}

#[test]
fn a_check_shows_what_keeps_a_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let listen = address.to_string();
    let good = [("GROUPS_LISTEN", &*listen), ("GROUPS_JWT_SECRET", SECRET), ("DATABASE_URL", "groups.db")];
    let shown = stdout(&run(folder.path(), &["check"], &good));
    assert!(shown.lines().all(|line| line.starts_with("ok ")) && shown.lines().count() == 6, "{shown}");
    assert!(!folder.path().join("groups.db").exists(), "a check changes nothing");

    let _taken = TcpListener::bind(address).unwrap();
    fs::write(folder.path().join("text.db"), "no database, but long enough to be one").unwrap();
    let bad = [("GROUPS_LISTEN", &*listen), ("GROUPS_JWKS", "/nowhere/keys.json"), ("DATABASE_URL", "text.db")];
    let output = run(folder.path(), &["check"], &bad);
    assert_eq!(refused(&output, 1), "groups-server: a server cannot start with these settings");
    let shown = String::from_utf8(output.stdout).unwrap();
    let failed: Vec<_> = shown.lines().filter(|line| line.starts_with("FAILED ")).collect();
    assert!(
        matches!(failed[..], [address, keys, database]
        if address.contains("cannot listen on") && keys.contains("/nowhere/keys.json") && database.contains("text.db")),
        "{shown}"
    );
}

#[tokio::test]
async fn capacity_settings_take_effect_and_have_a_range() {
    let server = Server::with(&[("GROUPS_SQLITE_READERS", "3"), ("GROUPS_MAX_CONNECTION_QUEUE_BYTES", "16384")]).await;
    let threads = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let names = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).unwrap());
    let readers = names.filter(|name| name.starts_with("connecting-") || name.starts_with("request-")).count();
    assert_eq!(readers, 6, "three for each");
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in
        [("GROUPS_SQLITE_READERS", "0"), ("GROUPS_POSTGRES_LANES", "65"), ("GROUPS_RESUME_BYTES", "-1")]
    {
        let said = refused(&run(folder.path(), &["config"], &[(name, value)]), 2);
        assert!(said.contains(value), "{said}");
    }
}
