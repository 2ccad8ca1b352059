//! What an operator may do in addition to members, and which rules apply to operators too.

use groups_domain::Role::{Admin, Member, Owner};
use groups_domain::{
    Actor, AddPolicy, Audience, Decision, Effect, EventKind, LeftOut, Obstacle, Request, UserId, View,
};

use crate::cast::{
    ADA, BOB, CLEO, DAN, EVE, FAY, GUS, Given, OPS, add, add_all, by, by_operator, create, create_for, delete, give,
    leave, nothing, remove, rename, team,
};
use crate::check::{Expect, check};

fn told(given: &Given, command: groups_domain::Command) -> Vec<UserId> {
    match given.decide(by_operator(command)) {
        Ok(Decision::Change(change)) => given.roster.told(&change).into_iter().map(|told| told.user_id).collect(),
        other => panic!("a change was expected, not {other:?}"),
    }
}

#[test]
fn the_owner_of_a_group_created_by_an_operator_is_notified_of_being_added() {
    check(
        nothing(),
        by_operator(create_for(ADA, [(BOB, Admin), (ADA, Member)])),
        r#"
            1 by operator Ops
            Project Team "" of Ada, 2 members
            GroupCreated { members: [NewMember { user_id: Bob, role: Admin }] }
            effect Joined { user_id: Ada, role: Owner }
            effect Joined { user_id: Bob, role: Admin }
            subject Ada Added { role: Owner, via: None }
            subject Bob Added { role: Admin, via: None }
            Ada ← AddedToGroup { group: …, role: Owner, via: None }
            Bob ← AddedToGroup { group: …, role: Admin, via: None }
        "#,
    );
}

#[test]
fn an_operator_who_creates_a_group_of_their_own_is_its_creator() {
    let given = nothing();
    let Ok(Decision::Change(change)) = given.decide(by_operator(create_for(OPS, []))) else { panic!("it is allowed") };
    assert_eq!(change.subjects(), [(OPS, View::Creator)]);
    assert!(matches!(given.roster.told(&change)[0].event.kind, EventKind::GroupCreated { .. }));
}

#[test]
fn a_member_may_name_themselves_as_the_owner() {
    assert_eq!(nothing().decide(by(ADA, create_for(ADA, []))), nothing().decide(by(ADA, create([]))));
}

#[test]
fn an_operator_transfers_the_ownership_between_others() {
    check(
        team(),
        by_operator(give(CLEO, Owner)),
        r#"
            6 by operator Ops
            Project Team "Everything about the launch." of Cleo, 5 members
            OwnershipTransferred { successor: Succession { user_id: Cleo, previous_role: Admin }, previous_owner_id: Some(Ada) }
            effect RoleSet { user_id: Ada, role: Admin }
            effect RoleSet { user_id: Cleo, role: Owner }
            subject Cleo RoleChanged { role: Owner, previous_role: Admin }
            subject Ada RoleChanged { role: Admin, previous_role: Owner }
            Ada ← RoleChanged { group: …, role: Admin, previous_role: Owner }
            Bob ← GroupUpdated { group: …, action: OwnerChanged { user_id: Cleo } }
            Cleo ← RoleChanged { group: …, role: Owner, previous_role: Admin }
            Dan ← GroupUpdated { group: …, action: OwnerChanged { user_id: Cleo } }
            Eve ← GroupUpdated { group: …, action: OwnerChanged { user_id: Cleo } }
        "#,
    );
}

#[test]
fn a_change_names_the_previous_owner() {
    let previous_owner = |by| match team().decide(by) {
        Ok(Decision::Change(change)) => change.previous_owner_id(),
        other => panic!("a change was expected, not {other:?}"),
    };
    assert_eq!(previous_owner(by_operator(give(CLEO, Owner))), Some(ADA));
    assert_eq!(previous_owner(by(Actor::Operator(ADA), give(CLEO, Owner))), Some(ADA));
    assert_eq!(previous_owner(by(ADA, give(CLEO, Owner))), Some(ADA));
    assert_eq!(previous_owner(by(ADA, crate::cast::leave_to(CLEO))), Some(ADA));
    assert_eq!(previous_owner(by(DAN, leave())), None);
}

#[test]
fn an_operator_who_is_not_a_member_can_change_everything_and_gets_no_events() {
    let members = [ADA, BOB, CLEO, DAN, EVE];
    for command in [rename("Launch"), remove(BOB), give(CLEO, Member), give(DAN, Owner), delete()] {
        assert_eq!(told(&team(), command), members);
    }
    assert_eq!(told(&team(), add(FAY, Admin)), [&members[..], &[FAY]].concat());
}

#[test]
fn events_of_changes_by_an_operator_are_marked() {
    let given = team();
    for (actor, is_operator) in [(Actor::Operator(BOB), true), (Actor::Member(BOB), false)] {
        let Ok(Decision::Change(change)) = given.decide(by(actor, rename("Launch"))) else { panic!("it is allowed") };
        assert!(given.roster.told(&change).iter().all(|told| told.event.actor == actor));
        assert_eq!(change.actor.is_operator(), is_operator);
    }
}

#[test]
fn an_operator_who_is_a_member_leaves_like_any_other_member() {
    for command in [leave(), remove(DAN)] {
        let given = team();
        let Ok(Decision::Change(change)) = given.decide(by(Actor::Operator(DAN), command)) else {
            panic!("it is allowed")
        };
        assert_eq!(change.effects(), [Effect::Left { user_id: DAN }]);
        assert_eq!(change.view_for(DAN, Audience::Members), Some(View::Left));
    }
}

#[test]
fn an_operator_may_add_anybody_regardless_of_the_policy_and_blocks() {
    for policy in [AddPolicy::Anybody, AddPolicy::SharedGroup, AddPolicy::Invitation] {
        let given = team().blocking(FAY, OPS).under(policy);
        assert!(told(&given, add(FAY, Member)).contains(&FAY));
        assert!(told(&given, add_all([(FAY, Admin), (GUS, Member)])).contains(&FAY));
        let given = nothing().blocking(BOB, OPS).blocking(BOB, ADA).under(policy);
        assert_eq!(told(&given, create_for(ADA, [(BOB, Member)])), [ADA, BOB]);
    }
}

#[test]
fn a_user_in_too_many_groups_is_left_out_for_an_operator_too() {
    let given = team().in_all_groups_allowed(FAY);
    let request = by_operator(add_all([(FAY, Member)]));
    check(given.clone(), request.clone(), Expect::Unchanged);
    let left_out = [LeftOut { user_id: FAY, obstacle: Obstacle::TooManyGroups }];
    assert_eq!(given.roster.left_out(&request.at(given.now)), left_out);
}

#[test]
fn repeated_commands_of_an_operator_are_no_ops() {
    for command in [rename("Project Team"), give(ADA, Owner), give(DAN, Member), add_all([(EVE, Admin)])] {
        check(team(), by_operator(command), Expect::Unchanged);
    }
}

#[test]
fn the_owner_is_read_only_if_an_operator_transfers_the_ownership() {
    let reads_owner = |request: Request| request.reads_owner();
    let now = team().now;
    assert!(reads_owner(by_operator(give(CLEO, Owner)).at(now)));
    assert!(!reads_owner(by_operator(give(CLEO, Admin)).at(now)));
    assert!(!reads_owner(by(ADA, give(CLEO, Owner)).at(now)));
}
