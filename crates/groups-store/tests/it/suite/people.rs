//! Limits that concern one person, whatever the group: in how many groups they are.

use futures_util::future::join_all;
use groups_domain::{Command, LeftOut, Limits, Obstacle, Rejection, UserId};
use groups_store::{ExecuteError, Executed, Outcome, ReplayRule, Start, Store, StoreOptions};

use super::{Db, run};
use crate::cast::*;

const GROUPS_MAX: u32 = 3;

async fn open(db: &Db) -> Store {
    let limits = Limits { groups_per_user_max: Some(GROUPS_MAX), ..Limits::default() };
    Store::open(StoreOptions { limits, ..db.options() }).await.unwrap()
}

fn too_many_groups(user_id: UserId) -> Result<Executed, ExecuteError> {
    Err(ExecuteError::Rejected(Rejection::TooManyGroups { user_id, groups_max: GROUPS_MAX }))
}

async fn groups_of(store: &Store, user: UserId) -> usize {
    store.groups(user, None, 100).await.unwrap().groups.len()
}

#[test]
fn nobody_joins_more_groups_than_one_person_may_be_in() {
    run(async |db| {
        let store = open(db).await;
        for number in 1..=3 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        assert_eq!(store.does(ADA, group_id(4), create("Team")).await, too_many_groups(ADA));
        store.did(BOB, group_id(5), create("Crew")).await;
        assert_eq!(store.does(BOB, group_id(5), add(ADA)).await, too_many_groups(ADA));
        assert_eq!(store.does(BOB, group_id(6), create_with("Band", [CAT, ADA])).await, too_many_groups(ADA));

        let added = store.does(BOB, group_id(5), add_many([CAT, ADA, DAN])).await.unwrap();
        assert_eq!((added.group.member_count, added.group.version), (3, version(2)));
        assert_eq!(added.left_out, [LeftOut { user_id: ADA, obstacle: Obstacle::TooManyGroups }]);
        let none = store.does(BOB, group_id(5), add_many([CAT, ADA])).await.unwrap();
        assert_eq!((none.outcome, none.left_out), (Outcome::Unchanged, added.left_out));
        assert_eq!(groups_of(&store, ADA).await, 3);
    });
}

#[test]
fn a_group_that_was_left_or_deleted_makes_room_for_another() {
    run(async |db| {
        let store = open(db).await;
        store.did(BOB, group_id(1), create_with("Team", [ADA])).await;
        for number in 2..=3 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        assert_eq!(store.does(ADA, group_id(4), create("Team")).await, too_many_groups(ADA));
        store.did(ADA, group_id(1), remove(ADA)).await;
        store.did(ADA, group_id(4), create("Team")).await;
        // Deleting one after the other, and all that there is room for in one batch.
        for number in 2..=4 {
            store.did(ADA, group_id(number), Command::DeleteGroup).await;
            store.did(ADA, group_id(number + 10), create("Team")).await;
        }
        assert_eq!(store.does(ADA, group_id(20), create("Team")).await, too_many_groups(ADA));
        assert_eq!(groups_of(&store, ADA).await, 3);
    });
}

#[test]
fn ending_the_memberships_of_deleted_groups_takes_no_event_away() {
    run(async |db| {
        let store = open(db).await;
        let away = store.open_stream(BOB, None, ReplayRule::default()).await.unwrap().cursor;
        for number in 1..=3 {
            store.did(ADA, group_id(number), create_with("Team", [BOB])).await;
        }
        for number in 1..=3 {
            store.did(ADA, group_id(number), Command::DeleteGroup).await;
        }
        // Only now do their memberships stand in the way.
        store.did(BOB, group_id(9), create("Crew")).await;
        let Start::Resumed(entries) = store.open_stream(BOB, Some(away), ReplayRule::default()).await.unwrap().start
        else {
            panic!("the position is of this database");
        };
        let heard: Vec<_> =
            entries.iter().map(|entry| (entry.change.group_id(), entry.change.version().get())).collect();
        let whole = [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (3, 2), (9, 1)];
        assert_eq!(heard, whole.map(|(number, version)| (group_id(number), version)));
    });
}

#[test]
fn of_many_simultaneous_joins_of_one_person_no_more_succeed_than_there_is_room_for() {
    run(async |db| {
        let store = open(db).await;
        for number in 0..12 {
            store.did(person(100 + number), group_id(number), create("Team")).await;
        }
        // Into twelve groups at once, in one batch or in several lanes, and by creating as well.
        let added = join_all((0..12).map(|number| store.does(person(100 + number), group_id(number), add(BOB))));
        let created = join_all((20..26).map(|number| store.does(BOB, group_id(number), create("Own"))));
        let (added, created) = futures_util::future::join(added, created).await;
        let answers: Vec<_> = added.into_iter().chain(created).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), GROUPS_MAX as usize);
        assert!(answers.into_iter().filter(Result::is_err).all(|answer| answer == too_many_groups(BOB)));
        assert_eq!(groups_of(&store, BOB).await, GROUPS_MAX as usize);
    });
}

#[test]
fn a_repeated_list_names_the_same_people_as_left_out() {
    run(async |db| {
        let store = open(db).await;
        for number in 1..=3 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        store.did(BOB, group_id(4), create("Crew")).await;
        let orders = [
            keyed(request(group_id(4), BOB, add_many([ADA, CAT])), "some join", 1),
            keyed(request(group_id(4), BOB, add_many([ADA])), "nobody joins", 2),
            keyed(request(group_id(4), BOB, add(ADA)), "refused", 3),
        ];
        let mut first = Vec::new();
        for order in &orders {
            first.push(store.execute(order.clone()).await);
        }
        assert_eq!(first[2], too_many_groups(ADA));
        assert!(first[..2].iter().all(|answer| answer.as_ref().unwrap().left_out.len() == 1));
        // There would be room now.
        store.did(ADA, group_id(1), Command::DeleteGroup).await;
        store.close().await;
        let store = open(db).await;
        for (order, first) in orders.into_iter().zip(first) {
            let replayed = first.map(|executed| Executed { replayed: true, ..executed });
            assert_eq!(store.execute(order).await, replayed);
        }
    });
}

#[test]
fn without_a_limit_nobody_is_counted() {
    run(async |db| {
        let limits = Limits { groups_per_user_max: None, ..Limits::default() };
        let store = Store::open(StoreOptions { limits, ..db.options() }).await.unwrap();
        for number in 1..=5 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        store.close().await;
        // Somebody above a limit that was set later stays where they are, and joins no other.
        let store = open(db).await;
        assert_eq!(groups_of(&store, ADA).await, 5);
        assert_eq!(store.does(ADA, group_id(6), create("Team")).await, too_many_groups(ADA));
        store.did(ADA, group_id(1), rename("Still here")).await;
    });
}
