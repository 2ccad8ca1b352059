//! `groups-server migrate` and `copy`: operations on a database between two runs of the server.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::{Postgres, Server, program, within};

/// Runs the program to completion. Returns whether it succeeded, and its output.
fn runs(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program()).env_clear().args(arguments).output().expect("the program runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).expect("text"))
}

#[test]
fn migrate_prints_applied_and_pending_migrations() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("groups.db");
    let url = format!("sqlite://{}", file.display());

    let (done, pending) = runs(&["migrate", "--pending", "--database-url", &url]);
    assert!(done && pending.starts_with("pending: ") && pending.contains("_init\n"), "{pending}");
    assert!(!file.exists(), "listing pending migrations changes nothing");
    let (done, applied) = runs(&["migrate", "--database-url", &url]);
    assert!(done, "{applied}");
    assert_eq!(applied.replace("applied: ", ""), pending.replace("pending: ", ""));
    for again in [&["migrate", "--pending", "--database-url", &url][..], &["migrate", "--database-url", &url]] {
        assert_eq!(runs(again), (true, "the tables are up to date\n".to_owned()));
    }
}

#[tokio::test]
async fn migrate_prints_the_same_for_postgresql() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let (done, pending) = runs(&["migrate", "--pending", "--database-url", &url]);
    assert!(done && pending.starts_with("pending: ") && pending.contains("_init\n"), "{pending}");
    assert_eq!(runs(&["migrate", "--database-url", &url]), (true, pending.replace("pending: ", "applied: ")));
    let up_to_date = (true, "the tables are up to date\n".to_owned());
    assert_eq!(runs(&["migrate", "--pending", "--database-url", &url]), up_to_date);
}

#[test]
fn a_database_of_another_program_is_not_migrated() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("notes.txt");
    std::fs::write(&file, "no database, but long enough to be taken for something").expect("a file");
    for arguments in [&["migrate", "--pending"][..], &["migrate"]] {
        let url = file.display().to_string();
        let (done, text) = runs(&[arguments, &["--database-url", &url]].concat());
        assert!(!done && text.contains("is not a SQLite database"), "{text}");
    }
}

#[tokio::test]
async fn copy_copies_everything_into_an_empty_database_only() {
    let Some(postgres) = Postgres::start().await else { return };
    let mut old = Server::start().await;
    let (ada, bob) = (old.user_named("Ada"), old.user_named("Bob"));
    let gone = ada.creates("Gone", &[&bob]).await;
    let group = ada.creates("Team", &[]).await;
    let key = "the key of an order before the copy";
    let members = format!("/v1/groups/{group}/members");
    let adds = || ada.call("POST", &members).json(&json!({"user_id": bob.id})).header("Idempotency-Key", key);
    let added = adds().send().await.ok(201);
    ada.makes(&group, &bob, "admin").await.ok(200);
    ada.deletes(&gone).await.no_content();
    ada.call("PUT", &format!("/v1/me/blocks/{}", bob.id)).send().await.no_content();
    let blocks = ada.get("/v1/me/blocks").await.ok(200);
    let cursor = bob.connects().await.cursor();
    let changes = format!("/v1/groups/{group}/changes?limit=500");
    let (list, history) = (bob.lists().await, ada.pages(&changes, "changes").await);
    // Names are stored in the background.
    let people = within("both names", async {
        loop {
            let people = ada.lists_members(&group).await;
            if people.iter().all(|person| person["name"].is_string()) {
                return people;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    old.terminate();
    old.ended().await;

    let (from, to) = (format!("sqlite://{}", old.database().display()), postgres.url());
    let (done, text) = runs(&["copy", "--from", &from, "--to", &to]);
    assert!(
        done && text.contains("copied: 2 groups, 4 memberships, 5 changes, 1 idempotency keys, 2 names, 1 blocks"),
        "{text}"
    );

    let new = Server::with(&[("DATABASE_URL", &to)]).await;
    let (ada, bob) = (ada.at(new.http()), bob.at(new.http()));
    assert_eq!(bob.lists().await, list);
    assert_eq!(ada.pages(&changes, "changes").await, history);
    assert_eq!(ada.lists_members(&group).await, people);
    assert_eq!(ada.get("/v1/me/blocks").await.ok(200), blocks);
    let strict = Server::with(&[("DATABASE_URL", &to), ("GROUPS_NAME_VISIBILITY", "acquainted")]).await;
    assert_eq!(bob.at(strict.http()).lists_members(&group).await, people, "Ada has acted, and the copy knows it");
    assert!(ada.at(strict.http()).lists_members(&group).await[1].get("name").is_none(), "Bob has not");
    let again =
        ada.call("POST", &members).json(&json!({"user_id": bob.id})).header("Idempotency-Key", key).send().await;
    assert_eq!(again.ok(201), added, "the first answer is returned again");
    assert_eq!(ada.sees(&group).await["version"], 3);
    // The old cursor is invalid in this database, so the client gets the whole list.
    let mut socket = bob.resumes(&cursor).await;
    assert!(!socket.resumed());
    assert_eq!(socket.snapshot(), list);
    ada.renames(&group, "Team, moved").await.group(200);
    assert_eq!(socket.event(&bob.id, "group_updated").await["version"], 4);

    let (done, text) = runs(&["copy", "--from", &from, "--to", &to]);
    assert!(!done && text.contains("not empty"), "{text}");
    assert_eq!(ada.sees(&group).await["version"], 4, "nothing was changed");
}

#[tokio::test]
async fn a_file_in_use_cannot_be_served_copied_or_migrated_by_another_process() {
    let mut server = Server::start().await;
    let ada = server.user();
    ada.creates("Before", &[]).await;
    let url = format!("sqlite://{}", server.database().display());
    for arguments in [
        &["--listen", "127.0.0.1:0", "--database-url", &url][..],
        &["copy", "--from", &url, "--to", "postgres://nobody@127.0.0.1:1/none"],
        &["migrate", "--database-url", &url],
    ] {
        let (done, text) = runs(arguments);
        assert!(!done && text.contains("is in use by another server") && text.contains("groups.db"), "{text}");
    }
    let up_to_date = (true, "the tables are up to date\n".to_owned());
    assert_eq!(
        runs(&["migrate", "--pending", "--database-url", &url]),
        up_to_date,
        "listing pending migrations needs no lock"
    );
    ada.creates("Meanwhile", &[]).await;
    // The lock ends with the process, however it ends.
    server.kill_and_launch().await;
    assert_eq!(ada.lists().await.len(), 2);
}

#[tokio::test]
async fn a_server_whose_file_is_removed_acknowledges_nothing() {
    let server = Server::start().await;
    let ada = server.user();
    ada.creates("Kept", &[]).await;
    assert_eq!(ada.get("/readyz").await.ok(200)["status"], "ready");
    std::fs::remove_file(server.database()).expect("the file is there");
    ada.post("/v1/groups", json!({"name": "Lost"})).await.problem(503, "unavailable");
    // It shows the last result, and checks every second.
    within("it is not ready", async {
        while ada.get("/readyz").await.status != 503 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(server.log().contains("was removed or replaced"), "{}", server.log());
    assert_eq!(ada.lists().await.len(), 1);
}

#[test]
fn passwords_are_not_printed_and_libpq_connection_strings_are_not_taken_for_files() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for url in [
        "postgres://127.0.0.1:1/x?user=u&password=hunter2",
        "postgres://127.0.0.1:1/x?user=u&pass%77ord=hunter2",
        "postgres://u:hunter2@127.0.0.1:1/x",
        "host=127.0.0.1 user=u password=hunter2",
        "sqlite://groups.db?password=hunter2",
    ] {
        let mut command = Command::new(program());
        let output = command.env_clear().current_dir(&directory).args(["migrate", "--database-url", url]).output();
        let output = output.expect("the program runs");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        assert!(!output.status.success() && !text.contains("hunter2"), "{url}: {text}");
    }
    assert_eq!(std::fs::read_dir(&directory).expect("the directory").count(), 0, "no file was made");
}

#[test]
fn copy_requires_an_existing_sqlite_file_and_a_postgresql_target() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let missing = directory.path().join("none.db").display().to_string();
    let (done, text) = runs(&["copy", "--from", &missing, "--to", "postgres://nobody@127.0.0.1:1/none"]);
    assert!(!done && text.contains("there is no database"), "{text}");
    let (done, text) = runs(&["copy", "--from", "postgres://nobody@127.0.0.1:1/none", "--to", &missing]);
    assert!(!done && text.contains("a copy goes from SQLite"), "{text}");
    assert!(!std::path::Path::new(&missing).exists());
}
