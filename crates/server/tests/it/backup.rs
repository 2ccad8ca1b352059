//! Copies of a SQLite database, made while the server runs, and what clients see after a restore.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Server, User, View, program};

fn backup(database: &Path, to: &Path) -> Output {
    Command::new(program()).arg("backup").arg(to).env_clear().env("DATABASE_URL", database).output().unwrap()
}

/// What a user's view shows, and the cursor that it resumes from.
async fn view(user: &User) -> View {
    let mut view = View::of(&user.id);
    view.begin();
    view.take_all(&user.connects().await.opening);
    view
}

#[tokio::test]
async fn a_backup_made_during_changes_restores_a_server_on_which_every_client_becomes_correct() {
    let mut server = Server::start().await;
    let people: Vec<User> = (0..4).map(|_| server.user()).collect();
    let groups = join_all(people.iter().map(|user| user.creates("Team", &[]))).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    // Changes go on until the copy is there.
    let (database, target) = (server.database(), copy.clone());
    let copying = tokio::task::spawn_blocking(move || backup(&database, &target));
    let changing = async {
        let mut acknowledged = 0_u64;
        while !copying.is_finished() {
            let renamed = people.iter().zip(&groups).map(|(user, group)| user.renames(group, "New"));
            for answer in join_all(renamed).await {
                answer.group(200);
            }
            acknowledged += 1;
        }
        acknowledged
    };
    assert!(changing.await > 0);
    let output = copying.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);

    // These are lost in the restore.
    let mut views = join_all(people.iter().map(view)).await;
    for (user, group) in people.iter().zip(&groups) {
        user.patch(&format!("/v1/groups/{group}"), json!({"description": "later"})).await.group(200);
    }
    for (user, view) in people.iter().zip(&mut views) {
        let cursor = view.begin().unwrap().to_owned();
        view.take_all(&user.resumes(&cursor).await.opening);
    }
    server.terminate();
    assert!(server.ended().await.0.success());
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(format!("{}{suffix}", server.database().display())).ok();
    }
    fs::copy(&copy, server.database()).unwrap();
    server.launch().await;

    for ((user, group), view) in people.iter().zip(&groups).zip(&mut views) {
        assert_eq!(user.sees(group).await["description"], "", "the change after the backup is gone");
        let cursor = view.begin().unwrap().to_owned();
        let resumed = user.resumes(&cursor).await;
        assert!(!resumed.resumed(), "a cursor from after the backup is not valid");
        view.forget();
        view.begin();
        view.take_all(&resumed.opening);
        view.assert_is(&user.lists().await);
        user.renames(group, "After").await.group(200);
    }
}

#[test]
fn a_backup_never_overwrites_and_leaves_nothing_behind_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("taken"), "precious").unwrap();
    fs::write(path("text.db"), "this is a text and no database, whatever its name says").unwrap();
    for (database, to, reason) in [
        ("missing.db", "copy.db", "there is no database at"),
        ("text.db", "copy.db", "text.db"),
        ("text.db", "taken", "already exists"),
    ] {
        let output = backup(&path(database), &path(to));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(reason), "{said}");
    }
    assert_eq!(fs::read_to_string(path("taken")).unwrap(), "precious");
    let mut left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["taken", "text.db"]);
    let output = Command::new(program()).args(["backup", "copy"]).env("DATABASE_URL", "postgres://host/db").output();
    assert!(String::from_utf8_lossy(&output.unwrap().stderr).contains("pg_dump"));
}
