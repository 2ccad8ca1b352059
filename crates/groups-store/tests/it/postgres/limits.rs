//! Limits that several servers on one database keep together.

use futures_util::future::{join, join_all};
use groups_domain::Limits;
use groups_store::{Store, StoreOptions};

use super::{Db, run};
use crate::cast::*;

#[test]
fn two_servers_that_add_one_user_at_once_keep_the_limit_of_groups_per_user() {
    run(async |db| {
        let (one, other) = (open(db, 10).await, open(db, 10).await);
        for number in 0..40 {
            one.did(person(100 + number), group_id(number), create("Team")).await;
        }
        let adds = |store: Store, numbers: std::ops::Range<u128>| async move {
            let add = |number| store.does(person(100 + number), group_id(number), add(BOB));
            join_all(numbers.map(add)).await.into_iter().filter(Result::is_ok).count()
        };
        let (by_one, by_other) = join(adds(one.clone(), 0..20), adds(other, 20..40)).await;
        assert_eq!(by_one + by_other, 10);
        assert_eq!(one.groups(BOB, None, 100).await.unwrap().groups.len(), 10);
    });
}

#[test]
fn a_long_list_of_users_near_the_limit_does_not_exhaust_the_lock_table() {
    run(async |db| {
        let store = open(db, 2).await;
        store.did(ADA, group_id(1), create_with("Team", (1_000..1_900).map(person))).await;
        let added = store.did(BOB, group_id(2), create_with("Crew", (1_000..1_900).map(person))).await;
        assert_eq!(added.group.member_count, 901);
    });
}

async fn open(db: &Db, groups_max: u32) -> Store {
    let limits = Limits { groups_per_user_max: Some(groups_max), ..Limits::default() };
    Store::open(StoreOptions { limits, ..db.options() }).await.unwrap()
}
