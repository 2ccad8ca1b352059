//! Several servers, late commits, open transactions and lost connections.

use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use groups_domain::{GroupId, Role};
use groups_store::{OpenError, ReplayRule, SinkName, Store, StoreError, StoreOptions, StreamStart, Tail};

use super::{run, run_alone};
use crate::cast::*;

async fn until(tail: &mut Tail, count: usize) -> Vec<GroupId> {
    let mut seen = Vec::new();
    while seen.len() < count {
        seen.extend(tail.next().await.unwrap().into_iter().map(|entry| entry.change.group_id()));
    }
    seen
}

/// Begins a transaction that writes the changes of group 1 to the log as those of group 100, and leaves it open.
async fn uncommitted_copy(url: &str) -> AsyncPgConnection {
    let mut connection = AsyncPgConnection::establish(url).await.unwrap();
    let insert = format!(
        "BEGIN; INSERT INTO log (group_id, version, actor_id, at, format, payload) \
         SELECT '{}', version, actor_id, at, format, payload FROM log WHERE group_id = '{}'",
        group_id(100).uuid(),
        group_id(1).uuid(),
    );
    connection.batch_execute(&insert).await.unwrap();
    connection
}

#[test]
fn a_change_made_by_one_server_wakes_the_tail_of_another() {
    run(async |db| {
        // Without polling only the bus can wake it in time.
        let patient = StoreOptions { tail_poll: Duration::from_secs(3_600), ..db.options() };
        let (here, there) = (Store::open(patient.clone()).await.unwrap(), Store::open(patient).await.unwrap());
        let mut tail = there.tail().await.unwrap();
        for number in 0..5 {
            here.did(ADA, group_id(number), create("Team")).await;
            assert_eq!(until(&mut tail, 1).await, [group_id(number)]);
        }
    });
}

/// From now on, a change that is read from the log cannot be decoded.
const UNREADABLE: &str = "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN NEW.payload := 'unreadable'; RETURN NEW; END $$; \
    CREATE TRIGGER spoil BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION spoil()";

/// The groups of the next changes, and of those that come with them.
async fn next(tail: &mut Tail) -> Vec<GroupId> {
    let mut seen = until(tail, 1).await;
    loop {
        // Also looks for what the tail does not know, while nothing is there.
        match tail.next_available().await.unwrap() {
            entries if entries.is_empty() => return seen,
            entries => seen.extend(entries.into_iter().map(|entry| entry.change.group_id())),
        }
    }
}

#[test]
fn a_tail_gets_the_commits_of_its_own_server_without_reading_the_log() {
    run_alone(async |db| {
        let store = Store::open(StoreOptions { tail_poll: Duration::from_secs(3_600), ..db.options() }).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        // When the store begins to listen, the tail looks into the log.
        store.did(ADA, group_id(0), create("Team")).await;
        assert_eq!(next(&mut tail).await, [group_id(0)]);
        db.sql(UNREADABLE).await;
        for number in 1..50 {
            store.did(ADA, group_id(number), create("Team")).await;
            assert_eq!(next(&mut tail).await, [group_id(number)]);
        }
    });
}

#[test]
fn a_tail_gets_the_commits_of_another_server_without_reading_the_log() {
    run_alone(async |db| {
        let patient = StoreOptions { tail_poll: Duration::from_secs(3_600), ..db.options() };
        let (here, there) = (Store::open(patient.clone()).await.unwrap(), Store::open(patient).await.unwrap());
        let mut tails = [here.tail().await.unwrap(), there.tail().await.unwrap()];
        // Each learns that the other exists.
        for (number, server) in [(1, &here), (2, &there)] {
            server.did(ADA, group_id(number), create("Team")).await;
            for tail in &mut tails {
                assert_eq!(next(tail).await, [group_id(number)]);
            }
        }
        db.sql(UNREADABLE).await;
        for number in 3..50 {
            let server = if number % 3 == 0 { &here } else { &there };
            // Longer than one notification.
            let command =
                create_with("Team", (0..if number % 5 == 0 { 400 } else { 1 }).map(|more| person(100 + more)));
            server.did(ADA, group_id(number), command).await;
            for tail in &mut tails {
                assert_eq!(next(tail).await, [group_id(number)]);
            }
        }
    });
}

#[test]
fn a_server_that_hears_no_other_notifies_five_times_a_second_at_most_and_always_after_its_last_commit() {
    run_alone(async |db| {
        // It never says that it is there.
        let mut silent = AsyncPgConnection::establish(&db.url).await.unwrap();
        silent.batch_execute("LISTEN groups_log").await.unwrap();
        let store = db.open().await;
        let mut heard = Box::pin(silent.notifications_stream());
        // It says that it is there.
        assert!(heard.next().await.unwrap().is_ok());
        for number in 0..5 {
            store.did(ADA, group_id(number), create("Team")).await;
            assert!(heard.next().await.unwrap().is_ok());
        }
        let begin = Instant::now();
        for number in 5..200 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        db.sql("NOTIFY groups_log, 'end'").await;
        let pauses = begin.elapsed().as_millis() / 200;
        let mut count = 0;
        while heard.next().await.unwrap().unwrap().payload != "end" {
            count += 1;
        }
        assert!(count <= pauses + 2, "{count} notifications in {pauses} pauses");
    });
}

#[test]
fn a_server_that_only_sends_signals_is_known_to_others() {
    run_alone(async |db| {
        let mut listener = AsyncPgConnection::establish(&db.url).await.unwrap();
        listener.batch_execute("LISTEN groups_log").await.unwrap();
        let mut heard = Box::pin(listener.notifications_stream());
        let store = db.open().await;
        // It says that it is there, so it listens.
        assert!(heard.next().await.unwrap().is_ok());
        db.sql("SELECT pg_notify('groups_signals', '00000000-0000-4000-8000-000000000001 hello')").await;
        // The answer.
        assert!(heard.next().await.unwrap().is_ok());
        store.did(ADA, group_id(1), create("Team")).await;
        let announced = heard.next().await.unwrap().unwrap().payload;
        assert!(announced.contains(' '), "the whole commit and not only that there is one: {announced}");
    });
}

#[test]
fn messages_of_commits_spare_other_servers_reading_the_log() {
    run_alone(async |db| {
        let options = StoreOptions { tail_poll: Duration::from_secs(3_600), postgres_notify: false, ..db.options() };
        let (here, there) = (Store::open(options.clone()).await.unwrap(), Store::open(options).await.unwrap());
        // A tail that knows no commit looks into the log.
        here.did(ADA, group_id(0), create("Team")).await;
        let (mut messages, mut tail) = (here.commit_messages().unwrap(), there.tail().await.unwrap());
        db.sql(UNREADABLE).await;
        for number in 1..30 {
            here.did(ADA, group_id(number), create("Team")).await;
            let message = messages.next().await.unwrap();
            there.hear_commit(&message);
            // Repetitions are ignored.
            there.hear_commit(&message);
            assert_eq!(next(&mut tail).await, [group_id(number)]);
        }
        // A forged message only makes the tail read the log, which is unreadable here.
        here.did(ADA, group_id(31), create("Team")).await;
        let mut forged = messages.next().await.unwrap();
        *forged.last_mut().unwrap() ^= 1;
        there.hear_commit(&forged);
        assert!(matches!(tail.next().await, Err(StoreError::Corrupt { .. })));
    });
}

#[test]
fn a_commit_that_is_too_long_to_announce_is_read_from_the_log() {
    run(async |db| {
        let patient = StoreOptions { tail_poll: Duration::from_secs(3_600), ..db.options() };
        let (here, there) = (Store::open(patient.clone()).await.unwrap(), Store::open(patient).await.unwrap());
        let mut tail = there.tail().await.unwrap();
        for number in [1, 2] {
            here.did(ADA, group_id(number), create_with("Team", (0..900).map(|more| person(100 + more)))).await;
            assert_eq!(until(&mut tail, 1).await, [group_id(number)]);
        }
    });
}

#[test]
fn versions_that_servers_make_in_turn_reach_every_tail_in_order() {
    run(async |db| {
        let (here, there) = (db.open().await, db.open().await);
        let mut tails = [here.tail().await.unwrap(), there.tail().await.unwrap()];
        here.did(ADA, group_id(1), create("Team")).await;
        for round in 0..60 {
            let server = if round % 3 == 0 { &there } else { &here };
            server.did(ADA, group_id(1), rename(&format!("Round {round}"))).await;
        }
        for tail in &mut tails {
            let mut versions = Vec::new();
            while versions.len() < 61 {
                versions.extend(tail.next().await.unwrap().iter().map(|entry| entry.change.version().get()));
            }
            assert_eq!(versions, (1..=61).collect::<Vec<_>>());
        }
    });
}

#[test]
fn an_open_transaction_delays_nobody_and_its_late_commit_is_not_skipped() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Template")).await;
        let mut tail = store.tail().await.unwrap();
        // Another writer takes its number in the log, and its transaction id, before all the others, and commits after them.
        let mut late = uncommitted_copy(&db.url).await;
        let away = store.open_stream(ADA, None, ReplayRule::default()).await.unwrap();
        for number in 2..20 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        assert_eq!(until(&mut tail, 18).await, (2..20).map(group_id).collect::<Vec<_>>());
        let middle = store.open_stream(ADA, Some(away.cursor), ReplayRule::default()).await.unwrap();
        let StreamStart::Resumed { missed: entries, .. } = &middle.start else { panic!("resumed") };
        assert!((2..20).all(|number| entries.iter().any(|entry| entry.change.group_id() == group_id(number))));
        late.batch_execute("COMMIT").await.unwrap();
        assert_eq!(until(&mut tail, 1).await, [group_id(100)]);
        // A position of while it was open comes before it.
        db.sql(&format!(
            "INSERT INTO groups SELECT '{}', name, description, owner_id, member_count, version, created_at, updated_at \
             FROM groups WHERE id = '{}'; \
             INSERT INTO memberships SELECT '{0}', user_id, joined_version, ordinal, role, joined_at \
             FROM memberships WHERE group_id = '{1}'",
            group_id(100).uuid(),
            group_id(1).uuid()
        ))
        .await;
        let resumed = store.open_stream(ADA, Some(middle.cursor), ReplayRule::default()).await.unwrap();
        assert!(!middle.seen.sees(late_commit(&resumed.start)));
    });
}

#[test]
fn a_position_refers_only_to_durable_transactions() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let before = store.open_stream(ADA, None, ReplayRule::default()).await.unwrap();
        // Ids that are used and leave nothing durable behind: after a crash they are given to others.
        for _ in 0..3 {
            db.sql("BEGIN; SELECT pg_current_xact_id(); ROLLBACK").await;
            db.sql("SELECT pg_notify('nobody', '')").await;
        }
        let after = store.open_stream(ADA, None, ReplayRule::default()).await.unwrap();
        // Which transactions below it are still open may differ: those of the other tests on this server count as well.
        assert_eq!(after.seen.below, before.seen.below);
    });
}

#[test]
fn a_position_taken_during_an_open_transaction_repeats_no_change() {
    run(async |db| {
        let store = db.open().await;
        let mut open = AsyncPgConnection::establish(&db.url).await.unwrap();
        open.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
        store.did(ADA, group_id(1), create_with("Left before", [BOB])).await;
        store.did(ADA, group_id(1), rename("Still with Bob")).await;
        store.did(ADA, group_id(1), remove(BOB)).await;
        store.did(ADA, group_id(2), create_with("Team", [BOB])).await;
        let away = store.open_stream(BOB, None, ReplayRule::default()).await.unwrap();
        let changes = [rename("One"), rename("Two")].map(|command| store.did(ADA, group_id(2), command));
        for change in changes {
            change.await;
        }
        let resumed = store.open_stream(BOB, Some(away.cursor), ReplayRule::default()).await.unwrap();
        let StreamStart::Resumed { missed: entries, .. } = resumed.start else { panic!("resumed") };
        let versions: Vec<u64> = entries.iter().map(|entry| entry.change.version().get()).collect();
        assert_eq!(versions, [2, 3]);
        let rest = store.open_stream(BOB, Some(entries[0].position.clone()), ReplayRule::default()).await.unwrap();
        let StreamStart::Resumed { missed: rest, .. } = rest.start else { panic!("resumed") };
        assert_eq!(rest.into_iter().map(|entry| entry.change).collect::<Vec<_>>(), [entries[1].change.clone()]);
    });
}

fn late_commit(start: &StreamStart) -> u64 {
    let StreamStart::Resumed { missed: entries, .. } = start else { panic!("resumed") };
    entries.iter().find(|entry| entry.change.group_id() == group_id(100)).expect("not skipped").commit
}

#[test]
fn with_several_writing_servers_every_tail_returns_each_change_once() {
    run(async |db| {
        let stores = join_all((0..3).map(|_| db.open())).await;
        let small = StoreOptions { tail_entries_max: 7, ..db.options() };
        let follower = Store::open(small).await.unwrap();
        let mut tail = follower.tail().await.unwrap();
        stores[0].did(ADA, group_id(0), create("Team")).await;
        let (servers, rounds) = (stores.len() as u128, 40);
        let writing = join_all(stores.iter().enumerate().map(async |(server, store)| {
            for round in 0..rounds {
                let own = 1 + round * servers + server as u128;
                store.did(ADA, group_id(own), create("Team")).await;
                store.did(ADA, group_id(0), add(person(1_000 + own))).await;
            }
        }));
        let expected = 1 + rounds * servers * 2;
        let following = async {
            let mut entries = Vec::new();
            while (entries.len() as u128) < expected {
                entries.extend(tail.next().await.unwrap());
            }
            entries
        };
        let (_, entries) = futures_util::future::join(writing, following).await;
        let shared = entries.iter().filter(|entry| entry.change.group_id() == group_id(0));
        let versions: Vec<u64> = shared.map(|entry| entry.change.version().get()).collect();
        assert_eq!(versions, (1..=versions.len() as u64).collect::<Vec<_>>());
        let mut own: Vec<_> = entries.iter().map(|entry| (entry.change.group_id(), entry.change.version())).collect();
        own.sort_unstable();
        own.dedup();
        assert_eq!(own.len() as u128, expected, "no repetition");
    });
}

#[test]
fn lost_connections_are_replaced() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        assert_eq!(until(&mut tail, 1).await, [group_id(1)]);
        for number in 2..6 {
            db.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
            store.did(ADA, group_id(number), create("Team")).await;
            assert_eq!(until(&mut tail, 1).await, [group_id(number)]);
            assert_eq!(store.groups(ADA, None, 10).await.unwrap().groups.len() as u128, number);
        }
    });
}

#[test]
fn answers_are_correct_while_connections_are_killed() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(0), create("Team")).await;
        let work = join_all((1..=60).map(async |number| store.does(ADA, group_id(0), add(person(number + 100))).await));
        let kill = async {
            for _ in 0..10 {
                db.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                )
                .await;
            }
        };
        let (answers, ()) = futures_util::future::join(work, kill).await;
        let added = answers.iter().filter(|answer| answer.is_ok()).count();
        let (group, _) = store.group(ADA, group_id(0)).await.unwrap().unwrap();
        assert_eq!(group.member_count as usize, 1 + added, "{answers:?}");
    });
}

#[test]
fn an_unreachable_server_is_a_clear_error() {
    run(async |_| {
        let options = StoreOptions {
            wait_max: Duration::from_secs(2),
            ..StoreOptions::new("postgres://ada:secret@127.0.0.1:1/db")
        };
        let error = Store::open(options).await.unwrap_err();
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    });
}

#[test]
fn a_database_that_cannot_be_written_is_reported_as_read_only() {
    run(async |db| {
        db.sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$")
            .await;
        let error = Store::open(db.options()).await.unwrap_err();
        assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
    });
}

#[test]
fn a_position_newer_than_a_restored_dump_gets_the_list() {
    run(async |db| {
        let store = db.open().await;
        let start = async |token: &str| {
            let from = store.cursor(token).expect("the id of the database is the same");
            store.open_stream(ADA, Some(from), ReplayRule::default()).await.unwrap().start
        };
        let position =
            async || store.cursors().token(&store.open_stream(ADA, None, ReplayRule::default()).await.unwrap().cursor);
        store.did(ADA, group_id(1), create("Team")).await;
        let kept = position().await;
        store.did(ADA, group_id(2), create("Lost")).await;
        let lost = position().await;
        // What restoring a dump into the same database amounts to.
        db.sql(&format!(
            "DELETE FROM memberships WHERE group_id = '{0}'; DELETE FROM groups WHERE id = '{0}'; \
             DELETE FROM log WHERE group_id = '{0}'; SELECT setval(pg_get_serial_sequence('log', 'seq'), 1)",
            group_id(2).uuid(),
        ))
        .await;
        for number in 3..6 {
            assert!(matches!(start(&lost).await, StreamStart::Snapshot(_)));
            store.did(ADA, group_id(number), create("Another history")).await;
        }
        assert!(matches!(start(&kept).await, StreamStart::Resumed { missed: entries, .. } if entries.len() == 3));
    });
}

#[test]
fn a_database_moved_to_another_cluster_gets_a_new_id_and_its_old_commits_count_as_settled() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let old = store.cursors().token(&store.open_stream(ADA, None, ReplayRule::default()).await.unwrap().cursor);
        store.close().await;
        db.sql("UPDATE meta SET value = 'elsewhere' WHERE name = 'home'; UPDATE log SET commit_id = '999999999999'")
            .await;
        let store = db.open().await;
        assert_eq!(store.cursor(&old), None);
        let away = store.open_stream(ADA, None, ReplayRule::default()).await.unwrap();
        assert!(away.seen.sees(away.seen.below - 1) || !away.seen.except.is_empty());
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(2), create("Team")).await;
        assert_eq!(until(&mut tail, 1).await, [group_id(2)]);
    });
}

#[test]
fn servers_that_start_at_once_on_an_older_database_share_one_new_cursor_key() {
    run(async |db| {
        db.open().await.close().await;
        db.sql("DELETE FROM meta WHERE name = 'cursor_key'").await;
        let stores = join_all((0..4).map(|_| db.open())).await;
        for store in &stores {
            let cursor = store.open_stream(ADA, None, ReplayRule::default()).await.unwrap().cursor;
            let token = store.cursors().token(&cursor);
            assert!(stores.iter().all(|other| other.cursor(&token).as_ref() == Some(&cursor)));
        }
    });
}

#[test]
fn several_stores_can_open_a_new_database_at_once() {
    run(async |db| {
        let stores = join_all((0..4).map(|_| db.open())).await;
        assert!(stores.iter().all(|store| store.id() == stores[0].id()));
        let answers = join_all(stores.iter().map(|store| store.does(ADA, group_id(1), create("Team")))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        let role = stores[3].group(ADA, group_id(1)).await.unwrap().map(|(_, role)| role);
        assert_eq!(role, Some(Role::Owner));
    });
}

#[test]
fn a_consumer_that_resumes_receives_late_commits() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Template")).await;
        let mut tail = store.tail().await.unwrap();
        let mut late = uncommitted_copy(&db.url).await;
        for number in 2..6 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        let mut entries = Vec::new();
        while entries.len() < 4 {
            entries.extend(tail.next().await.unwrap());
        }
        let position = entries.pop().unwrap().position;
        let name = SinkName::parse("webhook").unwrap();
        assert_eq!(store.save_sink_position(&name, &position, DAWN).await, Ok(true));
        drop(tail);
        store.close().await;
        late.batch_execute("COMMIT").await.unwrap();
        let store = db.open().await;
        let position = store.sink_position(&name).await.unwrap();
        let mut tail = store.tail_from(position).await.unwrap();
        // What it had read does not come again.
        assert_eq!(until(&mut tail, 1).await, [group_id(100)]);
        store.did(ADA, group_id(6), create("Team")).await;
        assert_eq!(until(&mut tail, 1).await, [group_id(6)]);
    });
}

#[test]
fn a_consumer_that_is_far_behind_can_save_positions_while_it_catches_up() {
    run(async |db| {
        let store = Store::open(StoreOptions { tail_entries_max: 4_000, ..db.options() }).await.unwrap();
        store.did(ADA, group_id(1), create("Template")).await;
        let mut tail = store.tail().await.unwrap();
        // More than a round knows by number, in two commits.
        for first in [0, 40_000] {
            db.sql(&format!(
                "INSERT INTO log (group_id, version, actor_id, at, format, payload) \
                 SELECT group_id, n + 2, actor_id, at, format, payload FROM log, generate_series({first}, {first} + 39999) AS n \
                 WHERE version = 1"
            ))
            .await;
        }
        let read = async |tail: &mut Tail, versions: std::ops::Range<u64>| {
            let mut entries = Vec::new();
            while entries.len() < 40_000 {
                entries.extend(tail.next().await.unwrap());
            }
            assert!(entries.iter().map(|entry| entry.change.version().get()).eq(versions));
            entries.pop().unwrap().position
        };
        let middle = read(&mut tail, 2..40_002).await;
        let mut tail = store.tail_from(Some(middle)).await.unwrap();
        read(&mut tail, 40_002..80_002).await;
    });
}

#[test]
fn tails_of_two_servers_get_each_change_once_and_in_order_while_they_share_reads() {
    run_alone(async |db| {
        let tail_poll = Duration::from_millis(3);
        let options = StoreOptions { tail_entries_max: 8, tail_poll, ..db.options() };
        for (first_group, recent_bytes_max, postgres_notify) in
            [(0, 6_000, true), (10, 1_000_000, true), (20, 1_000_000, false)]
        {
            let options = StoreOptions { recent_bytes_max, postgres_notify, ..options.clone() };
            let servers = [Store::open(options.clone()).await.unwrap(), Store::open(options).await.unwrap()];
            super::sinks::storm(&servers, first_group).await;
        }
    });
}
