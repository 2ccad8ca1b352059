//! What clients need in order to resume with changes that a server has in memory.

use groups_domain::{Audience, Command, GroupId, ReadPoint};
use groups_store::{
    LogEntry, OpenMemberships, Position, ReplayRule, ResumePoints, Resumer, Store, StoreOptions, StreamStart,
};

use super::run;
use crate::cast::*;

async fn position(store: &Store) -> Position {
    store.open_stream(ADA, None, ReplayRule::default()).await.unwrap().cursor
}

async fn points(store: &Store, from: &Position, known: ReadPoint) -> ResumePoints {
    let resumers = [ADA, BOB, EVE].map(|user_id| Resumer { user_id, from: from.clone() });
    store.resume_points(resumers.into(), known).await.unwrap()
}

#[test]
fn the_memberships_of_many_users_are_read_at_one_point_with_those_in_deleted_groups() {
    run(async |db| {
        let store = db.open().await;
        let (kept, left, deleted) = (group_id(1), group_id(2), group_id(3));
        for group in [kept, left, deleted] {
            store.did(ADA, group, create_with("Team", [BOB])).await;
        }
        let from = position(&store).await;
        store.did(ADA, left, remove(BOB)).await;
        store.did(ADA, deleted, Command::DeleteGroup).await;
        let read = points(&store, &from, from.known()).await;
        assert_eq!((read.newer.len(), read.cursor.known()), (2, read.seen.clone()));
        assert!(read.newer.iter().all(|commit| read.seen.sees(*commit) && !from.known().sees(*commit)));
        let expected = [
            OpenMemberships {
                groups: of(Audience::Managers, &[kept, left]),
                with_deleted: of(Audience::Managers, &[kept, left, deleted]),
            },
            OpenMemberships {
                groups: of(Audience::Members, &[kept]),
                with_deleted: of(Audience::Members, &[kept, deleted]),
            },
            OpenMemberships::default(),
        ];
        assert_eq!(read.memberships, expected.map(Some));
        assert_eq!(points(&store, &from, read.seen.clone()).await.newer.len(), 0);
    });
}

#[test]
fn a_position_that_is_not_valid_or_older_than_the_log_is_not_resumed_from() {
    run(async |db| {
        let store = db.open().await;
        let empty = position(&store).await;
        store.did(ADA, group_id(1), create("Team")).await;
        let from = position(&store).await;
        let known = from.known();
        let none = [None, None, None];
        assert_eq!(points(&store, &empty, known.clone()).await.memberships, none, "nothing confirms its history");
        assert!(points(&store, &from, known.clone()).await.memberships[0].is_some());
        // As after a backup was restored, and other changes were made.
        db.sql("UPDATE log SET at = at + 1").await;
        assert_eq!(points(&store, &from, known.clone()).await.memberships, none);
        db.sql("UPDATE log SET at = at - 1").await;
        db.sql("INSERT INTO meta (name, value) VALUES ('log_floor', '09999999999999999999')").await;
        assert_eq!(points(&store, &from, known).await.memberships, none);
    });
}

#[test]
fn a_tail_with_recent_changes_begins_before_the_end_and_then_follows_the_log() {
    run(async |db| {
        let store = Store::open(StoreOptions { tail_entries_max: 2, ..db.options() }).await.unwrap();
        for number in 1..=5 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        for recent in [0, 2, 100] {
            let mut tail = store.tail_with_recent(recent).await.unwrap();
            let last = store.did(ADA, group_id(1), rename(&format!("Team {recent}"))).await;
            let mut entries: Vec<LogEntry> = Vec::new();
            while entries.last().is_none_or(|entry| entry.change != last) {
                entries.extend(tail.next().await.unwrap());
            }
            // On PostgreSQL it may begin earlier, because another transaction was under way.
            let all = store.open_stream(ADA, Some(entries[0].position.clone()), ReplayRule::default()).await.unwrap();
            let StreamStart::Resumed { missed: all, .. } = all.start else { panic!("resumed") };
            let changes = |entries: &[LogEntry]| entries.iter().map(|entry| entry.change.clone()).collect::<Vec<_>>();
            assert!(entries.len() > recent.min(5) as usize, "{recent}: {}", entries.len());
            assert_eq!(changes(&entries[1..]), changes(&all));
        }
    });
}

fn of(audience: Audience, groups: &[GroupId]) -> Vec<(GroupId, Audience)> {
    groups.iter().map(|group_id| (*group_id, audience)).collect()
}
