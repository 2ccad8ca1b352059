//! Consumers of the log that continue where they stopped.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use groups_domain::{Change, GroupId, Timestamp};
use groups_store::{LogEntry, SinkName, Store, StoreError, StoreOptions, Tail};

use super::run;
use crate::cast::*;

fn sink() -> SinkName {
    SinkName::parse("webhook").unwrap()
}

/// The next changes, one batch after the other, until there are so many.
async fn read(tail: &mut Tail, count: usize) -> Vec<LogEntry> {
    let mut entries = Vec::new();
    while entries.len() < count {
        entries.extend(tail.next().await.unwrap());
    }
    entries
}

fn changes(entries: Vec<LogEntry>) -> Vec<Change> {
    entries.into_iter().map(|entry| entry.change).collect()
}

async fn resume(store: &Store) -> Tail {
    let position = store.sink_position(&sink()).await.unwrap();
    assert!(position.is_some(), "it was saved");
    store.tail_from(position).await.unwrap()
}

#[test]
fn a_tail_from_the_position_of_a_change_returns_exactly_what_follows() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        let mut expected = Vec::new();
        for number in 0..4 {
            expected.push(store.did(ADA, group_id(number), create("Team")).await);
            expected.push(store.did(ADA, group_id(number), rename("Crew")).await);
        }
        for (index, entry) in read(&mut tail, 8).await.into_iter().enumerate().take(7) {
            let mut tail = store.tail_from(Some(entry.position)).await.unwrap();
            assert_eq!(changes(read(&mut tail, 7 - index).await), expected[index + 1..]);
        }
    });
}

#[test]
fn a_consumer_resumes_after_the_store_is_reopened() {
    run(async |db| {
        let small = StoreOptions { tail_entries_max: 3, ..db.options() };
        let mut store = Store::open(small.clone()).await.unwrap();
        assert_eq!(store.sink_position(&sink()).await, Ok(None));
        let mut tail = store.tail().await.unwrap();
        let (mut made, mut processed) = (Vec::new(), Vec::new());
        for round in 0..4 {
            for number in 0..5 {
                let command = if round == 0 { create("Team") } else { rename(&format!("Team {round}")) };
                made.push(store.did(ADA, group_id(number), command).await);
            }
            // It stops in the middle of what there is.
            let entries = tail.next().await.unwrap();
            let last = entries.last().unwrap().position.clone();
            processed.extend(changes(entries));
            assert_eq!(store.save_sink_position(&sink(), &last, DAWN).await, Ok(true));
            drop(tail);
            store.close().await;
            store = Store::open(small.clone()).await.unwrap();
            tail = resume(&store).await;
        }
        let rest = read(&mut tail, made.len() - processed.len()).await;
        processed.extend(changes(rest));
        assert_eq!(processed, made);
    });
}

#[test]
fn a_consumer_receives_what_was_committed_while_it_was_away() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        let last = read(&mut tail, 1).await.pop().unwrap().position;
        store.save_sink_position(&sink(), &last, DAWN).await.unwrap();
        drop(tail);
        let missed = store.did(ADA, group_id(1), rename("Crew")).await;
        let mut tail = resume(&store).await;
        assert_eq!(changes(read(&mut tail, 1).await), [missed]);
        let later = store.did(ADA, group_id(1), rename("Band")).await;
        assert_eq!(changes(read(&mut tail, 1).await), [later]);
    });
}

#[test]
fn an_older_position_does_not_replace_a_newer_one_and_each_sink_has_its_own() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        for number in 0..3 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        let positions: Vec<_> = read(&mut tail, 3).await.into_iter().map(|entry| entry.position).collect();
        let save = async |at: usize| store.save_sink_position(&sink(), &positions[at], DAWN).await.unwrap();
        assert!(save(1).await);
        assert!(!save(0).await && !save(1).await);
        assert_eq!(store.sink_position(&sink()).await, Ok(Some(positions[1].clone())));
        assert!(save(2).await);
        let other = SinkName::parse("search index").unwrap();
        assert_eq!(store.sink_position(&other).await, Ok(None));
        assert_eq!(store.save_sink_position(&other, &positions[0], DAWN).await, Ok(true));
        assert_eq!(store.sink_position(&sink()).await, Ok(Some(positions[2].clone())));
    });
}

#[test]
fn concurrently_saved_positions_end_with_the_newest() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        for number in 0..12 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        let positions: Vec<_> = read(&mut tail, 12).await.into_iter().map(|entry| entry.position).collect();
        let name = sink();
        let saves = positions.iter().rev().map(|position| store.save_sink_position(&name, position, DAWN));
        for saved in join_all(saves).await {
            saved.unwrap();
        }
        assert_eq!(store.sink_position(&name).await, Ok(positions.last().cloned()));
    });
}

#[test]
fn a_position_of_another_database_is_refused() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        let old = read(&mut tail, 1).await.pop().unwrap().position;
        store.save_sink_position(&sink(), &old, DAWN).await.unwrap();
        drop(tail);
        store.close().await;
        db.sql("UPDATE meta SET value = '00000000-0000-4000-8000-000000000001' WHERE name = 'store_id'").await;
        let store = db.open().await;
        assert_eq!(store.tail_from(Some(old.clone())).await.unwrap_err(), StoreError::HistoryReplaced);
        assert_eq!(store.save_sink_position(&sink(), &old, DAWN).await, Err(StoreError::HistoryReplaced));
        // The consumer starts over, and its new position takes the place of the old one, which is higher.
        assert_eq!(store.sink_position(&sink()).await, Ok(Some(old)));
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(2), create("Crew")).await;
        let new = read(&mut tail, 1).await.pop().unwrap().position;
        assert_eq!(store.save_sink_position(&sink(), &new, DAWN).await, Ok(true));
        assert_eq!(store.sink_position(&sink()).await, Ok(Some(new)));
    });
}

#[test]
fn a_position_lost_in_a_restore_is_refused() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        for number in 0..3 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        let last = read(&mut tail, 3).await.pop().unwrap().position;
        db.sql("UPDATE log SET actor_id = group_id WHERE seq = (SELECT max(seq) FROM log)").await;
        assert_eq!(store.tail_from(Some(last)).await.unwrap_err(), StoreError::HistoryReplaced);
    });
}

/// Prunes until nothing is left that is older than the log is kept.
async fn prune(store: &Store, now: Timestamp) {
    let open_for = Duration::from_secs(3_600 * 24 * 365);
    while !store.prune(now, open_for, 100).await.unwrap().is_empty() {}
}

#[test]
fn a_consumer_that_was_away_longer_than_the_retention_gets_an_error() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        for number in 0..3 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        let entries = read(&mut tail, 3).await;
        let at = |index: usize| entries[index].position.clone();
        prune(&store, after_hours(24 * 31)).await;
        for old in [at(0), at(1)] {
            assert_eq!(store.tail_from(Some(old)).await.unwrap_err(), StoreError::OlderThanLog);
        }
    });
}

#[test]
fn a_consumer_that_has_read_everything_pruned_continues() {
    run(async |db| {
        // Nothing else may run, or the position names what was under way.
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        for number in 0..3 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        let last = read(&mut tail, 3).await.pop().unwrap().position;
        prune(&store, after_hours(24 * 31)).await;
        let names_others = !format!("{last:?}").contains("except []");
        let after: Vec<GroupId> = match store.tail_from(Some(last)).await {
            Ok(mut tail) => {
                store.did(ADA, group_id(9), create("Crew")).await;
                read(&mut tail, 1).await.into_iter().map(|entry| entry.change.group_id()).collect()
            }
            Err(error) => {
                assert!(names_others && error == StoreError::OlderThanLog, "{error}");
                return;
            }
        };
        assert_eq!(after, [group_id(9)]);
    });
}

#[test]
fn a_tail_reports_pruned_changes_once_and_continues() {
    run(async |db| {
        let store = Store::open(StoreOptions { recent_bytes_max: 0, ..db.options() }).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        prune(&store, after_hours(24 * 31)).await;
        assert_eq!(tail.next().await, Err(StoreError::OlderThanLog));
        let kept = store.did(ADA, group_id(2), create("Crew")).await;
        assert_eq!(changes(tail.next().await.unwrap()), [kept]);
    });
}

#[test]
fn a_consumer_that_is_far_behind_reads_pieces_of_bounded_bytes() {
    run(async |db| {
        let options = StoreOptions { tail_bytes_max: 1, recent_bytes_max: 0, ..db.options() };
        let store = Store::open(options).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        let mut expected = Vec::new();
        for number in 0..40 {
            expected.push(store.did(ADA, group_id(number), create("Team")).await);
        }
        let mut seen = Vec::new();
        while seen.len() < expected.len() {
            let entries = tail.next().await.unwrap();
            assert!(entries.len() <= 16, "{}", entries.len());
            seen.extend(changes(entries));
        }
        assert_eq!(seen, expected);
    });
}

/// Commits do not come directly, so every tail reads the log.
fn without_shortcut(options: StoreOptions, tail_poll: Duration) -> StoreOptions {
    StoreOptions { recent_bytes_max: 0, tail_poll, postgres_notify: false, ..options }
}

#[test]
fn tails_that_a_commit_wakes_at_the_same_time_share_one_read_of_the_log() {
    run(async |db| {
        let options = without_shortcut(db.options(), Duration::from_secs(3_600));
        let store = Store::open(options).await.unwrap();
        let mut tails =
            join_all((0..20).map(|_| store.tail())).await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        for number in 1..=3 {
            let reading = join_all(tails.iter_mut().map(Tail::next));
            let (read, made) = tokio::join!(reading, store.did(ADA, group_id(number), create("Team")));
            for entries in read {
                assert_eq!(changes(entries.unwrap()), std::slice::from_ref(&made));
            }
            for tail in &mut tails {
                assert_eq!(tail.next_available().await, Ok(Vec::new()));
            }
            assert_eq!(store.log_reads(), u64::try_from(number).unwrap());
        }
    });
}

#[test]
fn idle_tails_poll_together() {
    run(async |db| {
        let poll = Duration::from_millis(20);
        let store = Store::open(without_shortcut(db.options(), poll)).await.unwrap();
        let mut tails = Vec::new();
        for _ in 0..20 {
            // They do not begin at the same time.
            tokio::time::sleep(poll / 10).await;
            tails.push(store.tail().await.unwrap());
        }
        let (begin, before) = (Instant::now(), store.log_reads());
        let waiting = join_all(tails.iter_mut().map(Tail::next));
        let polled = async {
            while store.log_reads() < before + 30 {
                tokio::time::sleep(poll / 4).await;
            }
        };
        tokio::select! {
            _ = waiting => unreachable!("nothing was committed"),
            () = polled => {}
        }
        let halves = u64::try_from(begin.elapsed().as_micros() / (poll / 2).as_micros()).unwrap();
        let reads = store.log_reads() - before;
        assert!(reads <= halves + 2, "{reads} reads in {halves} halves of the interval");
    });
}

#[test]
fn tails_of_every_pace_get_each_change_once_and_in_order_while_they_share_reads() {
    run(async |db| {
        // Few commits come directly, or all; batches are short, and polls come at any moment.
        for (first_group, recent_bytes_max) in [(0, 6_000), (10, 1_000_000)] {
            let tail_poll = Duration::from_millis(3);
            let options = StoreOptions { recent_bytes_max, tail_entries_max: 8, tail_poll, ..db.options() };
            let store = Store::open(options).await.unwrap();
            storm(std::slice::from_ref(&store), first_group).await;
            store.close().await;
        }
    });
}

/// Makes changes on every server at once while tails follow them.
///
/// # Panics
/// If a tail does not get the versions of each group in order.
pub(super) async fn storm(servers: &[Store], first_group: u128) {
    const GROUPS: u128 = 6;
    const RENAMES: u64 = 80;
    let groups = first_group..first_group + GROUPS;
    for number in groups.clone() {
        servers[0].did(ADA, group_id(number), create("Team")).await;
    }
    let mut tails = Vec::new();
    for server in servers {
        for _ in 0..6 {
            tails.push(server.tail().await.unwrap());
        }
    }
    let follow = join_all(tails.into_iter().enumerate().map(async |(pace, mut tail)| {
        let (mut newest, mut left) = (HashMap::new(), RENAMES * u64::try_from(GROUPS).unwrap());
        while left > 0 {
            for entry in tail.next().await.unwrap() {
                let newest = newest.entry(entry.change.group_id()).or_insert(1);
                assert_eq!(entry.change.version().get(), *newest + 1, "of {}", entry.change.group_id());
                (*newest, left) = (*newest + 1, left - 1);
            }
            for _ in 0..pace * 4 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(tail.next_available().await, Ok(Vec::new()));
    }));
    let change = join_all(groups.map(async |number| {
        for turn in 0..RENAMES {
            let server = &servers[usize::try_from(turn).unwrap() % servers.len()];
            server.did(ADA, group_id(number), rename(&format!("Team {turn}"))).await;
        }
    }));
    tokio::join!(follow, change);
}
