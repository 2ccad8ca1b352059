//! Forgetting what need not be kept.

use std::time::Duration;

use groups_domain::{Command, Request, UserId, Version};
use groups_store::{History, Pruned, ReplayRule, Store, StreamStart};

use super::run;
use crate::cast::*;

const DAY: i64 = 24;

async fn did_at(store: &Store, hours: i64, actor: UserId, group: u128, command: Command) {
    let request = Request { at: after_hours(hours), ..request(group_id(group), actor, command) };
    store.execute(request.into()).await.unwrap();
}

/// In small steps until nothing is left; the sum of them.
async fn prune(store: &Store, hours: i64, step_max: u32) -> Pruned {
    let mut sum = Pruned::default();
    let open_for = Duration::from_millis((hours * HOUR_MS) as u64);
    loop {
        let step = store.prune(after_hours(hours), open_for, step_max).await.unwrap();
        if step.is_empty() {
            return sum;
        }
        assert!(step.changes <= step_max && step.memberships <= 2 * step_max && step.keys <= step_max);
        sum.changes += step.changes;
        sum.memberships += step.memberships;
        sum.groups += step.groups;
        sum.keys += step.keys;
        sum.usage += step.usage;
    }
}

#[test]
fn pruning_deletes_exactly_what_is_older_than_the_retention() {
    run(async |db| {
        let store = db.open().await;
        did_at(&store, 0, ADA, 1, create_with("Lives", [BOB, CAT])).await;
        did_at(&store, 1, ADA, 1, remove(BOB)).await;
        did_at(&store, 2, ADA, 2, create_with("Dies", [BOB, CAT])).await;
        did_at(&store, 3, ADA, 2, Command::DeleteGroup).await;
        did_at(&store, 31 * DAY, ADA, 1, rename("Still lives")).await;
        did_at(&store, 31 * DAY, ADA, 1, remove(CAT)).await;
        assert_eq!(prune(&store, 29 * DAY, 1).await, Pruned::default());
        let all = Pruned { changes: 4, memberships: 4, groups: 1, ..Pruned::default() };
        assert_eq!(prune(&store, 31 * DAY, 1).await, all);
        let History::Page { changes, .. } = store.history(ADA, group_id(1), version(0), 10).await.unwrap() else {
            panic!("a page")
        };
        let versions: Vec<_> = changes.iter().map(|change| change.version()).collect();
        assert_eq!(versions, [3, 4].map(Version::new));
        assert_eq!(store.members(ADA, group_id(1), None, 10).await.unwrap().unwrap().members.len(), 1);
        // The id of what is forgotten altogether is free.
        did_at(&store, 31 * DAY, BOB, 2, create("Another")).await;
    });
}

#[test]
fn a_position_older_than_the_log_gets_the_list() {
    run(async |db| {
        let store = db.open().await;
        did_at(&store, 0, ADA, 1, create("Team")).await;
        let position = async || store.open_stream(ADA, None, ReplayRule::default()).await.unwrap().cursor;
        let old = position().await;
        did_at(&store, 1, ADA, 1, rename("Crew")).await;
        let edge = position().await;
        did_at(&store, 31 * DAY, ADA, 1, rename("Team again")).await;
        prune(&store, 31 * DAY, 100).await;
        let open = async |from| store.open_stream(ADA, Some(from), ReplayRule::default()).await.unwrap().start;
        assert!(matches!(open(old).await, StreamStart::Snapshot(_)));
        // On PostgreSQL another transaction may have been under way, so that it is too old as well.
        match open(edge).await {
            StreamStart::Resumed { missed: entries, .. } => assert_eq!(entries.len(), 1),
            StreamStart::Snapshot(list) => assert_eq!(list.remaining(), 1),
        }
    });
}

#[test]
fn idempotency_keys_are_pruned_after_24_hours() {
    run(async |db| {
        let store = db.open().await;
        for number in 0..3 {
            let create = request(group_id(number), ADA, create("Team"));
            store.execute(keyed(create, &number.to_string(), 1)).await.unwrap();
        }
        assert_eq!(prune(&store, 23, 2).await, Pruned::default());
        assert_eq!(prune(&store, 24, 2).await, Pruned { keys: 3, ..Pruned::default() });
    });
}

#[test]
fn a_clock_that_jumps_ahead_temporarily_prunes_nothing() {
    run(async |db| {
        let store = db.open().await;
        did_at(&store, 0, ADA, 1, create_with("Team", [BOB])).await;
        did_at(&store, 1, ADA, 1, remove(BOB)).await;
        let create = request(group_id(2), ADA, create("Keyed"));
        store.execute(keyed(create, "key", 1)).await.unwrap();
        // Not at the first pruning of a store, nor at a later one, nor of one that was opened again.
        let jumped = async |store: &Store, minutes: u64| {
            let open_for = Duration::from_secs(60 * minutes);
            store.prune(after_hours(40 * DAY), open_for, 100).await.unwrap()
        };
        assert_eq!(jumped(&store, 1).await, Pruned::default());
        assert_eq!(prune(&store, 2, 100).await, Pruned::default());
        assert_eq!(jumped(&store, 121).await, Pruned::default());
        store.close().await;
        let store = db.open().await;
        assert_eq!(jumped(&store, 1).await, Pruned::default());
        // Once so much time has really passed, nothing has to be waited for.
        assert_eq!(
            prune(&store, 40 * DAY, 100).await,
            Pruned { changes: 3, memberships: 1, keys: 1, ..Pruned::default() }
        );
    });
}

#[test]
fn changes_dated_in_the_future_do_not_keep_others_from_being_pruned() {
    run(async |db| {
        let store = db.open().await;
        for number in 1..5 {
            did_at(&store, 300 * DAY, ADA, number, create("Of a clock that was wrong")).await;
        }
        did_at(&store, 0, ADA, 5, create("Team")).await;
        did_at(&store, 1, ADA, 5, rename("Crew")).await;
        // So that the newest change is dated rightly.
        did_at(&store, 31 * DAY, ADA, 6, create("Team")).await;
        let old = Pruned { changes: 2, ..Pruned::default() };
        assert_eq!(prune(&store, 32 * DAY, 2).await, old);
        assert_eq!(prune(&store, 331 * DAY, 2).await, Pruned { changes: 5, ..Pruned::default() });
    });
}
