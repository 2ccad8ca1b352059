//! The database's file: whose it is, who may read it, what happens if it goes, and how large its log becomes.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use groups_store::{ExecuteError, OpenError, Reason, Store, StoreError, StoreOptions};

use super::{Db, run};
use crate::cast::*;

/// The `-wal` and `-shm` beside the file of a database.
fn beside(db: &Db, suffix: &str) -> PathBuf {
    format!("{}{suffix}", db.path()).into()
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn is_refused<T: std::fmt::Debug>(done: Result<T, ExecuteError>) {
    let reason = Reason::FileReplaced;
    let retry_after_seconds = reason.retry_after_seconds();
    assert_eq!(done.unwrap_err(), ExecuteError::Unavailable { retry_after_seconds, reason });
}

#[test]
fn a_file_has_one_store_at_a_time_under_any_of_its_names() {
    run(async |db| {
        let impatient = || StoreOptions { wait_max: Duration::from_millis(50), ..db.options() };
        let link = db.directory.path().join("link.db");
        let store = db.open().await;
        std::os::unix::fs::symlink(db.path(), &link).unwrap();
        for url in [impatient().url, link.display().to_string()] {
            let error = Store::open(StoreOptions { url, ..impatient() }).await.unwrap_err();
            assert!(matches!(error, OpenError::InUse { .. }), "{error}");
        }
        // Trying has taken nothing away from the one that works.
        store.did(ADA, group_id(1), create("Team")).await;
        store.close().await;
        let store = Store::open(impatient()).await.unwrap();
        assert!(store.group(ADA, group_id(1)).await.unwrap().is_some());
    });
}

#[test]
fn only_one_of_several_stores_can_open_a_new_file() {
    run(async |db| {
        let impatient = || StoreOptions { wait_max: Duration::from_millis(50), ..db.options() };
        let opened = futures_util::future::join_all((0..4).map(|_| Store::open(impatient()))).await;
        assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1);
        assert!(
            opened
                .iter()
                .flat_map(|opened| opened.as_ref().err())
                .all(|error| matches!(error, OpenError::InUse { .. }))
        );
    });
}

#[test]
fn a_new_database_is_private_and_an_existing_one_keeps_its_mode() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        for path in [db.path().into(), beside(db, "-wal"), beside(db, "-shm")] {
            assert_eq!(mode(&path), 0o600, "{path:?}");
        }
        store.close().await;
        fs::set_permissions(db.path(), fs::Permissions::from_mode(0o640)).unwrap();
        db.open().await.close().await;
        assert_eq!(mode(db.path()), 0o640);
    });
}

#[test]
fn nothing_is_acknowledged_while_the_database_file_is_removed() {
    run(async |db| {
        for (suffix, number) in [("", 1), ("-wal", 2), ("-shm", 3)] {
            let store = db.open().await;
            let (path, aside) = (beside(db, suffix), db.directory.path().join("aside"));
            store.ping().await.unwrap();
            fs::rename(&path, &aside).unwrap();
            assert_eq!(store.ping().await, Err(StoreError::Unavailable(Reason::FileReplaced)), "{suffix}");
            is_refused(store.does(ADA, group_id(number), create("Lost")).await);
            store.remember_names([named(ADA, &format!("Ada {number}"), 1)]).await.unwrap_err();
            // What is known can still be read.
            assert_eq!(store.group(ADA, group_id(number)).await, Ok(None));

            fs::rename(&aside, &path).unwrap();
            store.ping().await.unwrap();
            store.did(ADA, group_id(number), create("Kept")).await;
            store.close().await;
        }
        assert_eq!(db.open().await.groups(ADA, None, 10).await.unwrap().groups.len(), 3);
    });
}

#[test]
fn nothing_is_acknowledged_once_another_file_has_its_path() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        // A restore in haste.
        let copy = db.directory.path().join("copy");
        fs::copy(db.path(), &copy).unwrap();
        fs::rename(copy, db.path()).unwrap();
        is_refused(store.does(ADA, group_id(1), rename("Lost")).await);
        assert!(store.ping().await.is_err());
    });
}

/// What a backup that takes long does to the log, and that nobody has to wait or to restart anything afterwards.
#[test]
fn the_write_ahead_log_shrinks_after_an_outside_reader_ends() {
    run(async |db| {
        let store = db.open().await;
        let wal_bytes = || fs::metadata(beside(db, "-wal")).unwrap().len();
        store.did(ADA, group_id(0), create("Team")).await;
        let mut reader = db.connect();
        reader.batch_execute("BEGIN; SELECT count(*) FROM groups").unwrap();
        let (mut number, large) = (0, 34 * 1024 * 1024);
        while wal_bytes() < large {
            number += 1;
            store.did(ADA, group_id(number), create_with("Team", (0..900).map(|at| person(100 + at)))).await;
        }
        reader.batch_execute("COMMIT").unwrap();
        // With changes going on, and without any.
        let patience = Instant::now() + Duration::from_secs(60);
        while wal_bytes() > large / 4 {
            assert!(Instant::now() < patience, "{} bytes", wal_bytes());
            store.did(ADA, group_id(0), rename(&format!("Team {number}"))).await;
            number += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(store.ping().await.is_ok());
    });
}

#[test]
fn with_mode_rw_no_file_is_created_and_parameters_are_not_part_of_the_path() {
    run(async |db| {
        let url = |parameters: &str| StoreOptions::new(format!("{}{parameters}", db.options().url));
        let missing = Store::open(url("?mode=rw")).await.unwrap_err();
        assert!(matches!(missing, OpenError::Missing { .. }), "{missing}");
        let id = Store::open(url("?mode=rwc")).await.unwrap();
        let (id, _closed) = (id.id(), id.close().await);
        let store = Store::open(url("?mode=rw")).await.unwrap();
        assert_eq!(store.id(), id);
        store.close().await;
        let names: Vec<_> =
            fs::read_dir(db.directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.iter().all(|name| !name.to_string_lossy().contains('?')), "{names:?}");
    });
}

/// Version 0.1 took the parameters for a part of the name. Its data must not be missed without a word.
#[test]
fn a_file_named_by_version_0_1_must_be_renamed_first() {
    run(async |db| {
        db.open().await.close().await;
        let old = format!("{}?mode=rwc", db.path());
        fs::rename(db.path(), &old).unwrap();
        let options = StoreOptions::new(format!("sqlite://{old}"));
        let error = Store::open(options.clone()).await.unwrap_err();
        assert_eq!(error, OpenError::OldName { old_path: old.clone(), path: db.path() });
        assert!(!Path::new(&db.path()).exists());
        fs::rename(&old, db.path()).unwrap();
        Store::open(options).await.unwrap().close().await;
    });
}
