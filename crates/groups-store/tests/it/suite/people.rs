//! What concerns one person, whatever the group: in how many groups they are, and by whom they may be added.

use futures_util::future::join_all;
use groups_domain::{AddPolicy, Command, LeftOut, Limits, NewMember, Obstacle, Rejection, Role, Rule, UserId};
use groups_store::{
    BLOCKS_MAX, Block, BlockPage, Blocked, ExecuteError, Executed, Outcome, ReplayRule, Store, StoreOptions,
    StreamStart,
};

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
fn no_user_exceeds_the_limit_of_groups_per_user() {
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
        let left_out = vec![LeftOut { user_id: ADA, obstacle: Obstacle::TooManyGroups }];
        let joined = [CAT, DAN].map(NewMember::plain);
        assert!(
            matches!(&added.outcome, Outcome::MembersAdded { added, left_out: people, .. } if *added == joined && *people == left_out),
            "{added:?}"
        );
        let none = store.does(BOB, group_id(5), add_many([CAT, ADA])).await.unwrap();
        assert_eq!(none.outcome, Outcome::NobodyAdded { left_out });
        assert_eq!(groups_of(&store, ADA).await, 3);
    });
}

#[test]
fn leaving_or_deleting_a_group_makes_room_for_another() {
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
fn ending_memberships_of_deleted_groups_removes_no_event() {
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
        let StreamStart::Resumed { missed: entries, .. } =
            store.open_stream(BOB, Some(away), ReplayRule::default()).await.unwrap().start
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
fn concurrent_joins_of_one_user_do_not_exceed_the_limit() {
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
fn a_repeated_addition_reports_the_same_users_as_left_out() {
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
        assert!(first[..2].iter().all(|answer| left_out(answer.as_ref().unwrap()).len() == 1));
        // There would be room now.
        store.did(ADA, group_id(1), Command::DeleteGroup).await;
        store.close().await;
        let store = open(db).await;
        for (order, first) in orders.into_iter().zip(first) {
            let replayed = first.map(repeated);
            assert_eq!(store.execute(order).await, replayed);
        }
    });
}

/// The people of a list who could not be added.
fn left_out(executed: &Executed) -> &[LeftOut] {
    match &executed.outcome {
        Outcome::MembersAdded { left_out, .. } | Outcome::NobodyAdded { left_out } => left_out,
        other => panic!("no list: {other:?}"),
    }
}

async fn open_with(db: &Db, add_policy: AddPolicy) -> Store {
    let limits = Limits { add_policy, ..Limits::default() };
    Store::open(StoreOptions { limits, ..db.options() }).await.unwrap()
}

fn cannot_be_added(user_id: UserId) -> Result<Executed, ExecuteError> {
    Err(ExecuteError::Rejected(Rejection::CannotBeAdded { user_id }))
}

#[test]
fn blocks_are_stored_once_and_listed_in_pages() {
    run(async |db| {
        let store = db.open().await;
        for blocked in [CAT, BOB, DAN, BOB] {
            assert_eq!(store.block(ADA, blocked, DAWN).await.unwrap(), Blocked::Done);
        }
        store.block(EVE, ADA, DAWN).await.unwrap();
        let first = store.blocks(ADA, None, 2).await.unwrap();
        assert_eq!(first.blocks, [BOB, CAT].map(|user_id| Block { user_id, at: DAWN }));
        let second = store.blocks(ADA, first.next, 2).await.unwrap();
        assert_eq!((second.blocks, second.next), (vec![Block { user_id: DAN, at: DAWN }], None));
        for _ in 0..2 {
            store.unblock(ADA, CAT).await.unwrap();
        }
        let left: Vec<_> =
            store.blocks(ADA, None, 10).await.unwrap().blocks.iter().map(|block| block.user_id).collect();
        assert_eq!(left, [BOB, DAN]);
        assert_eq!(store.blocks(BOB, None, 10).await.unwrap(), BlockPage { blocks: Vec::new(), next: None });
    });
}

#[test]
fn blocks_are_limited_per_user() {
    run(async |db| {
        let store = db.open().await;
        store.block(ADA, BOB, DAWN).await.unwrap();
        let (ada, max) = (super::id_literal(ADA.uuid()), BLOCKS_MAX - 1);
        db.sql(&super::many_rows(max, |id| format!("INSERT INTO blocks SELECT {ada}, {id}, 0"))).await;
        assert_eq!(store.block(ADA, CAT, DAWN).await.unwrap(), Blocked::TooMany);
        assert_eq!(store.block(ADA, BOB, DAWN).await.unwrap(), Blocked::Done, "it is there already");
        store.unblock(ADA, BOB).await.unwrap();
        assert_eq!(store.block(ADA, CAT, DAWN).await.unwrap(), Blocked::Done);
    });
}

#[test]
fn a_block_prevents_additions_by_one_user_until_it_is_removed() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [CAT])).await;
        store.did(ADA, group_id(1), role(CAT, Role::Admin)).await;
        store.block(BOB, ADA, DAWN).await.unwrap();
        assert_eq!(store.does(ADA, group_id(1), add(BOB)).await, cannot_be_added(BOB));
        assert_eq!(store.does(ADA, group_id(2), create_with("Crew", [DAN, BOB])).await, cannot_be_added(BOB));
        let list = store.does(ADA, group_id(1), add_many([BOB, DAN])).await.unwrap();
        assert_eq!(left_out(&list), [LeftOut { user_id: BOB, obstacle: Obstacle::NotAllowed }]);
        assert_eq!(list.group.member_count, 3);
        store.did(CAT, group_id(1), add(BOB)).await;
        store.did(BOB, group_id(1), remove(BOB)).await;
        store.unblock(BOB, ADA).await.unwrap();
        store.did(ADA, group_id(1), add(BOB)).await;
    });
}

#[test]
fn with_the_shared_group_policy_only_users_who_share_a_group_can_be_added() {
    run(async |db| {
        let store = open_with(db, AddPolicy::SharedGroup).await;
        assert_eq!(store.does(ADA, group_id(1), create_with("Team", [BOB])).await, cannot_be_added(BOB));
        store.close().await;
        // They met under another policy.
        let store = db.open().await;
        store.did(DAN, group_id(1), create_with("Club", [ADA, BOB])).await;
        store.did(ADA, group_id(2), create_with("Long ago", [CAT])).await;
        store.did(ADA, group_id(2), Command::DeleteGroup).await;
        store.did(DAN, group_id(3), create_with("Left", [ADA, EVE])).await;
        store.did(DAN, group_id(3), remove(EVE)).await;
        // In more groups than those whom she adds, and in fewer.
        for number in 10..14 {
            store.did(ADA, group_id(number), create("Own")).await;
        }
        store.close().await;
        let store = open_with(db, AddPolicy::SharedGroup).await;
        let list = store.does(ADA, group_id(10), add_many([BOB, CAT, DAN, EVE])).await.unwrap();
        let left_out: Vec<_> = left_out(&list).iter().map(|person| person.user_id).collect();
        assert_eq!(left_out, [CAT, EVE], "neither a deleted group nor one that somebody has left is shared");
        assert_eq!(store.does(ADA, group_id(11), add(CAT)).await, cannot_be_added(CAT));
        store.did(BOB, group_id(20), create_with("By Bob", [ADA])).await;
        store.block(BOB, ADA, DAWN).await.unwrap();
        assert_eq!(store.does(ADA, group_id(11), add(BOB)).await, cannot_be_added(BOB), "a block looks the same");
    });
}

#[test]
fn with_the_invitation_policy_nobody_can_be_added() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        store.close().await;
        let store = open_with(db, AddPolicy::Invitation).await;
        let refused = Err(ExecuteError::Rejected(Rejection::Forbidden(Rule::InvitationOnly)));
        assert_eq!(store.does(ADA, group_id(1), add(CAT)).await, refused);
        assert_eq!(store.does(ADA, group_id(1), add_many([CAT])).await, refused);
        assert_eq!(store.does(ADA, group_id(2), create_with("Crew", [BOB])).await, refused);
        store.did(ADA, group_id(3), create("Alone")).await;
        store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
    });
}

#[test]
fn lowering_the_limit_of_groups_per_user_removes_nobody() {
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
