//! Where a stream begins, and what follows.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use groups_domain::{Change, Command, Role, UserId, Version};
use groups_store::{
    History, LogEntry, OpenedStream, PAGE_BYTES_MAX, Reason, ReplayRule, Store, StoreError, StoreOptions, StreamStart,
};
use tokio::time::timeout;

use super::run;
use crate::cast::*;

/// What somebody has missed since a reading; `None` where they get the list.
async fn missed(store: &Store, user: UserId, from: &OpenedStream) -> Option<Vec<Change>> {
    let start = store.open_stream(user, Some(from.cursor.clone()), ReplayRule::default()).await.unwrap().start;
    match start {
        StreamStart::Snapshot(_) => None,
        StreamStart::Resumed { missed: entries, .. } => Some(entries.into_iter().map(|entry| entry.change).collect()),
    }
}

async fn now(store: &Store, user: UserId) -> OpenedStream {
    store.open_stream(user, None, ReplayRule::default()).await.unwrap()
}

#[test]
fn without_a_position_a_stream_starts_with_the_list() {
    run(async |db| {
        let store = db.open().await;
        let first = store.did(ADA, group_id(1), create("First")).await.group;
        let second = store.did(ADA, group_id(2), create("Second")).await.group;
        let start = now(&store, ADA).await;
        let owner = Role::Owner;
        assert_eq!(start.groups.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [group_id(2), group_id(1)]);
        let StreamStart::Snapshot(list) = start.start.clone() else { panic!("no position was given") };
        assert_eq!(whole(&store, list).await, [(second, owner), (first, owner)]);
        assert_eq!(missed(&store, ADA, &start).await, Some(vec![]));
    });
}

#[test]
fn a_resumed_stream_has_exactly_the_changes_within_the_users_memberships() {
    run(async |db| {
        let store = db.open().await;
        let (inside, left, joined, other) = (group_id(1), group_id(2), group_id(3), group_id(4));
        store.did(ADA, inside, create_with("Inside", [BOB])).await;
        store.did(ADA, left, create_with("Left", [BOB])).await;
        store.did(ADA, joined, create("Joined")).await;
        store.did(ADA, other, create("Other")).await;
        let away = now(&store, BOB).await;

        let mut expected = vec![store.did(ADA, inside, rename("Inside 2")).await];
        store.did(ADA, joined, rename("Before Bob")).await;
        expected.push(store.did(ADA, left, remove(BOB)).await);
        store.did(ADA, left, rename("Without Bob")).await;
        expected.push(store.did(ADA, joined, add(BOB)).await);
        expected.push(store.did(ADA, joined, rename("With Bob")).await);
        store.did(ADA, other, rename("Never Bob's")).await;
        expected.push(store.did(ADA, left, add(BOB)).await);
        expected.push(store.did(BOB, left, Command::Leave { successor: None }).await);
        store.did(ADA, left, rename("Without Bob again")).await;
        expected.push(store.did(ADA, inside, Command::DeleteGroup).await);

        assert_eq!(missed(&store, BOB, &away).await, Some(expected.clone()));
        let start = store.open_stream(BOB, Some(away.cursor.clone()), ReplayRule::default()).await.unwrap();
        assert_eq!(start.groups.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [joined]);
        // From the position of each, exactly what follows it.
        let StreamStart::Resumed { missed: entries, .. } = start.start else { panic!("resumed") };
        for (index, entry) in entries.iter().enumerate() {
            let from = store.cursor(&store.cursors().token(&entry.position));
            let rest = store.open_stream(BOB, from, ReplayRule::default()).await.unwrap().start;
            let StreamStart::Resumed { missed: rest, .. } = rest else { panic!("resumed") };
            assert_eq!(rest.into_iter().map(|entry| entry.change).collect::<Vec<_>>(), expected[index + 1..]);
        }
        assert_eq!(missed(&store, EVE, &away).await, Some(vec![]));
    });
}

#[test]
fn a_resume_from_a_position_of_a_tail_has_all_later_changes_and_repeats_only_incomplete_commits() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        let groups = || (0..12).map(group_id);
        join_all(groups().map(|group| store.did(ADA, group, create("Team")))).await;
        for round in 0..3 {
            join_all(groups().map(|group| store.did(ADA, group, rename(&format!("Round {round}"))))).await;
        }
        let mut entries = Vec::new();
        while entries.len() < 48 {
            entries.extend(tail.next().await.unwrap());
        }
        for (index, entry) in entries.iter().enumerate() {
            let from = store.cursor(&store.cursors().token(&entry.position));
            let start = store.open_stream(ADA, from, ReplayRule::default()).await.unwrap().start;
            let StreamStart::Resumed { missed: rest, .. } = start else { panic!("resumed") };
            let keys = |entries: &[LogEntry]| -> BTreeSet<_> {
                entries.iter().map(|entry| (entry.change.group_id(), entry.change.version())).collect()
            };
            let (rest, later) = (keys(&rest), keys(&entries[index + 1..]));
            assert!(rest.is_superset(&later), "{index}");
            // Changes of one commit share its number, so all of them are repeated until its last. The rows of two
            // commits may be mixed.
            let incomplete: BTreeSet<u64> = entries[index..].iter().map(|later| later.commit).collect();
            let earlier = entries[..=index].iter().filter(|other| incomplete.contains(&other.commit));
            let earlier: Vec<_> = earlier.cloned().collect();
            assert!(keys(&earlier).is_superset(&rest.difference(&later).copied().collect()), "{index}");
        }
    });
}

#[test]
fn the_list_is_sent_instead_of_too_many_missed_changes() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let away = now(&store, ADA).await;
        for number in 0..5 {
            store.did(ADA, group_id(1), rename(&format!("Team {number}"))).await;
        }
        let open = async |events_max| {
            store
                .open_stream(ADA, Some(away.cursor.clone()), ReplayRule { events_max, ..ReplayRule::default() })
                .await
                .unwrap()
                .start
        };
        assert!(matches!(open(5).await, StreamStart::Resumed { missed: entries, .. } if entries.len() == 5));
        assert!(matches!(open(4).await, StreamStart::Snapshot(list) if list.remaining() == 1));
        // However many are allowed, somebody with one group gets no more than 100.
        for number in 5..101 {
            store.did(ADA, group_id(1), rename(&format!("Team {number}"))).await;
        }
        assert!(matches!(open(10_000).await, StreamStart::Snapshot(_)));
    });
}

#[test]
fn the_list_is_sent_instead_of_too_many_missed_bytes() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let away = now(&store, ADA).await;
        store.did(ADA, group_id(1), add_many((100..200).map(person))).await;
        let open = async |bytes_max| {
            let rule = ReplayRule { bytes_max, ..ReplayRule::default() };
            store.open_stream(ADA, Some(away.cursor.clone()), rule).await.unwrap().start
        };
        assert!(matches!(open(64 * 1024).await, StreamStart::Resumed { missed: entries, .. } if entries.len() == 1));
        assert!(matches!(open(1024).await, StreamStart::Snapshot(list) if list.remaining() == 1));
    });
}

#[test]
fn a_list_that_is_read_slowly_shows_every_group_as_of_when_it_was_opened() {
    run(async |db| {
        let store = db.open().await;
        let mut expected = Vec::new();
        for number in 1..=5 {
            expected
                .insert(0, (store.did(ADA, group_id(number), create_with("Team", [BOB])).await.group, Role::Member));
        }
        let StreamStart::Snapshot(mut list) = now(&store, BOB).await.start else { panic!("no position was given") };
        let mut read = store.next_groups(&mut list, 1, usize::MAX).await.unwrap();
        store.did(ADA, group_id(5), rename("Read before")).await;
        store.did(ADA, group_id(4), rename("Renamed")).await;
        store.did(ADA, group_id(3), remove(BOB)).await;
        store.did(ADA, group_id(2), Command::DeleteGroup).await;
        store.did(ADA, group_id(6), create_with("New", [BOB])).await;
        read.extend(whole(&store, list).await);
        assert_eq!(read, expected);
    });
}

#[test]
fn a_list_shows_every_group_as_it_is_whatever_was_listed_before() {
    run(async |db| {
        let store = db.open().await;
        for number in 1..=4 {
            store.did(ADA, group_id(number), create_with("Team", [BOB])).await;
        }
        let one_by_one = async || {
            let mut groups = Vec::new();
            for number in (1..=4).rev() {
                groups.extend(store.group(BOB, group_id(number)).await.unwrap());
            }
            groups
        };
        for (number, command) in [
            (1, rename("Renamed")),
            (2, remove(BOB)),
            (3, Command::DeleteGroup),
            (1, add(CAT)),
            (2, add(BOB)),
            (4, remove(BOB)),
        ] {
            let before = one_by_one().await;
            let StreamStart::Snapshot(list) = now(&store, BOB).await.start else { panic!("no position was given") };
            store.did(ADA, group_id(number), command).await;
            for _ in 0..2 {
                assert_eq!(store.groups(BOB, None, 10).await.unwrap().groups, one_by_one().await);
            }
            assert_eq!(whole(&store, list).await, before);
        }
    });
}

#[test]
fn a_piece_of_a_list_ends_at_its_limits_and_has_at_least_one_group() {
    run(async |db| {
        let store = db.open().await;
        for number in 1..=5 {
            store.did(ADA, group_id(number), create(&"🦀".repeat(100))).await;
        }
        for (groups_max, bytes_max, expected) in
            [(2, usize::MAX, [2, 2, 1].as_slice()), (500, 1, &[1; 5]), (500, 1_600, &[2, 2, 1]), (500, 1_000_000, &[5])]
        {
            let StreamStart::Snapshot(mut list) = now(&store, ADA).await.start else { panic!("no position was given") };
            let mut pieces = Vec::new();
            while list.remaining() > 0 {
                pieces.push(store.next_groups(&mut list, groups_max, bytes_max).await.unwrap().len());
            }
            assert_eq!(pieces, expected);
            assert_eq!(store.next_groups(&mut list, groups_max, bytes_max).await, Ok(Vec::new()));
        }
    });
}

#[test]
fn a_list_fails_if_the_history_that_it_needs_was_pruned() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let StreamStart::Snapshot(mut list) = now(&store, ADA).await.start else { panic!("no position was given") };
        store.did(ADA, group_id(1), rename("Renamed")).await;
        db.sql("DELETE FROM log WHERE version = 1").await;
        let piece = store.next_groups(&mut list, 500, usize::MAX).await;
        assert_eq!(piece, Err(StoreError::Unavailable(Reason::Outdated)));
    });
}

#[test]
fn pages_end_before_the_size_limit_and_the_next_one_continues() {
    run(async |db| {
        let store = db.open().await;
        let long = Command::create("Team", &"🦀".repeat(1_000)).unwrap();
        for number in 1..=100 {
            store.did(ADA, group_id(number), long.clone()).await;
        }
        let (mut after, mut pages, mut ids) = (None, Vec::new(), Vec::new());
        loop {
            let page = store.groups(ADA, after, 500).await.unwrap();
            pages.push(page.groups.len());
            ids.extend(page.groups.into_iter().map(|(group, _)| group.group_id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(ids, (1..=100).rev().map(group_id).collect::<Vec<_>>());
        assert!(pages.len() > 1 && pages.iter().all(|groups| groups * 4_000 < PAGE_BYTES_MAX), "{pages:?}");

        let history = group_id(1_000);
        store.did(ADA, history, create("Team")).await;
        for step in 0..12 {
            store.did(ADA, history, add_many((0..1_000).map(|number| person(10_000 + step * 1_000 + number)))).await;
        }
        let (mut after, mut pages, mut versions) = (Version::new(0), 0, Vec::new());
        while let History::Page { changes, next } = store.history(ADA, history, after, 500).await.unwrap() {
            pages += 1;
            versions.extend(changes.iter().map(|change| change.version().get()));
            let Some(next) = next else { break };
            after = next;
        }
        assert_eq!(versions, (1..=13).collect::<Vec<_>>());
        assert!(pages > 1, "{pages}");
    });
}

#[test]
fn a_position_can_be_read_only_from_its_own_token() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let cursor = now(&store, ADA).await.cursor;
        let token = store.cursors().token(&cursor);
        assert_eq!(store.cursor(&token), Some(cursor));
        // The last one is a cursor of version 0.1, which anybody could make.
        for text in
            ["", ".", "1", &token[1..], &format!("{token}x"), &token.to_uppercase(), "a30d0af18bc3b3fd.5.4.faa6942d"]
        {
            assert_eq!(store.cursor(text), None, "{text:?}");
        }
    });
}

#[test]
fn tokens_survive_restarts_and_two_tokens_of_one_position_differ() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let cursor = now(&store, ADA).await.cursor;
        let (first, second) = (store.cursors().token(&cursor), store.cursors().token(&cursor));
        assert_ne!(first, second);
        store.did(BOB, group_id(2), create("Somebody else's")).await;
        let later = store.cursors().token(&now(&store, ADA).await.cursor);
        assert_eq!([first.len(), second.len()], [later.len(); 2]);
        store.close().await;
        let store = db.open().await;
        assert_eq!([store.cursor(&first), store.cursor(&second)], [Some(cursor.clone()), Some(cursor)]);
    });
}

#[test]
fn a_database_without_a_cursor_key_gets_a_new_one_and_its_old_cursors_are_invalid() {
    run(async |db| {
        let store = db.open().await;
        let old = store.cursors().token(&now(&store, ADA).await.cursor);
        store.close().await;
        db.sql("DELETE FROM meta WHERE name = 'cursor_key'").await;
        let store = db.open().await;
        assert_eq!(store.cursor(&old), None);
        let new = store.cursors().token(&now(&store, ADA).await.cursor);
        store.close().await;
        db.sql("UPDATE meta SET value = 'not a key' WHERE name = 'cursor_key'").await;
        let error = Store::open(db.options()).await.unwrap_err().to_string();
        assert!(error.contains("cursor_key") && !error.contains("not a key"), "{error}");
        db.sql("DELETE FROM meta WHERE name = 'cursor_key'").await;
        assert_eq!(db.open().await.cursor(&new), None);
    });
}

#[test]
fn a_position_before_the_first_change_can_be_resumed() {
    run(async |db| {
        let store = db.open().await;
        let away = now(&store, ADA).await;
        let created = store.did(ADA, group_id(1), create("Team")).await;
        assert_eq!(missed(&store, ADA, &away).await, Some(vec![created]));
    });
}

#[test]
fn a_tail_returns_each_later_change_once_and_is_woken_by_the_next() {
    run(async |db| {
        // Without polling only a wake-up can bring the last change in time.
        let patient = StoreOptions { tail_poll: Duration::from_secs(3_600), ..db.options() };
        let store = Store::open(patient).await.unwrap();
        store.did(ADA, group_id(1), create("Before")).await;
        let mut tail = store.tail().await.unwrap();
        let mut expected = Vec::new();
        for number in 0..20 {
            expected.push(store.did(ADA, group_id(1), rename(&format!("Team {number}"))).await);
        }
        let mut seen = Vec::new();
        while seen.len() < expected.len() {
            seen.extend(tail.next().await.unwrap().into_iter().map(|entry| entry.change));
        }
        assert_eq!(seen, expected);
        // It has read, found nothing and waits before the last change is made.
        let mut next = std::pin::pin!(tail.next());
        let nothing = timeout(Duration::from_millis(200), &mut next).await;
        assert!(nothing.is_err(), "{nothing:?}");
        let last = store.did(ADA, group_id(1), rename("Last")).await;
        let entries = timeout(Duration::from_secs(30), next).await.expect("the commit wakes the tail").unwrap();
        assert_eq!(entries.into_iter().map(|entry| entry.change).collect::<Vec<_>>(), [last]);
    });
}

#[test]
fn a_read_point_separates_what_was_read_from_what_follows() {
    run(async |db| {
        let store = db.open().await;
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Seen")).await;
        let start = now(&store, ADA).await;
        store.did(ADA, group_id(1), rename("Not seen")).await;
        let mut entries = Vec::new();
        while entries.len() < 2 {
            entries.extend(tail.next().await.unwrap());
        }
        let seen: Vec<_> = entries.iter().map(|entry| start.seen.sees(entry.commit)).collect();
        assert_eq!(seen, [true, false]);
    });
}
