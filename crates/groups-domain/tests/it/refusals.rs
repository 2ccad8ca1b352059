//! Every refusal: the rule and the circumstance by the name of the test.

use groups_domain::Rejection::{
    AlreadyMember, CannotBeAdded, Forbidden, GroupExists, GroupNotFound, InvalidRole, MemberNotFound,
    OwnerMustTransfer, TooManyGroups, TooManyMembers, VersionMismatch,
};
use groups_domain::Role::{Admin, Member, Owner};
use groups_domain::{
    Actor, AddPolicy, Change, ChangeKind, Command, Decision, GroupId, LeftOut, NewMember, Obstacle, Rejection, Role,
    Rule, UserId, Uuid, Version, decide,
};

use crate::cast::{
    ADA, BOB, By, CLEO, DAN, EVE, FAY, GROUPS_MAX, GUS, Given, OPS, add, add_all, alone, by, by_operator, create,
    create_for, delete, describe, give, leave, leave_to, nothing, nothing_within, remove, rename, team, team_within,
};
use crate::check::{Expect, check};

/// A request that is refused.
pub(crate) struct Case {
    pub(crate) given: Given,
    pub(crate) by: By,
    pub(crate) rejection: Rejection,
}

/// Makes a test of each line, and a list of all of them for the documents and for the test that no rule is forgotten.
macro_rules! refusals {
    ($($name:ident: $given:expr, $by:expr => $rejection:expr;)*) => {
        $(#[test] fn $name() { check($given, $by, $rejection); })*

        pub(crate) fn cases() -> Vec<Case> {
            vec![$(Case { given: $given, by: $by, rejection: $rejection },)*]
        }
    };
}

refusals! {
    nobody_acts_in_a_group_that_was_never_created: nothing(), by(ADA, rename("Anything")) => GroupNotFound;
    nobody_acts_in_a_group_that_was_deleted: team().after(by(ADA, delete())), by(ADA, add(FAY, Member)) => GroupNotFound;
    somebody_who_left_is_an_outsider: team(), by(GUS, leave()) => GroupNotFound;
    somebody_who_was_removed_is_an_outsider: team().after(by(ADA, remove(BOB))), by(BOB, remove(DAN)) => GroupNotFound;
    an_outsider_does_not_learn_the_version: team(), by(FAY, delete()).having_seen(4) => GroupNotFound;

    a_group_is_not_created_twice_by_its_owner: team(), by(ADA, create([])) => GroupExists;
    a_group_is_not_created_twice_by_an_outsider: team(), by(FAY, create([])) => GroupExists;
    a_deleted_group_is_not_created_again: alone().after(by(ADA, delete())), by(ADA, create([])) => GroupExists;

    a_member_adds_nobody: team(), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);
    a_member_adds_nobody_in_company_either: team(), by(DAN, add_all([(FAY, Member), (GUS, Member)])) => Forbidden(Rule::AdminsAdd);
    a_member_who_adds_an_owner_is_told_that_they_add_nobody: team(), by(DAN, add(FAY, Owner)) => Forbidden(Rule::AdminsAdd);
    a_member_does_not_learn_of_the_limit: team_within(5), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);

    a_member_changes_no_name: team(), by(DAN, rename("Dan's Team")) => Forbidden(Rule::AdminsSet);
    a_member_changes_no_description: team(), by(DAN, describe("")) => Forbidden(Rule::AdminsSet);
    a_member_does_not_even_set_the_name_that_is: team(), by(DAN, rename("Project Team")) => Forbidden(Rule::AdminsSet);

    an_admin_does_not_delete: team(), by(BOB, delete()) => Forbidden(Rule::OwnerDeletes);
    a_member_does_not_delete: team(), by(DAN, delete()) => Forbidden(Rule::OwnerDeletes);
    an_owner_who_handed_over_does_not_delete:
        team().after(by(ADA, give(BOB, Owner))), by(ADA, delete()) => Forbidden(Rule::OwnerDeletes);

    a_member_removes_no_member: team(), by(DAN, remove(EVE)) => Forbidden(Rule::ActBelow);
    a_member_does_not_learn_who_is_in: team(), by(DAN, remove(FAY)) => Forbidden(Rule::ActBelow);
    an_admin_removes_no_other_admin: team(), by(BOB, remove(CLEO)) => Forbidden(Rule::ActBelow);
    an_admin_does_not_remove_the_owner: team(), by(BOB, remove(ADA)) => Forbidden(Rule::ActBelow);
    an_admin_does_not_make_the_owner_a_member: team(), by(BOB, give(ADA, Member)) => Forbidden(Rule::ActBelow);
    an_admin_does_not_make_themselves_a_member: team(), by(BOB, give(BOB, Member)) => Forbidden(Rule::ActBelow);
    an_owner_does_not_step_down_without_handing_over: team(), by(ADA, give(ADA, Admin)) => Forbidden(Rule::ActBelow);
    a_member_does_not_make_themselves_an_admin: team(), by(DAN, give(DAN, Admin)) => Forbidden(Rule::ActBelow);

    an_admin_adds_no_admin: team(), by(BOB, add(FAY, Admin)) => Forbidden(Rule::GiveBelow);
    an_admin_adds_no_admin_among_members: team(), by(BOB, add_all([(FAY, Member), (GUS, Admin)])) => Forbidden(Rule::GiveBelow);
    an_admin_gives_no_admin_to_somebody_passed_over: team(), by(BOB, add_all([(EVE, Admin)])) => Forbidden(Rule::GiveBelow);
    an_admin_makes_no_member_an_admin: team(), by(BOB, give(DAN, Admin)) => Forbidden(Rule::GiveBelow);

    nobody_is_added_as_owner: team(), by(ADA, add(FAY, Owner)) => InvalidRole;
    nobody_is_added_as_owner_among_members: team(), by(BOB, add_all([(FAY, Member), (GUS, Owner)])) => InvalidRole;
    nobody_else_is_owner_from_the_beginning: nothing(), by(ADA, create([(BOB, Owner)])) => InvalidRole;
    the_creator_need_not_and_may_not_be_named_as_owner: nothing(), by(ADA, create([(ADA, Owner)])) => InvalidRole;

    an_admin_does_not_make_an_owner: team(), by(BOB, give(DAN, Owner)) => Forbidden(Rule::OwnerHandsOver);
    an_admin_does_not_take_the_ownership: team(), by(BOB, give(BOB, Owner)) => Forbidden(Rule::OwnerHandsOver);
    a_member_who_makes_an_owner_of_a_stranger_learns_nothing_of_them:
        team(), by(DAN, give(FAY, Owner)) => Forbidden(Rule::OwnerHandsOver);

    an_owner_does_not_just_leave: team(), by(ADA, leave()) => OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor);
    an_owner_who_removes_themselves_is_leaving: team(), by(ADA, remove(ADA)) => OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor);
    an_owner_is_no_successor_of_their_own: team(), by(ADA, leave_to(ADA)) => OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor);
    the_last_person_does_not_leave: alone(), by(ADA, leave()) => OwnerMustTransfer(Rule::LastOneDeletes);
    the_last_person_does_not_leave_to_themselves: alone(), by(ADA, leave_to(ADA)) => OwnerMustTransfer(Rule::LastOneDeletes);
    a_member_names_no_successor: team(), by(DAN, leave_to(EVE)) => Forbidden(Rule::OnlyOwnersNameSuccessors);
    an_admin_names_no_successor_not_even_themselves: team(), by(BOB, leave_to(BOB)) => Forbidden(Rule::OnlyOwnersNameSuccessors);

    a_stranger_is_not_removed: team(), by(BOB, remove(FAY)) => MemberNotFound { user_id: FAY };
    a_stranger_gets_no_role: team(), by(ADA, give(FAY, Member)) => MemberNotFound { user_id: FAY };
    a_stranger_gets_no_ownership: team(), by(ADA, give(FAY, Owner)) => MemberNotFound { user_id: FAY };
    a_stranger_is_no_successor: team(), by(ADA, leave_to(GUS)) => MemberNotFound { user_id: GUS };
    a_stranger_is_no_successor_of_the_last_person: alone(), by(ADA, leave_to(FAY)) => MemberNotFound { user_id: FAY };

    nobody_is_added_twice: team(), by(BOB, add(EVE, Member)) => AlreadyMember { user_id: EVE };
    adding_is_no_way_to_another_role: team(), by(ADA, add(EVE, Admin)) => AlreadyMember { user_id: EVE };
    nobody_adds_themselves: team(), by(BOB, add(BOB, Member)) => AlreadyMember { user_id: BOB };

    a_full_group_takes_nobody: team_within(5), by(BOB, add(FAY, Member)) => TooManyMembers { would_be: 6, members_max: 5 };
    many_are_added_all_or_none:
        team_within(6), by(BOB, add_all([(FAY, Member), (GUS, Member)])) => TooManyMembers { would_be: 7, members_max: 6 };
    a_group_is_not_created_too_large:
        nothing_within(2), by(ADA, create([(BOB, Member), (CLEO, Member)])) => TooManyMembers { would_be: 3, members_max: 2 };

    nobody_is_added_by_somebody_whom_they_blocked:
        team().blocking(FAY, BOB), by(BOB, add(FAY, Member)) => CannotBeAdded { user_id: FAY };
    nobody_is_an_initial_member_by_somebody_whom_they_blocked:
        nothing().blocking(CLEO, ADA), by(ADA, create([(BOB, Admin), (CLEO, Member)])) => CannotBeAdded { user_id: CLEO };
    a_stranger_is_not_added_where_a_shared_group_is_required:
        team().under(AddPolicy::SharedGroup), by(BOB, add(FAY, Member)) => CannotBeAdded { user_id: FAY };
    that_others_share_a_group_with_somebody_is_not_enough:
        team().acquainted(ADA, FAY).under(AddPolicy::SharedGroup), by(BOB, add(FAY, Member)) => CannotBeAdded { user_id: FAY };
    a_stranger_is_no_initial_member_where_a_shared_group_is_required:
        nothing().under(AddPolicy::SharedGroup), by(ADA, create([(CLEO, Member)])) => CannotBeAdded { user_id: CLEO };
    a_block_counts_also_among_people_who_share_a_group:
        team().acquainted(BOB, FAY).blocking(FAY, BOB).under(AddPolicy::SharedGroup), by(BOB, add(FAY, Member))
        => CannotBeAdded { user_id: FAY };
    who_may_not_add_somebody_does_not_learn_in_how_many_groups_they_are:
        team().blocking(FAY, BOB).in_all_groups_allowed(FAY), by(BOB, add(FAY, Member)) => CannotBeAdded { user_id: FAY };
    a_member_does_not_learn_who_has_blocked_them: team().blocking(FAY, DAN), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);
    somebody_who_is_in_already_is_no_question_of_consent:
        team().blocking(EVE, BOB), by(BOB, add(EVE, Member)) => AlreadyMember { user_id: EVE };

    nobody_is_added_where_people_join_by_invitation:
        team().under(AddPolicy::Invitation), by(ADA, add(FAY, Member)) => Forbidden(Rule::InvitationOnly);
    nobody_is_added_on_a_list_where_people_join_by_invitation:
        team().acquainted(BOB, FAY).under(AddPolicy::Invitation), by(BOB, add_all([(FAY, Member)])) => Forbidden(Rule::InvitationOnly);
    nobody_is_an_initial_member_where_people_join_by_invitation:
        nothing().under(AddPolicy::Invitation), by(ADA, create([(BOB, Member)])) => Forbidden(Rule::InvitationOnly);
    a_member_adds_nobody_by_invitation_either:
        team().under(AddPolicy::Invitation), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);

    nobody_is_added_to_more_groups_than_one_person_may_be_in:
        team().in_all_groups_allowed(FAY), by(BOB, add(FAY, Member)) => too_many_groups(FAY);
    nor_is_somebody_whom_a_higher_limit_let_into_more:
        team().in_groups(FAY, GROUPS_MAX + 7), by(BOB, add(FAY, Member)) => too_many_groups(FAY);
    nobody_creates_one_group_too_many: nothing().in_all_groups_allowed(ADA), by(ADA, create([])) => too_many_groups(ADA);
    a_group_is_not_created_without_somebody_whom_its_creator_named:
        nothing().in_all_groups_allowed(CLEO), by(ADA, create([(BOB, Admin), (CLEO, Member)])) => too_many_groups(CLEO);
    a_member_does_not_learn_in_how_many_groups_somebody_is:
        team().in_all_groups_allowed(FAY), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);
    of_somebody_who_is_in_their_number_of_groups_does_not_matter:
        team().in_all_groups_allowed(EVE), by(BOB, add(EVE, Member)) => AlreadyMember { user_id: EVE };

    a_request_made_for_an_older_version_is_refused:
        team(), by(BOB, rename("Launch")).having_seen(4) => VersionMismatch { expected: Version::new(4), current: Version::new(5) };
    a_request_made_for_a_later_version_is_refused:
        team(), by(ADA, delete()).having_seen(6) => VersionMismatch { expected: Version::new(6), current: Version::new(5) };
    also_one_that_would_change_nothing: team(), by(BOB, rename("Project Team")).having_seen(1)
        => VersionMismatch { expected: Version::FIRST, current: Version::new(5) };
    permission_is_judged_before_the_version: team(), by(DAN, delete()).having_seen(1) => Forbidden(Rule::OwnerDeletes);
    an_operator_does_not_act_in_a_group_that_was_never_created: nothing(), by_operator(rename("Anything")) => GroupNotFound;
    an_operator_does_not_create_a_group_twice: team(), by_operator(create_for(FAY, [])) => GroupExists;
    an_operator_names_the_owner_of_a_new_group: nothing(), by_operator(create([])) => Forbidden(Rule::OperatorsNameOwners);
    a_member_creates_no_group_for_somebody_else: nothing(), by(ADA, create_for(BOB, [])) => Forbidden(Rule::OperatorsNameOwners);
    an_operator_creates_no_group_for_somebody_in_too_many:
        nothing().in_all_groups_allowed(ADA), by_operator(create_for(ADA, [])) => too_many_groups(ADA);
    an_operator_makes_no_second_owner_of_a_new_group:
        nothing(), by_operator(create_for(ADA, [(BOB, Owner)])) => InvalidRole;
    an_operator_adds_no_owner: team(), by_operator(add(FAY, Owner)) => InvalidRole;
    an_operator_adds_nobody_twice: team(), by_operator(add(EVE, Member)) => AlreadyMember { user_id: EVE };
    an_operator_adds_nobody_to_a_full_group:
        team_within(5), by_operator(add(FAY, Member)) => TooManyMembers { would_be: 6, members_max: 5 };
    an_operator_adds_nobody_to_more_groups_than_one_person_may_be_in:
        team().in_all_groups_allowed(FAY), by_operator(add(FAY, Member)) => too_many_groups(FAY);
    an_operator_does_not_remove_the_owner: team(), by_operator(remove(ADA)) => OwnerMustTransfer(Rule::OwnerIsReplacedFirst);
    an_operator_does_not_demote_the_owner: team(), by_operator(give(ADA, Admin)) => OwnerMustTransfer(Rule::OwnerIsReplacedFirst);
    an_operator_who_owns_the_group_does_not_step_down:
        team(), by(Actor::Operator(ADA), give(ADA, Member)) => OwnerMustTransfer(Rule::OwnerIsReplacedFirst);
    an_operator_who_owns_the_group_names_a_successor_to_leave:
        team(), by(Actor::Operator(ADA), leave()) => OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor);
    an_operator_removes_no_stranger: team(), by_operator(remove(FAY)) => MemberNotFound { user_id: FAY };
    an_operator_makes_no_owner_of_a_stranger: team(), by_operator(give(FAY, Owner)) => MemberNotFound { user_id: FAY };
    an_operator_who_is_not_a_member_cannot_leave: team(), by_operator(leave()) => MemberNotFound { user_id: OPS };
    an_operator_who_is_not_a_member_has_no_successor: team(), by_operator(leave_to(BOB)) => MemberNotFound { user_id: OPS };
    an_operator_acts_on_the_version_that_they_insist_on: team(), by_operator(delete()).having_seen(4)
        => VersionMismatch { expected: Version::new(4), current: Version::new(5) };
    existence_is_judged_before_the_version: team(), by(BOB, remove(FAY)).having_seen(1) => MemberNotFound { user_id: FAY };
}

fn too_many_groups(user_id: UserId) -> Rejection {
    TooManyGroups { user_id, groups_max: GROUPS_MAX }
}

fn added(given: &Given, by: By) -> Vec<UserId> {
    match given.decide(by) {
        Ok(Decision::Change(Change { kind: ChangeKind::MembersAdded { members }, .. })) => {
            members.iter().map(|member| member.user_id).collect()
        }
        other => panic!("people were to be added, not {other:?}"),
    }
}

#[test]
fn of_several_people_those_in_too_many_groups_are_left_out_and_the_others_join() {
    let given = team().in_all_groups_allowed(FAY);
    let request = by(BOB, add_all([(FAY, Member), (EVE, Member), (GUS, Member), (FAY, Member)]));
    assert_eq!(added(&given, request.clone()), [GUS]);
    let left_out = [LeftOut { user_id: FAY, obstacle: Obstacle::TooManyGroups }];
    assert_eq!(given.roster.left_out(&request.at(given.now)), left_out);
    let alone = by(BOB, add_all([(FAY, Member)]));
    check(given.clone(), alone.clone(), Expect::Unchanged);
    assert_eq!(given.roster.left_out(&alone.at(given.now)), left_out);
}

#[test]
fn of_several_people_those_who_may_not_be_added_are_left_out_and_the_others_join() {
    let list = by(BOB, add_all([(FAY, Member), (EVE, Member), (GUS, Member)]));
    let blocked = team().blocking(FAY, BOB).in_all_groups_allowed(FAY);
    let strangers = team().acquainted(BOB, GUS).under(AddPolicy::SharedGroup);
    for given in [blocked, strangers] {
        assert_eq!(added(&given, list.clone()), [GUS]);
        let left_out = [LeftOut { user_id: FAY, obstacle: Obstacle::NotAllowed }];
        assert_eq!(given.roster.left_out(&list.clone().at(given.now)), left_out, "a block looks like a missing group");
    }
}

#[test]
fn blocking_stops_one_person_and_takes_away_nothing() {
    let given = team().blocking(FAY, BOB).blocking(BOB, FAY).blocking(EVE, ADA);
    assert_eq!(added(&given, by(ADA, add(FAY, Member))), [FAY]);
    assert!(matches!(given.decide(by(ADA, remove(EVE))), Ok(Decision::Change(_))));
    assert!(matches!(given.decide(by(BOB, give(DAN, Member))), Ok(Decision::Unchanged)));
    let own = nothing().blocking(ADA, ADA);
    assert!(matches!(own.decide(by(ADA, create([]))), Ok(Decision::Change(_))), "nobody is added to what they create");
}

#[test]
fn every_policy_lets_people_create_groups_of_their_own() {
    for policy in [AddPolicy::Anybody, AddPolicy::SharedGroup, AddPolicy::Invitation] {
        let given = nothing().under(policy);
        assert!(matches!(given.decide(by(ADA, create([(ADA, Member)]))), Ok(Decision::Change(_))));
    }
}

#[test]
fn who_is_left_out_takes_no_room() {
    let given = team_within(6).in_all_groups_allowed(FAY);
    assert_eq!(added(&given, by(BOB, add_all([(FAY, Member), (GUS, Member)]))), [GUS]);
}

#[test]
fn a_group_less_makes_room_for_another() {
    let given = team().in_groups(FAY, GROUPS_MAX - 1).after(by(BOB, add(FAY, Member)));
    assert_eq!(given.roster.people().group_count(FAY), GROUPS_MAX);
    let given = given.after(by(BOB, remove(FAY)));
    assert_eq!(added(&given, by(BOB, add(FAY, Member))), [FAY]);
    let given = given.after(by(BOB, add(FAY, Member))).after(by(ADA, delete()));
    assert_eq!(given.roster.people().group_count(FAY), GROUPS_MAX - 1, "a deleted group does not count");
}

#[test]
fn without_a_limit_on_groups_per_person_their_number_does_not_matter() {
    let limits = groups_domain::Limits { groups_per_user_max: None, ..Default::default() };
    let mut roster = groups_domain::Roster::new(crate::cast::TEAM, limits);
    for user_id in [ADA, BOB] {
        roster.people_mut().group_counts.insert(user_id, u32::MAX);
    }
    let create = create([(BOB, Member)]);
    assert_eq!(roster.execute(ADA, team().now, create).map(|told| told.len()), Ok(2));
    let many = Command::AddMembers(vec![NewMember::plain(FAY)]);
    assert_eq!(roster.left_out(&by(ADA, many).at(team().now)), []);
}

#[test]
fn an_outsider_cannot_tell_a_group_from_none() {
    for command in [
        rename("Mine"),
        add(GUS, Member),
        add_all([(GUS, Member)]),
        remove(DAN),
        remove(FAY),
        leave(),
        leave_to(DAN),
        give(DAN, Admin),
        give(FAY, Owner),
        delete(),
    ] {
        check(team(), by(FAY, command.clone()), GroupNotFound);
        check(nothing(), by(FAY, command), GroupNotFound);
    }
}

#[test]
fn a_request_for_another_group_finds_none_here() {
    let mut request = by(ADA, rename("Elsewhere")).at(team().now);
    request.group_id = GroupId::new(Uuid::from_u128(1));
    assert_eq!(team().roster.decide(&request), Err(GroupNotFound));
    assert_eq!(decide(&team().facts(), &request), Err(GroupNotFound), "nor do the facts have it");
    request.command = create([]);
    assert_eq!(nothing().roster.decide(&request), Err(GroupNotFound));
}

#[test]
fn a_request_for_the_version_that_is_goes_through() {
    assert!(matches!(team().decide(by(BOB, rename("Launch")).having_seen(5)), Ok(Decision::Change(_))));
}

#[test]
fn a_group_that_is_to_be_created_has_no_version_to_have_seen() {
    assert!(matches!(nothing().decide(by(ADA, create([])).having_seen(3)), Ok(Decision::Change(_))));
}

#[test]
fn whoever_is_passed_over_takes_no_room() {
    let given = team_within(6);
    let many = add_all([(EVE, Member), (FAY, Member), (FAY, Member), (DAN, Member)]);
    assert!(matches!(given.decide(by(BOB, many)), Ok(Decision::Change(change)) if change.group.member_count == 6));
}

#[test]
fn a_limit_lowered_later_keeps_newcomers_out_and_nobody_else() {
    let Given { history, now, .. } = team();
    let limits = groups_domain::Limits { members_max: 3, ..Default::default() };
    let roster = groups_domain::Roster::replay(crate::cast::TEAM, limits, &history);
    let given = Given { roster, history, now };
    check(given.clone(), by(BOB, add(FAY, Member)), TooManyMembers { would_be: 6, members_max: 3 });
    check(given.clone(), by(BOB, add_all([(EVE, Member)])), Expect::Unchanged);
    assert!(matches!(given.decide(by(BOB, remove(EVE))), Ok(Decision::Change(_))));
}

#[test]
fn what_is_as_asked_for_already_changes_nothing() {
    for (actor, command) in [
        (BOB, rename("Project Team")),
        (BOB, rename("  Project Team ")),
        (BOB, describe("Everything about the launch.")),
        (BOB, Command::UpdateSettings { name: None, description: None }),
        (BOB, give(DAN, Member)),
        (ADA, give(CLEO, Admin)),
        (ADA, give(ADA, Role::Owner)),
        (BOB, add_all([])),
        (BOB, add_all([(EVE, Member), (ADA, Member), (BOB, Member)])),
    ] {
        check(team(), by(actor, command), Expect::Unchanged);
    }
}

#[test]
fn a_refused_request_leaves_the_roster_as_it_was() {
    for Case { given, by, .. } in cases() {
        let mut roster = given.roster.clone();
        if by.expected_version.is_none() {
            assert!(roster.execute(by.actor, given.now, by.command).is_err());
        }
        assert_eq!(roster, given.roster);
    }
}
