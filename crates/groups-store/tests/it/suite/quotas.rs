//! Daily quotas: how much one user may write in a day.

use std::time::Duration;

use futures_util::future::join_all;
use groups_domain::{Command, GroupId, Rejection, Request, UserId};
use groups_store::{ExecuteError, Executed, Order, Pruned, Quota, Quotas, Store, StoreOptions};

use super::{Db, run};
use crate::cast::*;

const NO_QUOTAS: Quotas = Quotas { groups_max: 0, rows_max: 0, bytes_max: 0 };

/// From [`DAWN`] until midnight in UTC.
const UNTIL_MIDNIGHT_S: u32 = 6_400;

/// The first full hour after midnight.
const NEXT_DAY: i64 = 2;

async fn open(db: &Db, quotas: Quotas) -> Store {
    // In one lane, changes are counted one after the other.
    Store::open(StoreOptions { quotas, postgres_lanes: 1, ..db.options() }).await.unwrap()
}

fn used_up(quota: Quota, max: u64) -> Result<Executed, ExecuteError> {
    Err(ExecuteError::QuotaExceeded { quota, max, retry_after_seconds: UNTIL_MIDNIGHT_S })
}

fn on_the_next_day(group: GroupId, actor: UserId, command: Command) -> Order {
    Request { at: after_hours(NEXT_DAY), ..request(group, actor, command) }.into()
}

#[test]
fn the_daily_quota_of_groups_is_per_user_and_survives_restarts() {
    run(async |db| {
        let quotas = Quotas { groups_max: 2, ..NO_QUOTAS };
        let store = open(db, quotas).await;
        store.did(ADA, group_id(1), create("One")).await;
        // A group that was deleted was created nevertheless.
        store.did(ADA, group_id(1), Command::DeleteGroup).await;
        store.did(ADA, group_id(2), create("Two")).await;
        assert_eq!(store.does(ADA, group_id(3), create("Three")).await, used_up(Quota::Groups, 2));
        store.close().await;
        let store = open(db, quotas).await;
        assert_eq!(store.does(ADA, group_id(3), create("Three")).await, used_up(Quota::Groups, 2));
        store.did(ADA, group_id(2), rename("Nothing else is limited")).await;
        store.did(BOB, group_id(4), create("Bob's")).await;
        for number in 5..=6 {
            store.execute(on_the_next_day(group_id(number), ADA, create("Again"))).await.unwrap();
        }
        let error = store.execute(on_the_next_day(group_id(7), ADA, create("Too many"))).await.unwrap_err();
        assert!(matches!(error, ExecuteError::QuotaExceeded { retry_after_seconds: 85_600, .. }), "{error:?}");
        assert_eq!(store.groups(ADA, None, 10).await.unwrap().groups.len(), 3);
    });
}

#[test]
fn a_change_counts_as_one_row_plus_one_per_member() {
    run(async |db| {
        let store = open(db, Quotas { rows_max: 10, ..NO_QUOTAS }).await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        // Three of ten are used; this would be six more, and then one more than there are.
        store.did(ADA, group_id(1), add_many((10..15).map(person))).await;
        assert_eq!(store.does(ADA, group_id(1), add(CAT)).await, used_up(Quota::Rows, 10));
        store.did(ADA, group_id(1), rename("One row is left")).await;
        assert_eq!(store.does(ADA, group_id(1), rename("None is")).await, used_up(Quota::Rows, 10));
        // Neither what changes nothing nor what the rules refuse is refused for another reason.
        assert!(store.does(ADA, group_id(1), rename("One row is left")).await.is_ok());
        let refused = store.does(ADA, group_id(1), add(BOB)).await;
        assert_eq!(refused, Err(ExecuteError::Rejected(Rejection::AlreadyMember { user_id: BOB })));
        let (group, _) = store.group(ADA, group_id(1)).await.unwrap().unwrap();
        assert_eq!((group.member_count, group.version), (7, version(3)));
        store.execute(on_the_next_day(group_id(1), ADA, add(CAT))).await.unwrap();
    });
}

#[test]
fn the_bytes_of_changes_are_counted() {
    run(async |db| {
        let store = open(db, Quotas { bytes_max: 3_000, ..NO_QUOTAS }).await;
        let create = || Command::create("Team", &"x".repeat(1_000)).unwrap();
        store.did(ADA, group_id(1), create()).await;
        store.did(ADA, group_id(2), create()).await;
        assert_eq!(store.does(ADA, group_id(3), create()).await, used_up(Quota::Bytes, 3_000));
        store.execute(on_the_next_day(group_id(3), ADA, create())).await.unwrap();
    });
}

#[test]
fn changes_in_one_batch_are_counted_together() {
    run(async |db| {
        let store = open(db, Quotas { groups_max: 3, rows_max: 9, ..NO_QUOTAS }).await;
        let created = join_all((0..8).map(|number| store.does(ADA, group_id(number), create("Team")))).await;
        assert_eq!(created.iter().filter(|answer| answer.is_ok()).count(), 3);
        assert!(created.into_iter().filter(Result::is_err).all(|answer| answer == used_up(Quota::Groups, 3)));
        let own = store.groups(ADA, None, 10).await.unwrap().groups.remove(0).0.group_id;
        let names: Vec<_> = (0..8).map(|number| format!("Name {number}")).collect();
        let renamed = join_all(names.iter().map(|name| store.does(ADA, own, rename(name)))).await;
        assert_eq!(renamed.iter().filter(|answer| answer.is_ok()).count(), 3);
        assert!(renamed.into_iter().filter(Result::is_err).all(|answer| answer == used_up(Quota::Rows, 9)));
    });
}

#[test]
fn lanes_that_count_usage_of_the_same_users_do_not_deadlock() {
    run(async |db| {
        let quotas = Quotas { rows_max: 1_000_000, ..NO_QUOTAS };
        let store = Store::open(StoreOptions { quotas, batch_orders_max: 8, ..db.options() }).await.unwrap();
        let users = [ADA, BOB, CAT, DAN, EVE];
        let created = (0..100).map(|number| store.does(users[number % 5], group_id(number as u128), create("Team")));
        assert!(join_all(created).await.iter().all(Result::is_ok));
    });
}

#[test]
fn a_repeated_order_is_not_counted_again_and_quota_refusals_are_not_stored() {
    run(async |db| {
        let store = open(db, Quotas { groups_max: 1, ..NO_QUOTAS }).await;
        let first = keyed(request(group_id(1), ADA, create("Team")), "first", 1);
        let answer = store.execute(first.clone()).await.unwrap();
        let second = keyed(request(group_id(2), ADA, create("Crew")), "second", 2);
        assert_eq!(store.execute(second.clone()).await, used_up(Quota::Groups, 1));
        assert_eq!(store.execute(first).await.unwrap(), repeated(answer));
        let at = after_hours(NEXT_DAY);
        let later = Order { request: Request { at, ..second.request.clone() }, ..second };
        assert!(!store.execute(later).await.unwrap().replayed);
    });
}

#[test]
fn leaving_removing_and_deleting_are_possible_beyond_every_quota() {
    run(async |db| {
        let store = open(db, NO_QUOTAS).await;
        store.did(ADA, group_id(1), create_with("Team", [BOB, CAT])).await;
        store.did(BOB, group_id(2), create_with("Crew", [ADA])).await;
        store.close().await;
        let store = open(db, Quotas { groups_max: 1, rows_max: 1, bytes_max: 1 }).await;
        assert_eq!(store.does(ADA, group_id(1), rename("No")).await, used_up(Quota::Bytes, 1));
        store.did(ADA, group_id(1), remove(CAT)).await;
        assert_eq!(store.does(ADA, group_id(1), rename("No")).await, used_up(Quota::Rows, 1));
        store.did(BOB, group_id(1), Command::Leave { successor: None }).await;
        store.did(ADA, group_id(2), Command::Leave { successor: None }).await;
        store.did(ADA, group_id(1), Command::DeleteGroup).await;
    });
}

#[test]
fn usage_counts_are_pruned_after_the_next_day() {
    run(async |db| {
        let store = open(db, Quotas { groups_max: 1, ..NO_QUOTAS }).await;
        store.did(ADA, group_id(1), create("Team")).await;
        store.did(BOB, group_id(2), create("Crew")).await;
        let prune = async |hours: i64| {
            let open_for = Duration::from_millis((hours * HOUR_MS) as u64);
            store.prune(after_hours(hours), open_for, 100).await.unwrap()
        };
        assert_eq!(prune(25).await, Pruned::default());
        assert_eq!(store.does(ADA, group_id(3), create("Team")).await, used_up(Quota::Groups, 1));
        assert_eq!(prune(26).await, Pruned { usage: 2, ..Pruned::default() });
        assert_eq!(prune(26).await, Pruned::default());
    });
}
