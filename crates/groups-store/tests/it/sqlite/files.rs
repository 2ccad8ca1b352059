//! What may be wrong with a file, a disk or a URL.

use std::process::Command as Process;

use groups_store::{ExecuteError, OpenError, Reason, ReplayRule, Store, StoreOptions, StreamStart};

use super::run;
use crate::cast::*;

async fn refused(url: &str) -> OpenError {
    Store::open(StoreOptions::new(url)).await.unwrap_err()
}

#[test]
fn a_url_names_a_file_or_a_server_and_nothing_else() {
    run(async |_| {
        assert_eq!(refused("sqlite://:memory:").await, OpenError::InMemory);
        assert_eq!(refused(":memory:").await, OpenError::InMemory);
        for url in ["", "sqlite://", "sqlite:", "mysql://root:secret@host/db", "file:groups.db", "postgres://"] {
            let error = refused(url).await;
            assert!(matches!(error, OpenError::BadUrl { .. }), "{url}: {error}");
            assert!(!error.to_string().contains("secret"));
        }
        assert!(!format!("{:?}", StoreOptions::new("postgres://ada:secret@host/db")).contains("secret"));
    });
}

#[test]
fn a_plain_path_is_accepted() {
    run(async |db| {
        let options = db.options();
        let path = options.url.strip_prefix("sqlite://").unwrap();
        let store = db.open().await;
        let (id, _closed) = (store.id(), store.close().await);
        assert_eq!(Store::open(StoreOptions::new(path)).await.unwrap().id(), id);
    });
}

#[test]
fn missing_directories_directories_and_text_files_are_refused() {
    run(async |db| {
        let missing = refused(&format!("{}/missing/groups.db", db.directory.path().display())).await;
        assert!(matches!(missing, OpenError::DirectoryMissing { .. }), "{missing}");
        let directory = refused(&db.directory.path().display().to_string()).await;
        assert!(matches!(directory, OpenError::NotADatabase { .. }), "{directory}");
        std::fs::write(
            db.path(),
            "Dear Ada, this is a letter, and it is long enough to be read as a header. ".repeat(9),
        )
        .unwrap();
        let letter = refused(&db.path()).await;
        assert!(matches!(letter, OpenError::NotADatabase { .. }), "{letter}");
    });
}

#[test]
fn a_damaged_file_is_an_error_and_not_a_panic() {
    run(async |db| {
        let store = db.open().await;
        for number in 0..50 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        store.close().await;
        let mut bytes = std::fs::read(db.path()).unwrap();
        for byte in bytes.iter_mut().skip(4_096) {
            *byte = 0xa5;
        }
        std::fs::write(db.path(), bytes).unwrap();
        match Store::open(db.options()).await {
            Err(error) => assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}"),
            Ok(store) => assert!(store.groups(ADA, None, 100).await.is_err()),
        }
    });
}

#[test]
fn a_full_disk_refuses_whole_changes_and_reads_still_work() {
    run(async |db| {
        let store = Store::open(StoreOptions { sqlite_pages_max: Some(64), ..db.options() }).await.unwrap();
        let mut made = 0;
        let refusal = loop {
            match store.does(ADA, group_id(made), create_with("Team", (100..200).map(person))).await {
                Ok(_) => made += 1,
                Err(error) => break error,
            }
        };
        assert!(made > 0);
        let retry_after_seconds = Reason::DiskFull.retry_after_seconds();
        assert_eq!(refusal, ExecuteError::Unavailable { retry_after_seconds, reason: Reason::DiskFull });
        let groups = store.groups(person(150), None, 500).await.unwrap().groups;
        assert_eq!(groups.len() as u128, made);
        assert_eq!(store.group(ADA, group_id(made)).await.unwrap(), None);
        // Where there is room again, it goes on.
        store.close().await;
        let store = db.open().await;
        store.did(ADA, group_id(made), create("Team")).await;
    });
}

#[test]
fn a_position_newer_than_a_restored_backup_gets_the_list() {
    run(async |db| {
        let position = async |store: &Store| store.open_stream(BOB, None, ReplayRule::default()).await.unwrap().cursor;
        let start = async |store: &Store, token: &str| {
            let from = store.cursor(token).expect("the id of the database is the same");
            store.open_stream(BOB, Some(from), ReplayRule::default()).await.unwrap().start
        };
        let backup = db.directory.path().join("backup.db");
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        let kept = store.cursors().token(&position(&store).await);
        store.close().await;
        std::fs::copy(db.path(), &backup).unwrap();

        let store = db.open().await;
        let mut lost = Vec::new();
        for number in 0..3 {
            store.did(ADA, group_id(1), rename(&format!("Lost {number}"))).await;
            lost.push(store.cursors().token(&position(&store).await));
        }
        let from = store.cursor(&kept).unwrap();
        let resumed = store.open_stream(BOB, Some(from), ReplayRule::default()).await.unwrap().start;
        let StreamStart::Resumed { missed: entries, .. } = resumed else { panic!("resumed") };
        lost.extend(entries.iter().map(|entry| store.cursors().token(&entry.position)));
        store.close().await;
        std::fs::copy(&backup, db.path()).unwrap();

        let store = db.open().await;
        // At first they are from the future, then others have their places, and then they are from the past.
        for number in 0..5 {
            for token in &lost {
                let start = start(&store, token).await;
                assert!(matches!(start, StreamStart::Snapshot(_)), "{token} after {number}: {start:?}");
            }
            assert!(
                matches!(start(&store, &kept).await, StreamStart::Resumed { missed: entries, .. } if entries.len() == number)
            );
            store.did(BOB, group_id(2 + number as u128), create("Another history")).await;
        }
    });
}

/// Root may write everything, so as root this runs itself again as nobody.
#[test]
fn a_file_that_cannot_be_written_is_reported_as_read_only() {
    run(async |db| {
        const READ_ONLY: &str = "GROUPS_TEST_READ_ONLY_FILE";
        if let Ok(path) = std::env::var(READ_ONLY) {
            let error = refused(&path).await;
            assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
            println!("reported as read-only");
            return;
        }
        db.open().await.close().await;
        let writable = db.directory.path().join("writable.db");
        std::fs::copy(db.path(), &writable).unwrap();
        let set = |path: &std::path::Path, mode| {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
            std::fs::set_permissions(path, permissions).unwrap();
        };
        set(db.path().as_ref(), 0o444);
        // A file that may be written, in a directory that takes no -wal.
        set(&writable, 0o666);
        set(db.directory.path(), 0o555);
        let name = "sqlite::files::a_file_that_cannot_be_written_is_reported_as_read_only";
        let program = std::env::current_exe().unwrap();
        // Where nobody else could run this program, a copy serves.
        let copy = std::env::temp_dir().join(format!("groups-store-test-{}", std::process::id()));
        std::fs::copy(program, &copy).unwrap();
        let root = Process::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let again = |path: &std::path::Path| {
            let mut again = if root {
                let mut process = Process::new("setpriv");
                process.args(["--reuid=65534", "--clear-groups"]).arg(&copy);
                process
            } else {
                Process::new(&copy)
            };
            let output = again.args(["--exact", name, "--nocapture"]).env(READ_ONLY, path).output().unwrap();
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
        };
        let outputs = [again(db.path().as_ref()), again(&writable)];
        std::fs::remove_file(copy).unwrap();
        set(db.directory.path(), 0o755);
        for output in outputs {
            assert!(output.contains("reported as read-only"), "{output}");
        }
    });
}

#[test]
fn a_file_shared_with_an_application_keeps_its_application_id() {
    run(async |db| {
        db.sql("PRAGMA application_id = 7; CREATE TABLE invoices (id INTEGER)").await;
        for _ in 0..2 {
            db.open().await.close().await;
            let id = "SELECT CAST(application_id AS TEXT) AS line FROM pragma_application_id";
            assert_eq!(db.read(id).await, ["7"]);
        }
    });
}
