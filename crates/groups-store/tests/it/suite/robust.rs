//! Callers that go away, queues that are full, rows that cannot be read, and schemas.

use std::time::Duration;

use diesel::migration::MigrationSource;
use futures_util::future::join_all;
use groups_store::{
    ExecuteError, OpenError, Reason, ReplayRule, Store, StoreError, StoreOptions, StreamStart, pending_migrations,
};

use super::{Backend, MIGRATIONS, id_literal, run};
use crate::cast::*;

#[test]
fn an_abandoned_order_is_executed_completely_or_not_at_all() {
    run(async |db| {
        let store = db.open().await;
        for number in 0..60 {
            let create = store.does(ADA, group_id(number), create_with("Team", [BOB, CAT]));
            // Some are dropped before they begin, some while they run.
            drop(tokio::time::timeout(Duration::from_micros(number as u64 * 50), create).await);
        }
        store.close().await;
        let store = db.open().await;
        for user in [ADA, BOB, CAT] {
            for (group, _) in store.groups(user, None, 100).await.unwrap().groups {
                assert_eq!(group.member_count, 3);
                assert_eq!(store.members(user, group.group_id, None, 9).await.unwrap().unwrap().members.len(), 3);
            }
        }
        let lists = join_all([ADA, BOB, CAT].map(|user| store.groups(user, None, 100))).await;
        let count = |list: &Result<groups_store::GroupPage, StoreError>| list.as_ref().unwrap().groups.len();
        assert!(lists.iter().all(|list| count(list) == count(&lists[0])));
    });
}

#[test]
fn an_order_is_rejected_if_the_queue_is_full() {
    run(async |db| {
        let options = StoreOptions { queue_orders_max: 1, batch_orders_max: 1, postgres_lanes: 1, ..db.options() };
        let store = Store::open(options).await.unwrap();
        let answers = join_all((0..64).map(|number| store.does(ADA, group_id(number), create("Team")))).await;
        let full = |answer: &Result<_, ExecuteError>| {
            matches!(answer, Err(ExecuteError::Unavailable { reason: Reason::QueueFull, retry_after_seconds: 1 }))
        };
        let refused = answers.iter().filter(|answer| full(answer)).count();
        assert!(refused > 0);
        assert!(answers.iter().all(|answer| answer.is_ok() || full(answer)));
        assert_eq!(store.groups(ADA, None, 100).await.unwrap().groups.len(), 64 - refused);
    });
}

#[test]
fn a_flood_of_requests_delays_neither_the_log_nor_the_health_check_nor_a_client_that_connects() {
    run(async |db| {
        let store = Store::open(StoreOptions { queue_reads_max: 1, ..db.options() }).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        let flood = join_all((0..256).map(|_| store.groups(ADA, None, 100)));
        let others = async {
            let told = tail.next().await.map(|entries| entries.len());
            (told, store.ping().await, store.open_stream(ADA, None, ReplayRule::default()).await.map(drop))
        };
        let (answers, others) = tokio::join!(flood, others);
        let full = |answer: &Result<_, StoreError>| matches!(answer, Err(StoreError::Unavailable(Reason::QueueFull)));
        assert!(answers.iter().any(full), "the queue of the requests was full");
        assert_eq!(others, (Ok(1), Ok(()), Ok(())));
    });
}

#[test]
fn an_actor_with_a_full_share_of_the_queue_is_rejected_and_others_are_accepted() {
    run(async |db| {
        let options = StoreOptions { queue_orders_max: 8, batch_orders_max: 1, postgres_lanes: 1, ..db.options() };
        let store = Store::open(options).await.unwrap();
        let flood = (0..64).map(|number| store.does(ADA, group_id(number), create("Flood")));
        let others = [BOB, CAT, DAN];
        let patient = (100..).zip(others).map(|(number, user)| store.does(user, group_id(number), create("Team")));
        let (flood, patient) = tokio::join!(join_all(flood), join_all(patient));
        let full = |answer: &Result<_, ExecuteError>| {
            matches!(answer, Err(ExecuteError::Unavailable { reason: Reason::ShareFull, retry_after_seconds: 1 }))
        };
        assert!(flood.iter().any(full));
        assert!(flood.iter().all(|answer| answer.is_ok() || full(answer)));
        assert!(patient.iter().all(Result::is_ok), "{patient:?}");
    });
}

#[test]
fn orders_of_one_actor_for_a_group_are_executed_in_submission_order() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let names: Vec<_> = (0..50).map(|number| format!("Name {number}")).collect();
        let renames = names.iter().map(|name| store.did(ADA, group_id(1), rename(name)));
        let crowd = (100..).zip([BOB, CAT, DAN, EVE]).map(|(number, user)| {
            let members = (1_000..1_200).map(person);
            store.did(user, group_id(number), create_with("Crowd", members))
        });
        let (changes, _) = tokio::join!(join_all(renames), join_all(crowd));
        let versions: Vec<_> = changes.iter().map(|change| change.version().get()).collect();
        assert_eq!(versions, (2..52).collect::<Vec<_>>());
    });
}

#[test]
fn an_unreadable_row_fails_only_orders_for_its_group() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Damaged", [BOB])).await;
        store.did(ADA, group_id(2), create_with("Sound", [BOB])).await;
        db.damage("memberships", "role = 9", &format!("group_id = {}", id_literal(group_id(1).uuid()))).await;
        let groups = [group_id(1), group_id(2)];
        let answers = join_all(groups.map(|group| store.does(ADA, group, add(CAT)))).await;
        assert!(matches!(answers[0], Err(ExecuteError::Store(StoreError::Corrupt { table: "memberships", .. }))));
        assert!(answers[1].is_ok());
        assert!(matches!(store.group(BOB, group_id(1)).await, Err(StoreError::Corrupt { table: "memberships", .. })));
        assert!(store.group(BOB, group_id(2)).await.is_ok());
    });
}

#[test]
fn an_unreadable_change_is_reported_once_and_clients_get_the_list() {
    run(async |db| {
        let store = Store::open(StoreOptions { recent_bytes_max: 0, ..db.options() }).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        let from = store.open_stream(ADA, None, ReplayRule::default()).await.unwrap().cursor;
        for number in 1..=3 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        db.damage("log", "format = 99", &format!("group_id = {}", id_literal(group_id(2).uuid()))).await;
        let (mut seen, mut errors) = (Vec::new(), Vec::new());
        while seen.len() < 2 {
            match tail.next().await {
                Ok(entries) => seen.extend(entries.into_iter().map(|entry| entry.change.group_id())),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            errors.push(tail.next().await.unwrap_err());
        }
        assert_eq!(seen, [group_id(1), group_id(3)]);
        assert!(matches!(&errors[..], [StoreError::Corrupt { table: "log", .. }]), "{errors:?}");
        let start = store.open_stream(ADA, Some(from), ReplayRule::default()).await.unwrap().start;
        assert!(matches!(start, StreamStart::Snapshot(list) if list.remaining() == 3));
    });
}

#[test]
fn a_failed_write_is_an_error_and_leaves_no_trace() {
    for (table, operation) in
        [("groups", "UPDATE"), ("memberships", "UPDATE"), ("memberships", "INSERT"), ("log", "INSERT")]
    {
        run(async |db| {
            let store = db.open().await;
            store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
            db.ignore(table, operation).await;
            let command = if operation == "INSERT" { add(CAT) } else { remove(BOB) };
            let answer = store.does(ADA, group_id(1), command).await;
            let refused = matches!(&answer, Err(ExecuteError::Store(StoreError::Corrupt { table: named, .. })) if *named == table);
            assert!(refused, "{table} {operation}: {answer:?}");
            let (group, _) = store.group(ADA, group_id(1)).await.unwrap().unwrap();
            assert_eq!((group.version, group.member_count), (version(1), 2));
            assert_eq!(store.members(ADA, group_id(1), None, 9).await.unwrap().unwrap().members.len(), 2);
        });
    }
}

#[test]
fn the_write_check_detects_a_database_that_can_only_be_read() {
    run(async |db| {
        let store = Store::open(StoreOptions { wait_max: Duration::from_secs(2), ..db.options() }).await.unwrap();
        store.check_writable().await.unwrap();
        store.check_writable().await.unwrap();
        let locked = db.lock_all().await;
        let answer = store.check_writable().await;
        assert_eq!(answer, Err(StoreError::Unavailable(Reason::Busy)));
        // Reading does not tell.
        store.ping().await.unwrap();
        drop(locked);
        store.check_writable().await.unwrap();
    });
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    run(async |db| {
        db.open().await.close().await;
        db.sql("INSERT INTO groups_migrations (version) VALUES ('99990101000000')").await;
        let error = Store::open(db.options()).await.unwrap_err();
        assert!(matches!(&error, OpenError::Newer { migration, .. } if migration == "99990101000000"), "{error}");
    });
}

#[test]
fn a_database_of_another_program_is_refused() {
    run(async |db| {
        db.sql("CREATE TABLE groups (id INTEGER)").await;
        let error = Store::open(db.options()).await.unwrap_err();
        assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    });
}

#[test]
fn a_database_can_be_shared_with_an_application_and_its_migrations() {
    run(async |db| {
        db.sql(
            "CREATE TABLE invoices (id INTEGER); INSERT INTO invoices VALUES (1); \
             CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
             INSERT INTO __diesel_schema_migrations (version) VALUES ('20200101000000')",
        )
        .await;
        for number in 0..2 {
            assert_eq!(pending_migrations(&db.options()).await.unwrap().is_empty(), number > 0);
            let store = db.open().await;
            store.did(ADA, group_id(number), create("Team")).await;
            store.close().await;
            // The application goes on with its own.
            db.sql(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('2021010100000{number}')")).await;
        }
        assert_eq!(db.read("SELECT 'x' AS line FROM invoices").await.len(), 1);
        assert_eq!(db.read("SELECT version AS line FROM __diesel_schema_migrations").await.len(), 3);
    });
}

#[test]
fn every_migration_goes_down_and_up_again() {
    run(async |db| {
        db.open().await.close().await;
        let schema = db.schema().await;
        db.down_and_up().await;
        assert_eq!(db.schema().await, schema);
        db.open().await.close().await;
    });
}

#[test]
fn both_backends_have_the_same_tables_and_columns() {
    run(async |db| {
        db.open().await.close().await;
        let columns = db.columns().await;
        let expected = include_str!("../golden/columns.txt");
        assert_eq!(columns.join("\n"), expected.trim_end());
    });
}

#[test]
fn both_backends_have_the_same_migrations() {
    let names = MigrationSource::<Backend>::migrations(&MIGRATIONS).unwrap();
    let names: Vec<_> = names.iter().map(|migration| migration.name().to_string()).collect();
    let expected = [
        "2026-01-15-000000_init",
        "2026-02-10-000000_log_age",
        "2026-11-26-110000_groups_per_user",
        "2026-11-26-111000_blocks",
        "2026-11-26-120000_name_dates",
        "2026-11-26-130000_usage",
        "2026-11-26-131000_acted",
        "2026-11-26-200000_sink_positions",
        "2026-11-27-100000_revocations",
        "2026-11-27-140000_group_search",
        "2026-11-27-141000_jobs",
        "2026-11-28-100000_ways_in",
        "2026-11-28-200000_webhooks",
    ];
    assert_eq!(names, expected);
}
