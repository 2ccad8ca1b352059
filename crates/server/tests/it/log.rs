//! The log is best effort: whatever happens to its reader, the server keeps serving and shuts down
//! normally.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::json;

use crate::support::{Http, SECRET, User, program, within};

/// Sends requests to a server with this standard error, then stops it.
async fn assert_unmoved(what: &str, stderr: impl Into<Stdio>, once_it_serves: impl FnOnce()) {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Command::new(program())
        .env_clear()
        .env("GROUPS_LISTEN", "127.0.0.1:0")
        .env("DATABASE_URL", format!("sqlite://{}", directory.path().join("groups.db").display()))
        .env("GROUPS_JWT_SECRET", SECRET)
        .env("GROUPS_RATE_LIMIT", "0")
        .env("GROUPS_LOG", "trace")
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
    // Standard output is not read any more, either.
    drop(stdout);
    once_it_serves();
    let ada = User::new(&Arc::new(Http::new(address)));
    let mut socket = ada.connects().await;
    for number in 0..300 {
        let group = json!({"name": format!("Team {number}")});
        assert_eq!(ada.post("/v1/groups", group).await.status, 201, "{what}");
        socket.event(&ada.id, "group_created").await;
    }
    let id = server.id().to_string();
    let killed = Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status().unwrap();
    assert!(killed.success());
    assert_eq!(socket.goodbye().await.0, 1012, "{what}");
    let ended = tokio::task::spawn_blocking(move || server.wait().unwrap());
    let status = within("the end of the server", ended).await.unwrap();
    assert!(status.success(), "{what}: {status}");
}

#[tokio::test]
async fn a_closed_log_reader_does_not_stop_the_server() {
    let (reader, writer) = std::io::pipe().unwrap();
    assert_unmoved("the reader has gone", writer, || drop(reader)).await;
}

#[tokio::test]
async fn a_stalled_log_reader_does_not_block_the_server() {
    let (reader, writer) = std::io::pipe().unwrap();
    assert_unmoved("nobody reads", writer, || {}).await;
    drop(reader);
}

#[tokio::test]
async fn a_log_on_a_full_disk_does_not_stop_the_server() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    assert_unmoved("the disk is full", full, || {}).await;
}
