//! Locks that somebody else holds: only what needs them waits, and not for long.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{join, join_all};
use groups_store::{ExecuteError, Reason, Store, StoreOptions};

use super::{Db, run};
use crate::cast::*;

/// Groups that share a lane.
const GROUPS: std::ops::Range<u128> = 0..20;

async fn one_lane(db: &Db, wait_max: Duration) -> Store {
    let store = Store::open(StoreOptions { postgres_lanes: 1, wait_max, ..db.options() }).await.unwrap();
    join_all(GROUPS.map(|number| store.did(ADA, group_id(number), create_with("Team", [BOB])))).await;
    store
}

/// A transaction of somebody else that has done this and stays open.
async fn holding(db: &Db, sql: &str) -> AsyncPgConnection {
    let mut conn = AsyncPgConnection::establish(&db.url).await.unwrap();
    conn.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
    conn
}

fn is_busy<T>(answer: &Result<T, ExecuteError>) -> bool {
    matches!(answer, Err(ExecuteError::Unavailable { reason: Reason::Busy, .. }))
}

#[test]
fn other_groups_do_not_wait_behind_a_row_that_somebody_has_locked() {
    run(async |db| {
        let store = one_lane(db, Duration::from_secs(30)).await;
        let lock = format!("SELECT FROM groups WHERE id = '{}' FOR UPDATE", group_id(0).uuid());
        let mut somebody = holding(db, &lock).await;
        let waiting = join_all(["First", "Second", "Third"].map(|name| store.does(ADA, group_id(0), rename(name))));
        let others = async {
            for round in 0..3 {
                let changes =
                    GROUPS.skip(1).map(|number| store.does(ADA, group_id(number), rename(&format!("{round}"))));
                assert!(join_all(changes).await.iter().all(Result::is_ok));
            }
            // What waited all the time goes on when the lock is released.
            somebody.batch_execute("COMMIT").await.unwrap();
        };
        let (waited, ()) = join(waiting, others).await;
        let versions: Vec<u64> = waited.into_iter().map(|answer| answer.unwrap().group.version.get()).collect();
        assert_eq!(versions, [2, 3, 4], "in order of arrival");
        let (group, _) = store.group(ADA, group_id(0)).await.unwrap().unwrap();
        assert_eq!(group.name.as_str(), "Third");
    });
}

#[test]
fn two_stores_that_change_one_group_all_the_time_both_make_progress() {
    run(async |db| {
        let (here, there) = (one_lane(db, Duration::from_secs(30)).await, db.open().await);
        let changes = async |store: &Store, name: &str| {
            for number in 0..30 {
                let names =
                    (0..4).map(|caller| store.does(ADA, group_id(0), rename(&format!("{name} {number} {caller}"))));
                let answers = join_all(names).await;
                assert!(answers.iter().all(Result::is_ok), "{answers:?}");
            }
        };
        join(changes(&here, "Here"), changes(&there, "There")).await;
        let (group, _) = here.group(ADA, group_id(0)).await.unwrap().unwrap();
        assert_eq!(group.version, version(1 + 2 * 30 * 4));
    });
}

#[test]
fn a_change_that_waits_too_long_for_a_lock_is_rejected_as_busy_and_others_continue() {
    run(async |db| {
        let store = one_lane(db, Duration::from_secs(2)).await;
        let (first, bob) = (group_id(0).uuid(), BOB.uuid());
        for lock in [
            format!("SELECT FROM groups WHERE id = '{first}' FOR UPDATE"),
            format!("SELECT FROM memberships WHERE group_id = '{first}' AND user_id = '{bob}' FOR UPDATE"),
        ] {
            let somebody = holding(db, &lock).await;
            let changes = GROUPS.map(|number| store.does(ADA, group_id(number), remove(BOB)));
            let answers = join_all(changes).await;
            let busy: Vec<usize> = (0..answers.len()).filter(|at| is_busy(&answers[*at])).collect();
            assert_eq!(busy, [0], "{lock}: {answers:?}");
            drop(somebody);
            join_all(GROUPS.skip(1).map(|number| store.did(ADA, group_id(number), add(BOB)))).await;
        }
        assert!(store.does(ADA, group_id(0), remove(BOB)).await.is_ok());
    });
}

#[test]
fn changes_are_rejected_as_busy_while_a_table_is_locked_and_work_afterwards() {
    run(async |db| {
        let store = one_lane(db, Duration::from_secs(2)).await;
        let mut somebody = holding(db, "LOCK TABLE log IN EXCLUSIVE MODE").await;
        let answers = join_all(GROUPS.map(|number| store.does(ADA, group_id(number), rename("Crew")))).await;
        assert!(answers.iter().all(is_busy), "{answers:?}");
        somebody.batch_execute("ROLLBACK").await.unwrap();
        let answers = join_all(GROUPS.map(|number| store.does(ADA, group_id(number), rename("Crew")))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    });
}
