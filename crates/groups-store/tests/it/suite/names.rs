//! Whose display names a member sees.

use groups_domain::{Command, GroupId, Role, UserId};
use groups_store::{Executed, NameVisibility, Outcome, Store, StoreOptions};

use super::{Db, id_literal, run};
use crate::cast::*;

async fn open(db: &Db, name_visibility: NameVisibility) -> Store {
    let store = Store::open(StoreOptions { name_visibility, ..db.options() }).await.unwrap();
    let names = [(ADA, "Ada"), (BOB, "Bob"), (CAT, "Cat"), (DAN, "Dan")];
    store.remember_names(names.map(|(user, name)| named(user, name, 1))).await.unwrap();
    store
}

/// The names that a reader sees in a group, in joining order: those of the page, which are those of each member read alone.
async fn seen(store: &Store, reader: UserId, group: GroupId) -> Vec<String> {
    let members = store.members(reader, group, None, 100).await.unwrap().unwrap().members;
    for member in &members {
        let alone = store.member(reader, group, member.membership.user_id).await.unwrap();
        assert_eq!(alone.as_ref(), Some(member));
    }
    members.into_iter().map(|member| member.name.map(String::from).unwrap_or_default()).collect()
}

fn member_name(executed: Executed) -> Option<String> {
    match executed.outcome {
        Outcome::MemberAdded { member, .. }
        | Outcome::RoleChanged { member, .. }
        | Outcome::OwnershipTransferred { new_owner: member, .. } => member.name.map(String::from),
        other => panic!("no member: {other:?}"),
    }
}

#[test]
fn by_default_members_see_the_names_of_all_members() {
    run(async |db| {
        assert_eq!(db.options().name_visibility, NameVisibility::Members);
        let store = open(db, NameVisibility::Members).await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        assert_eq!(member_name(store.does(ADA, group_id(1), add(CAT)).await.unwrap()).as_deref(), Some("Cat"));
        assert_eq!(seen(&store, BOB, group_id(1)).await, ["Ada", "Bob", "Cat"]);
    });
}

#[test]
fn with_acquainted_visibility_adding_a_user_does_not_reveal_the_name() {
    run(async |db| {
        let store = open(db, NameVisibility::Acquainted).await;
        store.did(ADA, group_id(1), create_with("Bait", [BOB])).await;
        assert_eq!(member_name(store.does(ADA, group_id(1), add(CAT)).await.unwrap()), None);
        assert_eq!(seen(&store, ADA, group_id(1)).await, ["Ada", "", ""]);
        assert_eq!(seen(&store, BOB, group_id(1)).await, ["Ada", "Bob", ""], "the creator has acted");
        // Nor do more groups of anybody, or a role that nobody asked for.
        store.did(DAN, group_id(2), create_with("Another", [ADA, BOB])).await;
        for given in [Role::Admin, Role::Owner] {
            let answer = store.does(ADA, group_id(1), role(BOB, given)).await.unwrap();
            assert_eq!(member_name(answer), None);
        }
        assert_eq!(seen(&store, ADA, group_id(1)).await, ["Ada", "", ""]);
        assert_eq!(seen(&store, ADA, group_id(2)).await, ["Dan", "Ada", ""]);
    });
}

#[test]
fn with_acquainted_visibility_acting_reveals_the_name_in_every_shared_group() {
    run(async |db| {
        let store = open(db, NameVisibility::Acquainted).await;
        store.did(ADA, group_id(1), create_with("Team", [BOB, CAT])).await;
        store.did(ADA, group_id(2), create_with("Another", [BOB])).await;
        store.did(DAN, group_id(3), create_with("Bait", [BOB])).await;
        store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
        store.did(BOB, group_id(1), rename("Our team")).await;
        assert_eq!(seen(&store, ADA, group_id(1)).await, ["Ada", "Bob", ""]);
        assert_eq!(seen(&store, ADA, group_id(2)).await, ["Ada", "Bob"]);
        assert_eq!(seen(&store, DAN, group_id(3)).await, ["Dan", ""], "Dan is in no group in which Bob has acted");
        // Once that group is gone, they have only the one to which Bob was added.
        store.did(ADA, group_id(1), Command::DeleteGroup).await;
        assert_eq!(seen(&store, ADA, group_id(2)).await, ["Ada", ""]);
    });
}

#[test]
fn with_acquainted_visibility_no_ops_and_acts_before_leaving_do_not_count() {
    run(async |db| {
        let store = open(db, NameVisibility::Acquainted).await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
        store.does(BOB, group_id(1), rename("Team")).await.unwrap();
        assert_eq!(seen(&store, ADA, group_id(1)).await, ["Ada", ""]);
        store.did(BOB, group_id(1), add(DAN)).await;
        store.did(BOB, group_id(1), remove(DAN)).await;
        assert_eq!(seen(&store, ADA, group_id(1)).await, ["Ada", "Bob"]);
        store.did(BOB, group_id(1), Command::Leave { successor: None }).await;
        store.did(ADA, group_id(1), add(BOB)).await;
        assert_eq!(seen(&store, ADA, group_id(1)).await, ["Ada", ""]);
    });
}

#[test]
fn with_acquainted_visibility_replayed_answers_follow_the_current_policy() {
    run(async |db| {
        let promote = keyed(request(group_id(1), ADA, role(BOB, Role::Admin)), "promote", 1);
        let store = open(db, NameVisibility::Members).await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        assert_eq!(member_name(store.execute(promote.clone()).await.unwrap()).as_deref(), Some("Bob"));
        store.close().await;

        let store = open(db, NameVisibility::Acquainted).await;
        let repeated = store.execute(promote.clone()).await.unwrap();
        assert!(repeated.replayed);
        assert_eq!(member_name(repeated), None);
        store.did(BOB, group_id(1), rename("Our team")).await;
        assert_eq!(member_name(store.execute(promote.clone()).await.unwrap()).as_deref(), Some("Bob"));
        // Nobody sees names of a group that they are no longer in.
        store.did(ADA, group_id(1), Command::Leave { successor: Some(BOB) }).await;
        assert_eq!(member_name(store.execute(promote).await.unwrap()), None);
    });
}

#[test]
fn the_migration_finds_past_actors_in_the_kept_log() {
    run(async |db| {
        let store = open(db, NameVisibility::Acquainted).await;
        store.did(ADA, group_id(1), create_with("Team", [BOB, CAT])).await;
        store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
        store.did(BOB, group_id(1), rename("Our team")).await;
        store.did(DAN, group_id(2), create_with("Older than the log", [ADA])).await;
        store.close().await;
        db.sql(&format!("DELETE FROM log WHERE group_id = {}", id_literal(group_id(2).uuid()))).await;
        db.sql(super::ACTED_DOWN).await;
        db.sql(super::ACTED_UP).await;

        let store = open(db, NameVisibility::Acquainted).await;
        assert_eq!(seen(&store, ADA, group_id(1)).await, ["Ada", "Bob", ""]);
        assert_eq!(seen(&store, ADA, group_id(2)).await, ["Dan", "Ada"], "a creator has acted");
        assert_eq!(seen(&store, DAN, group_id(2)).await, ["Dan", ""]);
    });
}
