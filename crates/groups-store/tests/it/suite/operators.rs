//! What operators and backends ask about anybody.

use std::time::Duration;

use groups_domain::{Command, Role, Timestamp, UserId};
use groups_store::{DatabaseStats, MembershipCheck, NameVisibility, Revocation, Store, StoreOptions};

use super::run;
use crate::cast::*;

async fn answers(store: &Store, questions: &[(u128, UserId)]) -> Vec<(Option<Role>, Option<u64>)> {
    let questions = questions.iter().map(|(group, user)| (group_id(*group), *user)).collect();
    let checks = store.check_memberships(questions, None).await.unwrap().unwrap().checks;
    checks.into_iter().map(|MembershipCheck { role, version }| (role, version.map(|version| version.get()))).collect()
}

#[test]
fn memberships_are_checked_in_the_order_of_the_questions() {
    run(async |db| {
        let store = Store::open(db.options()).await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
        store.did(CAT, group_id(2), create_with("Another", [DAN])).await;
        store.did(CAT, group_id(2), Command::DeleteGroup).await;
        store.did(ADA, group_id(1), add(DAN)).await;
        store.did(DAN, group_id(1), Command::Leave { successor: None }).await;
        let asked = [(1, BOB), (3, ADA), (1, ADA), (1, CAT), (2, DAN), (1, DAN), (1, BOB)];
        let admin = (Some(Role::Admin), Some(4));
        let none = (None, Some(4));
        let expected = [admin, (None, None), (Some(Role::Owner), Some(4)), none, (None, Some(2)), none, admin];
        assert_eq!(answers(&store, &asked).await, expected);
        assert_eq!(answers(&store, &[]).await, []);
        // More than fit into one set of rows.
        let many: Vec<_> =
            (0..3_000).map(|number| (1, if number % 3 == 0 { BOB } else { person(9_000 + number) })).collect();
        for (number, answer) in answers(&store, &many).await.into_iter().enumerate() {
            assert_eq!(answer, if number % 3 == 0 { admin } else { none });
        }
    });
}

#[test]
fn a_check_knows_everything_up_to_a_given_position() {
    run(async |db| {
        let store = Store::open(db.options()).await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [])).await;
        let end = store.end_of_log().await.unwrap();
        let checks = store.check_memberships(vec![(group_id(1), ADA)], Some(end)).await.unwrap().unwrap();
        assert_eq!(checks.checks[0].role, Some(Role::Owner));
        let again = store.check_memberships(vec![], Some(checks.cursor)).await.unwrap();
        assert!(again.is_some());
    });
}

#[test]
fn a_search_finds_only_people_with_whom_the_user_shares_a_group() {
    run(async |db| {
        let store = Store::open(db.options()).await.unwrap();
        let names = [(ADA, "Anna"), (BOB, "annika"), (CAT, "Anton"), (DAN, "Ann")];
        store.remember_names(names.map(|(user, name)| named(user, name, 1))).await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        store.did(CAT, group_id(2), create_with("Another", [ADA])).await;
        store.did(DAN, group_id(3), create_with("Gone", [ADA])).await;
        store.did(DAN, group_id(3), Command::DeleteGroup).await;
        let found = async |user, prefix: &str, limit| -> Vec<String> {
            let found = store.search_acquaintances(user, prefix, limit).await.unwrap();
            found.into_iter().map(|(_, name)| String::from(name)).collect()
        };
        assert_eq!(found(ADA, "AN", 10).await, ["annika", "Anton"]);
        assert_eq!(found(ADA, "an", 1).await, ["annika"]);
        assert_eq!(found(ADA, "ant", 10).await, ["Anton"]);
        assert_eq!(found(BOB, "", 10).await, ["Anna"]);
        assert_eq!(found(DAN, "a", 10).await, [""; 0]);
        store.did(CAT, group_id(2), remove(ADA)).await;
        assert_eq!(found(ADA, "a", 10).await, ["annika"]);
    });
}

#[test]
fn a_search_among_very_many_names_finds_members_of_the_newest_groups() {
    run(async |db| {
        let store = Store::open(db.options()).await.unwrap();
        let strangers = (0..600).map(|number| named(person(9_000 + number), "Anna", 1));
        store.remember_names(strangers.chain([named(BOB, "Annika", 1)])).await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        let found = store.search_acquaintances(ADA, "ann", 10).await.unwrap();
        assert_eq!(found.into_iter().map(|(user, _)| user).collect::<Vec<_>>(), [BOB]);
    });
}

#[test]
fn with_acquainted_visibility_a_search_does_not_reveal_names() {
    run(async |db| {
        let options = StoreOptions { name_visibility: NameVisibility::Acquainted, ..db.options() };
        let store = Store::open(options).await.unwrap();
        store.remember_names([named(BOB, "Bob", 1)]).await.unwrap();
        store.did(ADA, group_id(1), create_with("Bait", [BOB])).await;
        assert_eq!(store.search_acquaintances(ADA, "b", 10).await.unwrap(), []);
        store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
        store.did(BOB, group_id(1), rename("Our team")).await;
        assert_eq!(store.search_acquaintances(ADA, "b", 10).await.unwrap().len(), 1);
    });
}

#[test]
fn statistics_count_what_is_there() {
    run(async |db| {
        let store = Store::open(db.options()).await.unwrap();
        let empty =
            DatabaseStats { groups: 0, memberships: 0, changes: 0, oldest_change_at: None, newest_change_at: None };
        assert_eq!(store.stats().await.unwrap(), empty);
        store.did(ADA, group_id(1), create_with("Team", [BOB, CAT])).await;
        store.did(ADA, group_id(2), create_with("Gone", [BOB])).await;
        store.did(ADA, group_id(2), Command::DeleteGroup).await;
        store.did(ADA, group_id(1), remove(CAT)).await;
        let stats = store.stats().await.unwrap();
        assert_eq!((stats.groups, stats.memberships, stats.changes), (1, 2, 4));
        assert!(stats.oldest_change_at.is_some() && stats.oldest_change_at <= stats.newest_change_at);
    });
}

#[test]
fn of_two_revocations_of_a_user_the_later_times_apply_until_they_are_pruned() {
    run(async |db| {
        let store = Store::open(db.options()).await.unwrap();
        let at = after_hours;
        let revocation = |user_id, not_before: Option<i64>, disconnected_at, kept_until| Revocation {
            user_id,
            not_before: not_before.map(at),
            disconnected_at: at(disconnected_at),
            kept_until: at(kept_until),
        };
        let in_force = async |now, since| store.revocations(at(now), at(since), 10).await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [])).await;
        let first = revocation(ADA, Some(2), 0, 10);
        assert_eq!(store.revoke(first).await.unwrap(), first);
        let bob = store.revoke(revocation(BOB, None, 1, 3)).await.unwrap();
        assert_eq!(bob, revocation(BOB, None, 1, 3));
        // By the clock of a server that is behind.
        let ada = store.revoke(revocation(ADA, None, -1, 20)).await.unwrap();
        let after_the_first = Timestamp::from_unix_millis(first.disconnected_at.unix_millis() + 1);
        assert_eq!(ada, Revocation { disconnected_at: after_the_first, ..revocation(ADA, Some(2), 0, 20) });
        assert_eq!(in_force(2, -1).await, [ada, bob]);
        assert_eq!(in_force(2, 1).await, [bob]);
        assert_eq!(in_force(3, -1).await, [ada]);
        assert_eq!(store.revocations(at(2), at(-1), 1).await.unwrap(), [ada]);
        store.prune(at(0), Duration::ZERO, 100).await.unwrap();
        let mut pruned = 0;
        for hours in 1..=12_i64 {
            let passed = Duration::from_secs(3_600 * hours.unsigned_abs());
            pruned += store.prune(at(hours), passed, 100).await.unwrap().revocations;
        }
        assert_eq!(pruned, 1);
        assert_eq!(in_force(0, -1).await, [ada]);
    });
}
