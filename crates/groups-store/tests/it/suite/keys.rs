//! Idempotency keys: a repetition gives the first answer again and changes nothing.

use futures_util::future::join_all;
use groups_domain::{Command, Membership, Rejection, Request, Role, Rule};
use groups_store::{ExecuteError, MemberRow, Outcome, Standing};

use super::run;
use crate::cast::*;

#[test]
fn a_repeated_order_gets_the_first_answer_even_after_reopening() {
    run(async |db| {
        let store = db.open().await;
        let order = keyed(request(group_id(1), ADA, create_with("Team", [BOB])), "k", 1);
        let first = store.execute(order.clone()).await.unwrap();
        assert!(!first.replayed);
        store.did(ADA, group_id(1), rename("Crew")).await;
        let again = repeated(first);
        assert_eq!(store.execute(order.clone()).await.unwrap(), again);
        store.close().await;
        let store = db.open().await;
        // A client that makes a new id for each attempt is still the same client.
        let other_id = keyed(request(group_id(2), ADA, create_with("Team", [BOB])), "k", 1);
        assert_eq!(store.execute(other_id).await.unwrap(), again);
        assert_eq!(store.groups(ADA, None, 10).await.unwrap().groups.len(), 1);
    });
}

#[test]
fn a_key_belongs_to_its_actor_and_to_one_request() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
        let by = |actor, name, fingerprint| keyed(request(group_id(1), actor, rename(name)), "k", fingerprint);
        store.execute(by(ADA, "Ada's", 1)).await.unwrap();
        assert_eq!(store.execute(by(ADA, "Other", 2)).await, Err(ExecuteError::IdempotencyKeyReused));
        let bobs = store.execute(by(BOB, "Bob's", 2)).await.unwrap();
        assert!(!bobs.replayed);
    });
}

#[test]
fn one_fingerprint_for_two_commands_does_not_make_them_one_request() {
    run(async |db| {
        let store = db.open().await;
        let order = |command| keyed(request(group_id(1), ADA, command), "k", 1);
        store.execute(order(create("Team"))).await.unwrap();
        assert_eq!(store.execute(order(add(BOB))).await, Err(ExecuteError::IdempotencyKeyReused));
        assert_eq!(store.member(ADA, group_id(1), BOB).await.unwrap(), None);
    });
}

#[test]
fn one_of_several_concurrent_repetitions_is_executed() {
    run(async |db| {
        let store = db.open().await;
        // Each attempt has an id of its own, as a client that retries a creation sends it.
        let orders = (1..=16).map(|id| keyed(request(group_id(id), ADA, create("Team")), "k", 1));
        let answers: Vec<_> = join_all(orders.map(|order| store.execute(order))).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        assert!(answers.iter().all(|answer| answer.group == answers[0].group));
        assert_eq!(store.groups(ADA, None, 100).await.unwrap().groups.len(), 1);
    });
}

#[test]
fn no_ops_and_rejections_are_stored_under_their_key() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        let same = keyed(request(group_id(1), ADA, rename("Team")), "same", 1);
        let first = store.execute(same.clone()).await.unwrap();
        assert_eq!(first.outcome, Outcome::SettingsUnchanged);
        store.did(ADA, group_id(1), rename("Crew")).await;
        assert_eq!(store.execute(same).await.unwrap(), repeated(first));

        let refused = [
            ("1", BOB, add(CAT), Rejection::Forbidden(Rule::AdminsAdd)),
            ("2", ADA, add(BOB), Rejection::AlreadyMember { user_id: BOB }),
            ("3", ADA, remove(DAN), Rejection::MemberNotFound { user_id: DAN }),
            ("4", EVE, rename("Eve's"), Rejection::GroupNotFound),
        ];
        for (key, actor, command, why) in &refused {
            let order = keyed(request(group_id(1), *actor, command.clone()), key, 1);
            assert_eq!(store.execute(order).await, Err(ExecuteError::Rejected(*why)));
        }
        // By now, each of them would be executed.
        store.did(ADA, group_id(1), remove(BOB)).await;
        store.did(ADA, group_id(1), add_many([BOB, DAN, EVE])).await;
        store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
        store.did(ADA, group_id(1), role(EVE, Role::Admin)).await;
        store.did(ADA, group_id(1), remove(BOB)).await;
        store.close().await;
        let store = db.open().await;
        let before = store.group(ADA, group_id(1)).await.unwrap();
        for (key, actor, command, why) in refused {
            let with = |fingerprint| keyed(request(group_id(1), actor, command.clone()), key, fingerprint);
            assert_eq!(store.execute(with(1)).await, Err(ExecuteError::Rejected(why)));
            assert_eq!(store.execute(with(2)).await, Err(ExecuteError::IdempotencyKeyReused));
        }
        assert_eq!(store.group(ADA, group_id(1)).await.unwrap(), before);
    });
}

#[test]
fn a_key_whose_precondition_failed_can_be_used_with_the_current_version() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        store.did(ADA, group_id(1), rename("Crew")).await;
        let at = |seen| {
            let request =
                Request { expected_version: Some(version(seen)), ..request(group_id(1), ADA, rename("Gang")) };
            keyed(request, "k", 1)
        };
        let stale = Rejection::VersionMismatch { expected: version(1), current: version(2) };
        for _ in 0..2 {
            assert_eq!(store.execute(at(1)).await, Err(ExecuteError::Rejected(stale)));
        }
        assert!(!store.execute(at(2)).await.unwrap().replayed);
        assert!(store.execute(at(1)).await.unwrap().replayed);
    });
}

#[test]
fn a_user_who_left_gets_the_stored_answer_again() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        let leave = keyed(request(group_id(1), BOB, Command::Leave { successor: None }), "k", 1);
        let first = store.execute(leave.clone()).await.unwrap();
        assert_eq!(first.standing, Standing::Outsider);
        assert_eq!(store.execute(leave).await.unwrap(), repeated(first));
    });
}

#[test]
fn the_answer_contains_the_member_and_a_repetition_shows_the_member_as_before() {
    run(async |db| {
        let store = db.open().await;
        store.remember_names([named(BOB, "Bob", 1)]).await.unwrap();
        let order = |key, command| keyed(request(group_id(1), ADA, command), key, 1);
        let orders = [
            order("create", create("Team")),
            order("add", add(BOB)),
            order("promote", role(BOB, Role::Admin)),
            order("promote again", role(BOB, Role::Admin)),
            order("hand over", role(BOB, Role::Owner)),
        ];
        // Sent together, so that some are decided on what was not written yet.
        let answers = join_all(orders.iter().map(|order| store.execute(order.clone()))).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        let now = store.member(ADA, group_id(1), BOB).await.unwrap().unwrap();
        assert_eq!(now.name, Some(name("Bob")));
        let change = |number: usize| answers[number].outcome.change().expect("a change").clone();
        let member = |role| MemberRow { membership: Membership { role, ..now.membership }, name: now.name.clone() };
        let expected = [
            Outcome::GroupCreated { change: change(0) },
            Outcome::MemberAdded { member: member(Role::Member), change: change(1) },
            Outcome::RoleChanged { member: member(Role::Admin), change: change(2) },
            Outcome::RoleUnchanged { member: member(Role::Admin) },
            Outcome::OwnershipTransferred { new_owner: now, change: change(4) },
        ];
        assert!(answers.iter().map(|answer| &answer.outcome).eq(&expected), "{answers:?}");

        store.remember_names([named(BOB, "Robert", 2)]).await.unwrap();
        store.did(BOB, group_id(1), Command::Leave { successor: Some(ADA) }).await;
        store.close().await;
        let store = db.open().await;
        for (order, first) in orders.into_iter().zip(answers) {
            assert_eq!(store.execute(order).await.unwrap(), repeated(first));
        }
    });
}

#[test]
fn a_key_is_free_again_after_24_hours() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let at = |hours, name| {
            let request = Request { at: after_hours(hours), ..request(group_id(1), ADA, rename(name)) };
            keyed(request, "k", hours as u8)
        };
        store.execute(at(0, "First")).await.unwrap();
        assert_eq!(store.execute(at(23, "Second")).await, Err(ExecuteError::IdempotencyKeyReused));
        assert!(!store.execute(at(24, "Second")).await.unwrap().replayed);
        assert_eq!(store.execute(at(25, "Third")).await, Err(ExecuteError::IdempotencyKeyReused));
    });
}
