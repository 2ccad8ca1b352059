//! Connections that fall silent, refuse, or find no place: every wait ends, and all works again without a restart.

use std::time::Duration;

use futures_util::future::join_all;
use groups_store::{ExecuteError, OpenError, Reason, Store, StoreError, StoreOptions, Tail};
use tokio::time::timeout;

use super::line::Line;
use super::{Db, run};
use crate::cast::*;
use crate::server;

/// Far longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A line to the database of a test, and how to open it.
async fn through_a_line(db: &Db) -> (Line, StoreOptions) {
    let (_, database) = db.url.rsplit_once('/').unwrap();
    let line = Line::to(server::shared().unwrap().port()).await;
    let url = format!("postgres://groups@127.0.0.1:{}/{database}?sslmode=disable", line.port());
    (line, StoreOptions { url, ..impatient(db) })
}

fn impatient(db: &Db) -> StoreOptions {
    StoreOptions { wait_max: Duration::from_secs(3), postgres_statement_max: Duration::from_secs(1), ..db.options() }
}

async fn hears(tail: &mut Tail) -> u64 {
    loop {
        if let Ok(entries) = timeout(PATIENCE, tail.next()).await.expect("something is received") {
            return entries.last().unwrap().change.version().get();
        }
    }
}

fn is_unavailable<T>(answer: &Result<T, ExecuteError>, expected: Reason) -> bool {
    matches!(answer, Err(ExecuteError::Unavailable { reason, .. }) if *reason == expected)
}

#[test]
fn silent_connections_are_replaced_and_changes_and_events_continue() {
    run(async |db| {
        let (line, options) = through_a_line(db).await;
        let store = Store::open(options).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        assert_eq!(hears(&mut tail).await, 1);
        for version in 2..4 {
            line.fall_silent();
            let change = timeout(PATIENCE, store.did(ADA, group_id(1), rename(&format!("Version {version}"))));
            assert_eq!(change.await.expect("it is answered").version().get(), version);
            assert_eq!(hears(&mut tail).await, version);
        }
    });
}

#[test]
fn a_server_that_accepts_and_never_answers_is_unavailable_until_it_answers() {
    run(async |db| {
        let (line, options) = through_a_line(db).await;
        let store = Store::open(options).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        line.answer(false);
        line.fall_silent();
        let change = timeout(PATIENCE, store.does(ADA, group_id(1), rename("Lost"))).await.expect("it is answered");
        assert!(is_unavailable(&change, Reason::Unreachable) || is_unavailable(&change, Reason::Busy), "{change:?}");
        let read = timeout(PATIENCE, store.ping()).await.expect("it is answered");
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        line.answer(true);
        assert_eq!(store.did(ADA, group_id(1), rename("Found")).await.version(), version(2));
        store.ping().await.unwrap();
    });
}

#[test]
fn a_silent_listen_connection_is_replaced() {
    run(async |db| {
        let (line, options) = through_a_line(db).await;
        // Without polling only the bus can wake the tail.
        let here = Store::open(StoreOptions { tail_poll: Duration::from_secs(3_600), ..options }).await.unwrap();
        let there = db.open().await;
        let mut tail = here.tail().await.unwrap();
        there.did(ADA, group_id(1), create("Team")).await;
        assert_eq!(hears(&mut tail).await, 1);
        line.silence_listeners();
        there.did(ADA, group_id(1), rename("Crew")).await;
        assert_eq!(hears(&mut tail).await, 2);
    });
}

#[test]
fn the_outcome_of_a_commit_is_found_if_its_answer_is_lost() {
    run(async |db| {
        let (line, options) = through_a_line(db).await;
        let store = Store::open(options).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        line.silence_at_commit(true);
        let change = timeout(PATIENCE, store.did(ADA, group_id(1), rename("Crew"))).await.expect("it is answered");
        assert_eq!(change.version(), version(2));
        assert_eq!(store.did(ADA, group_id(1), rename("Team")).await.version(), version(3));
    });
}

#[test]
fn a_commit_that_never_arrives_is_retried_or_reported_as_unknown() {
    run(async |db| {
        let (line, options) = through_a_line(db).await;
        let store = Store::open(options).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        line.silence_at_commit(false);
        let answer = timeout(PATIENCE, store.does(ADA, group_id(1), rename("Crew"))).await.expect("it is answered");
        assert!(answer.is_ok() || is_unavailable(&answer, Reason::OutcomeUnknown), "{answer:?}");
        // Its transaction holds the lock until PostgreSQL ends it.
        let next = async {
            loop {
                if let Ok(executed) = store.does(ADA, group_id(1), rename("Club")).await {
                    return executed.group.version.get();
                }
            }
        };
        assert_eq!(timeout(PATIENCE, next).await.expect("the lock ends"), 2 + u64::from(answer.is_ok()));
    });
}

#[test]
fn without_free_connection_slots_requests_wait_for_an_open_connection() {
    run(async |db| {
        let (_, database) = db.url.rsplit_once('/').unwrap();
        db.sql(&format!(
            "CREATE ROLE few_{database} LOGIN CONNECTION LIMIT 3; ALTER SCHEMA public OWNER TO few_{database}"
        ))
        .await;
        let url = db.url.replace("groups@", &format!("few_{database}@"));
        // It would like to have more than it gets.
        let many = StoreOptions { url, postgres_connections_max: 12, postgres_lanes: 4, ..db.options() };
        let store = Store::open(StoreOptions { postgres_notify: false, ..many }).await.unwrap();
        let changes = join_all((0..40).map(|number| store.does(ADA, group_id(number), create("Team")))).await;
        assert!(changes.iter().all(Result::is_ok), "{changes:?}");
        let reads = join_all((0..40).map(|_| store.groups(ADA, None, 100))).await;
        assert!(reads.iter().all(|list| list.as_ref().unwrap().groups.len() == 40));
        store.close().await;
        db.sql("ALTER SCHEMA public OWNER TO groups").await;
    });
}

#[test]
fn the_error_says_why_a_database_is_unreachable() {
    run(async |db| {
        let server = db.url.rsplit_once('/').unwrap().0;
        for (url, cause) in [
            ("postgres://ada:secret@127.0.0.1:1/db".to_owned(), "refused"),
            ("postgres://ada:secret@host.invalid/db".to_owned(), "host.invalid:5432"),
            (format!("{server}/missing"), "database \"missing\" does not exist"),
            (db.url.replace("groups@", "nobody:secret@"), "role \"nobody\" does not exist"),
            (format!("{}?connect_timeout=soon", db.url), "connect_timeout"),
        ] {
            let error = Store::open(StoreOptions { url: url.clone(), ..impatient(db) }).await.unwrap_err();
            assert!(matches!(&error, OpenError::Unreachable { detail, .. } if detail.contains(cause)), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    });
}

#[test]
fn a_database_whose_encoding_is_not_utf_8_is_refused() {
    run(async |db| {
        let (server, database) = db.url.rsplit_once('/').unwrap();
        let latin = format!("{database}_latin");
        db.sql(&format!("CREATE DATABASE {latin} ENCODING 'LATIN1' TEMPLATE template0")).await;
        let error = Store::open(StoreOptions::new(format!("{server}/{latin}"))).await.unwrap_err();
        assert!(matches!(&error, OpenError::NotUtf8 { encoding, .. } if encoding == "LATIN1"), "{error}");
        db.sql(&format!("DROP DATABASE {latin} WITH (FORCE)")).await;
    });
}

#[test]
fn failures_are_classified_by_sqlstate_in_any_language() {
    run(async |db| {
        let store = Store::open(StoreOptions { wait_max: Duration::from_secs(2), ..db.options() }).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        for (code, reason) in [
            ("55P03", Some(Reason::Busy)),
            ("57014", Some(Reason::Busy)),
            ("40001", Some(Reason::Busy)),
            ("53200", Some(Reason::Busy)),
            ("53100", Some(Reason::DiskFull)),
            ("58030", Some(Reason::Unreachable)),
            ("25006", Some(Reason::Unreachable)),
            ("22012", None),
        ] {
            db.sql(&format!(
                "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'Das ging nicht' USING ERRCODE = '{code}'; END $$; \
                 CREATE OR REPLACE TRIGGER fail BEFORE UPDATE ON groups FOR EACH ROW EXECUTE FUNCTION fail()"
            ))
            .await;
            let answer = store.does(ADA, group_id(1), rename("Crew")).await;
            let told = match &answer {
                Err(ExecuteError::Unavailable { reason, .. }) => Some(*reason),
                Err(ExecuteError::Store(StoreError::Database { detail })) if detail.contains(code) => None,
                other => panic!("{code}: {other:?}"),
            };
            assert_eq!(told, reason, "{code}");
        }
    });
}
