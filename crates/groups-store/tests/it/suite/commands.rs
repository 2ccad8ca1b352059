//! What commands do to what is read.

use std::collections::HashSet;

use futures_util::future::join_all;
use groups_domain::{Actor, Command, NewMember, Rejection, Role};
use groups_store::{ExecuteError, History, Outcome, Standing};

use super::run;
use crate::cast::*;

#[test]
fn a_new_group_is_listed_for_its_members_and_nobody_else() {
    run(async |db| {
        let store = db.open().await;
        let change = store.did(ADA, group_id(1), create_with("Project Team", [BOB])).await;
        assert_eq!(change.group.member_count, 2);
        for (user, role) in [(ADA, Role::Owner), (BOB, Role::Member)] {
            let page = store.groups(user, None, 10).await.unwrap();
            assert_eq!(page.groups, [(change.group.clone(), role)]);
            assert_eq!(page.next, None);
            assert_eq!(store.group(user, group_id(1)).await.unwrap(), Some((change.group.clone(), role)));
        }
        assert_eq!(store.groups(CAT, None, 10).await.unwrap().groups, []);
        assert_eq!(store.group(CAT, group_id(1)).await.unwrap(), None);
        assert_eq!(store.members(CAT, group_id(1), None, 10).await.unwrap(), None);
        assert_eq!(store.member(CAT, group_id(1), ADA).await.unwrap(), None);
        assert_eq!(store.history(CAT, group_id(1), version(0), 10).await.unwrap(), History::NotFound);
    });
}

#[test]
fn changes_by_an_operator_are_stored_as_such() {
    run(async |db| {
        let store = db.open().await;
        let operator = Actor::Operator(EVE);
        let Command::CreateGroup { name, description, members, .. } = create_with("Team", [BOB]) else { panic!() };
        let create = Command::CreateGroup { name, description, members, owner_id: Some(ADA) };
        let create = keyed(request(group_id(1), operator, create), "create", 1);
        let created = store.execute(create.clone()).await.unwrap();
        assert_eq!((created.group.owner_id, created.standing), (ADA, Standing::Operator));
        let again = store.execute(create).await.unwrap();
        assert_eq!((again.replayed, again.outcome), (true, created.outcome), "a stored answer knows the operator");

        let handed = store.did(operator, group_id(1), role(BOB, Role::Owner)).await;
        assert_eq!(handed.previous_owner_id(), Some(ADA));
        for (user, role) in [(ADA, Role::Admin), (BOB, Role::Owner)] {
            assert_eq!(store.group(user, group_id(1)).await.unwrap(), Some((handed.group.clone(), role)));
        }
        assert_eq!(store.group(EVE, group_id(1)).await.unwrap(), None, "an operator joins nothing");
        store.did(BOB, group_id(1), rename("Crew")).await;

        let History::Page { changes, .. } = store.history(BOB, group_id(1), version(0), 10).await.unwrap() else {
            panic!()
        };
        let actors: Vec<Actor> = changes.iter().map(|change| change.actor).collect();
        assert_eq!(actors, [operator, operator, BOB.into()]);
        assert_eq!(changes[1], handed);
    });
}

#[test]
fn an_operator_can_add_users_in_spite_of_blocks() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        store.block(BOB, EVE, DAWN).await.unwrap();
        let added = store.did(Actor::Operator(EVE), group_id(1), add(BOB)).await;
        assert_eq!(added.group.member_count, 2);
    });
}

#[test]
fn groups_are_listed_newest_first_in_pages() {
    run(async |db| {
        let store = db.open().await;
        for number in 1..=5 {
            store.did(ADA, group_id(number), create("Team")).await;
        }
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.groups(ADA, after, 2).await.unwrap();
            seen.extend(page.groups.iter().map(|(group, _)| group.group_id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1].map(group_id));
    });
}

#[test]
fn members_are_listed_in_joining_order_with_their_names() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [DAN, CAT])).await;
        store.did(ADA, group_id(1), add(BOB)).await;
        store.remember_names([named(CAT, "Cat", 1)]).await.unwrap();
        store.remember_names([named(CAT, "Cat", 1)]).await.unwrap();
        let first = store.members(ADA, group_id(1), None, 3).await.unwrap().unwrap();
        let second = store.members(ADA, group_id(1), first.next, 3).await.unwrap().unwrap();
        assert_eq!((first.version, second.next), (version(2), None));
        let members: Vec<_> = first.members.into_iter().chain(second.members).collect();
        assert_eq!(members.iter().map(|row| row.membership.user_id).collect::<Vec<_>>(), [ADA, DAN, CAT, BOB]);
        assert_eq!(members[2].name, Some(name("Cat")));
        assert_eq!(store.member(BOB, group_id(1), CAT).await.unwrap().as_ref(), Some(&members[2]));
    });
}

#[test]
fn people_are_found_by_the_prefix_of_their_name() {
    run(async |db| {
        let store = db.open().await;
        let people = [(ADA, "Ada"), (BOB, "adam"), (CAT, "Åsa"), (DAN, "Dan")];
        store.remember_names(people.map(|(user, name)| named(user, name, 1))).await.unwrap();
        let found = store.people("AD", 10).await.unwrap();
        assert_eq!(found, [(ADA, name("Ada")), (BOB, name("adam"))]);
        assert_eq!(store.people("å", 10).await.unwrap(), [(CAT, name("Åsa"))]);
        assert_eq!(store.people("", 10).await.unwrap().len(), 4);
        assert_eq!(store.names(&[DAN, EVE]).await.unwrap(), [(DAN, name("Dan"))].into());
    });
}

#[test]
fn the_name_of_the_newest_token_counts() {
    run(async |db| {
        let store = db.open().await;
        let known = async || store.names(&[ADA, BOB]).await.unwrap();
        store.remember_names([named(ADA, "Ada", 5), named(BOB, "Bob", 1)]).await.unwrap();
        store.remember_names([named(ADA, "Older", 4), named(BOB, "Robert", 2)]).await.unwrap();
        assert_eq!(known().await, [(ADA, name("Ada")), (BOB, name("Robert"))].into());
        store.remember_names([named(ADA, "Newest", 9), named(ADA, "Second", 8)]).await.unwrap();
        assert_eq!(known().await[&ADA], name("Newest"), "even within one call");
        store.remember_names([named(ADA, "As new", 9)]).await.unwrap();
        assert_eq!(known().await[&ADA], name("As new"), "of one date the last counts");
        store.remember_names([]).await.unwrap();
    });
}

#[test]
fn a_name_without_a_date_is_replaced_by_any_other() {
    run(async |db| {
        let store = db.open().await;
        store.remember_names([named(ADA, "Ada", 5)]).await.unwrap();
        db.sql("UPDATE names SET issued_at = 0").await;
        store.remember_names([named(ADA, "Dated", 1)]).await.unwrap();
        assert_eq!(store.names(&[ADA]).await.unwrap()[&ADA], name("Dated"));
    });
}

#[test]
fn one_of_forty_concurrent_additions_of_one_user_succeeds() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let answers = join_all((0..40).map(|_| store.does(ADA, group_id(1), add(BOB)))).await;
        let (added, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((added.len(), refused.len()), (1, 39));
        for answer in refused {
            assert_eq!(answer, Err(ExecuteError::Rejected(Rejection::AlreadyMember { user_id: BOB })));
        }
        assert_eq!(store.group(ADA, group_id(1)).await.unwrap().unwrap().0.version, version(2));
    });
}

#[test]
fn one_of_eight_concurrent_ownership_transfers_succeeds() {
    run(async |db| {
        let store = db.open().await;
        let people: Vec<_> = (10..18).map(person).collect();
        store.did(ADA, group_id(1), create_with("Team", people.clone())).await;
        let answers = join_all(people.iter().map(|to| store.does(ADA, group_id(1), role(*to, Role::Owner)))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let members = store.members(ADA, group_id(1), None, 100).await.unwrap().unwrap().members;
        let owners: Vec<_> = members.iter().filter(|row| row.membership.role == Role::Owner).collect();
        assert_eq!(owners.len(), 1);
        let (group, own_role) = store.group(ADA, group_id(1)).await.unwrap().unwrap();
        assert_eq!((group.owner_id, own_role), (owners[0].membership.user_id, Role::Admin));
    });
}

#[test]
fn a_thousand_members_are_one_change_and_two_such_changes_share_a_batch() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        let thousands = [(1_000..2_000), (2_000..3_000)].map(|numbers| add_many(numbers.map(person)));
        let answers = join_all(thousands.map(|command| store.does(ADA, group_id(1), command))).await;
        assert!(answers.iter().all(Result::is_ok));
        let (group, _) = store.group(ADA, group_id(1)).await.unwrap().unwrap();
        assert_eq!((group.member_count, group.version), (2_001, version(3)));
        let mut members = HashSet::new();
        let mut after = None;
        loop {
            let page = store.members(ADA, group_id(1), after, 500).await.unwrap().unwrap();
            members.extend(page.members.iter().map(|row| row.membership.user_id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(members.len(), 2_001);
        let again = store.does(ADA, group_id(1), add_many((1_000..2_000).map(person))).await.unwrap();
        assert_eq!(again.outcome, Outcome::NobodyAdded { left_out: vec![] });
    });
}

#[test]
fn each_command_has_its_own_outcome_and_says_what_the_actor_is_then() {
    run(async |db| {
        let store = db.open().await;
        let (owner, admin, former) = (Some(Role::Owner), Some(Role::Admin), None);
        let leave = |successor| Command::Leave { successor };
        let steps = [
            (ADA, create("Team"), "GroupCreated", owner),
            (ADA, rename("Crew"), "SettingsUpdated", owner),
            (ADA, rename("Crew"), "SettingsUnchanged", owner),
            (ADA, add(BOB), "MemberAdded", owner),
            (ADA, add_many([BOB, CAT, DAN, EVE]), "MembersAdded", owner),
            (ADA, add_many([BOB, CAT]), "NobodyAdded", owner),
            (ADA, remove(CAT), "MemberRemoved", owner),
            (DAN, remove(DAN), "Left", former),
            (EVE, leave(None), "Left", former),
            (ADA, role(BOB, Role::Admin), "RoleChanged", owner),
            (ADA, role(BOB, Role::Admin), "RoleUnchanged", owner),
            (ADA, role(BOB, Role::Owner), "OwnershipTransferred", admin),
            (BOB, role(BOB, Role::Owner), "RoleUnchanged", owner),
            (BOB, leave(Some(ADA)), "Left", former),
            (ADA, Command::DeleteGroup, "GroupDeleted", former),
        ];
        let mut known = 0;
        for (actor, command, expected, role) in steps {
            let executed = store.does(actor, group_id(1), command).await.unwrap();
            let outcome = match &executed.outcome {
                Outcome::GroupCreated { .. } => "GroupCreated",
                Outcome::SettingsUpdated { .. } => "SettingsUpdated",
                Outcome::SettingsUnchanged => "SettingsUnchanged",
                Outcome::MemberAdded { member, .. } if member.membership.user_id == BOB => "MemberAdded",
                Outcome::MembersAdded { added, left_out, .. } if left_out.is_empty() => {
                    assert_eq!(*added, [CAT, DAN, EVE].map(NewMember::plain));
                    "MembersAdded"
                }
                Outcome::NobodyAdded { left_out } if left_out.is_empty() => "NobodyAdded",
                Outcome::MemberRemoved { .. } => "MemberRemoved",
                Outcome::Left { .. } => "Left",
                Outcome::RoleChanged { member, .. } if member.membership.role == Role::Admin => "RoleChanged",
                Outcome::RoleUnchanged { member } if member.membership.user_id == BOB => "RoleUnchanged",
                Outcome::OwnershipTransferred { new_owner, .. } if new_owner.membership.user_id == BOB => {
                    "OwnershipTransferred"
                }
                Outcome::GroupDeleted { .. } => "GroupDeleted",
                other => panic!("unexpected: {other:?}"),
            };
            assert_eq!((outcome, executed.standing.role()), (expected, role));
            assert_eq!(executed.standing == Standing::Outsider, role.is_none());
            known += u64::from(executed.outcome.change().is_some());
            assert_eq!(executed.group.version, version(known), "{expected}: a no-op has no version");
            assert!(executed.outcome.change().is_none_or(|change| change.version() == version(known)));
        }
    });
}

#[test]
fn history_is_for_admins_and_the_owner() {
    run(async |db| {
        let store = db.open().await;
        let created = store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        let renamed = store.did(ADA, group_id(1), rename("Crew")).await;
        let promoted = store.did(ADA, group_id(1), role(BOB, Role::Admin)).await;
        let demoted = store.did(ADA, group_id(1), role(BOB, Role::Member)).await;
        assert_eq!(store.history(BOB, group_id(1), version(0), 10).await.unwrap(), History::Forbidden);
        let page = store.history(ADA, group_id(1), version(0), 3).await.unwrap();
        let changes = vec![created, renamed, promoted];
        assert_eq!(page, History::Page { changes, next: Some(version(3)) });
        let page = store.history(ADA, group_id(1), version(3), 3).await.unwrap();
        assert_eq!(page, History::Page { changes: vec![demoted], next: None });
    });
}

#[test]
fn a_deleted_group_is_gone_and_its_id_cannot_be_reused() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        let deleted = store.does(ADA, group_id(1), Command::DeleteGroup).await.unwrap();
        assert_eq!((deleted.group.version, deleted.standing), (version(2), Standing::Outsider));
        assert_eq!(store.group(BOB, group_id(1)).await.unwrap(), None);
        assert_eq!(store.groups(BOB, None, 10).await.unwrap().groups, []);
        let rejected = store.does(ADA, group_id(1), create("Team")).await;
        assert_eq!(rejected, Err(ExecuteError::Rejected(Rejection::GroupExists)));
        let rejected = store.does(ADA, group_id(1), add(CAT)).await;
        assert_eq!(rejected, Err(ExecuteError::Rejected(Rejection::GroupNotFound)));
    });
}

#[test]
fn the_whole_life_of_a_group_fits_into_one_batch() {
    run(async |db| {
        let store = db.open().await;
        // Sent together, so that they share as few commits as possible.
        let life = [
            (ADA, create("Team")),
            (ADA, add(BOB)),
            (ADA, role(BOB, Role::Admin)),
            (BOB, remove(BOB)),
            (ADA, add(BOB)),
            (ADA, role(BOB, Role::Owner)),
            (ADA, Command::Leave { successor: None }),
            (BOB, Command::DeleteGroup),
            (BOB, create("Team")),
        ];
        let answers = join_all(life.map(|(actor, command)| store.does(actor, group_id(1), command))).await;
        let versions: Vec<_> =
            answers.iter().take(8).map(|answer| answer.as_ref().unwrap().group.version.get()).collect();
        assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(answers[8], Err(ExecuteError::Rejected(Rejection::GroupExists)));
    });
}

#[test]
fn acknowledged_changes_are_there_after_reopening() {
    run(async |db| {
        let store = db.open().await;
        let id = store.id();
        let change = store.did(ADA, group_id(1), create("Team")).await;
        store.close().await;
        let store = db.open().await;
        assert_eq!(store.id(), id);
        assert_eq!(store.group(ADA, group_id(1)).await.unwrap(), Some((change.group, Role::Owner)));
    });
}

#[test]
fn a_closed_store_returns_an_error() {
    run(async |db| {
        let store = db.open().await;
        let other = store.clone();
        store.close().await;
        let answer = other.does(ADA, group_id(1), create("Team")).await;
        assert!(matches!(answer, Err(ExecuteError::Unavailable { reason: groups_store::Reason::Closed, .. })));
        assert!(other.groups(ADA, None, 1).await.is_err());
    });
}
