//! Every rejection. The name of the test states the rule and the circumstance.

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

/// A request that is rejected.
pub(crate) struct Case {
    pub(crate) given: Given,
    pub(crate) by: By,
    pub(crate) rejection: Rejection,
}

/// Makes a test of each line, and a list of all cases for the documents and for the test that covers all rules.
macro_rules! refusals {
    ($($name:ident: $given:expr, $by:expr => $rejection:expr;)*) => {
        $(#[test] fn $name() { check($given, $by, $rejection); })*

        pub(crate) fn cases() -> Vec<Case> {
            vec![$(Case { given: $given, by: $by, rejection: $rejection },)*]
        }
    };
}

refusals! {
    a_group_that_was_never_created_cannot_be_changed: nothing(), by(ADA, rename("Anything")) => GroupNotFound;
    a_deleted_group_cannot_be_changed: team().after(by(ADA, delete())), by(ADA, add(FAY, Member)) => GroupNotFound;
    somebody_who_left_is_an_outsider: team(), by(GUS, leave()) => GroupNotFound;
    somebody_who_was_removed_is_an_outsider: team().after(by(ADA, remove(BOB))), by(BOB, remove(DAN)) => GroupNotFound;
    an_outsider_does_not_learn_the_version: team(), by(FAY, delete()).having_seen(4) => GroupNotFound;

    a_group_is_not_created_twice_by_its_owner: team(), by(ADA, create([])) => GroupExists;
    a_group_is_not_created_twice_by_an_outsider: team(), by(FAY, create([])) => GroupExists;
    a_deleted_group_is_not_created_again: alone().after(by(ADA, delete())), by(ADA, create([])) => GroupExists;

    a_member_cannot_add_anybody: team(), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);
    a_member_cannot_add_several_users: team(), by(DAN, add_all([(FAY, Member), (GUS, Member)])) => Forbidden(Rule::AdminsAdd);
    a_member_who_adds_an_owner_is_rejected_for_adding: team(), by(DAN, add(FAY, Owner)) => Forbidden(Rule::AdminsAdd);
    a_member_does_not_learn_the_limit: team_within(5), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);

    a_member_cannot_change_the_name: team(), by(DAN, rename("Dan's Team")) => Forbidden(Rule::AdminsSet);
    a_member_cannot_change_the_description: team(), by(DAN, describe("")) => Forbidden(Rule::AdminsSet);
    a_member_cannot_set_even_the_current_name: team(), by(DAN, rename("Project Team")) => Forbidden(Rule::AdminsSet);

    an_admin_cannot_delete_the_group: team(), by(BOB, delete()) => Forbidden(Rule::OwnerDeletes);
    a_member_cannot_delete_the_group: team(), by(DAN, delete()) => Forbidden(Rule::OwnerDeletes);
    a_previous_owner_cannot_delete_the_group:
        team().after(by(ADA, give(BOB, Owner))), by(ADA, delete()) => Forbidden(Rule::OwnerDeletes);

    a_member_cannot_remove_a_member: team(), by(DAN, remove(EVE)) => Forbidden(Rule::ActBelow);
    a_member_does_not_learn_who_is_in: team(), by(DAN, remove(FAY)) => Forbidden(Rule::ActBelow);
    an_admin_cannot_remove_another_admin: team(), by(BOB, remove(CLEO)) => Forbidden(Rule::ActBelow);
    an_admin_cannot_remove_the_owner: team(), by(BOB, remove(ADA)) => Forbidden(Rule::ActBelow);
    an_admin_cannot_demote_the_owner: team(), by(BOB, give(ADA, Member)) => Forbidden(Rule::ActBelow);
    an_admin_cannot_demote_themselves: team(), by(BOB, give(BOB, Member)) => Forbidden(Rule::ActBelow);
    an_owner_cannot_demote_themselves: team(), by(ADA, give(ADA, Admin)) => Forbidden(Rule::ActBelow);
    a_member_cannot_promote_themselves: team(), by(DAN, give(DAN, Admin)) => Forbidden(Rule::ActBelow);

    an_admin_cannot_add_an_admin: team(), by(BOB, add(FAY, Admin)) => Forbidden(Rule::GiveBelow);
    an_admin_cannot_add_an_admin_on_a_list: team(), by(BOB, add_all([(FAY, Member), (GUS, Admin)])) => Forbidden(Rule::GiveBelow);
    an_admin_cannot_list_an_existing_member_as_admin: team(), by(BOB, add_all([(EVE, Admin)])) => Forbidden(Rule::GiveBelow);
    an_admin_cannot_promote_a_member: team(), by(BOB, give(DAN, Admin)) => Forbidden(Rule::GiveBelow);

    nobody_is_added_as_owner: team(), by(ADA, add(FAY, Owner)) => InvalidRole;
    nobody_is_added_as_owner_on_a_list: team(), by(BOB, add_all([(FAY, Member), (GUS, Owner)])) => InvalidRole;
    an_initial_member_cannot_be_an_owner: nothing(), by(ADA, create([(BOB, Owner)])) => InvalidRole;
    the_creator_cannot_be_listed_as_owner: nothing(), by(ADA, create([(ADA, Owner)])) => InvalidRole;

    an_admin_cannot_transfer_the_ownership: team(), by(BOB, give(DAN, Owner)) => Forbidden(Rule::OwnerHandsOver);
    an_admin_cannot_take_the_ownership: team(), by(BOB, give(BOB, Owner)) => Forbidden(Rule::OwnerHandsOver);
    a_member_who_promotes_an_outsider_does_not_learn_who_is_a_member:
        team(), by(DAN, give(FAY, Owner)) => Forbidden(Rule::OwnerHandsOver);

    an_owner_cannot_leave_without_a_successor: team(), by(ADA, leave()) => OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor);
    an_owner_cannot_remove_themselves: team(), by(ADA, remove(ADA)) => OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor);
    an_owner_cannot_be_their_own_successor: team(), by(ADA, leave_to(ADA)) => OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor);
    the_last_member_cannot_leave: alone(), by(ADA, leave()) => OwnerMustTransfer(Rule::LastOneDeletes);
    the_last_member_cannot_be_their_own_successor: alone(), by(ADA, leave_to(ADA)) => OwnerMustTransfer(Rule::LastOneDeletes);
    a_member_cannot_name_a_successor: team(), by(DAN, leave_to(EVE)) => Forbidden(Rule::OnlyOwnersNameSuccessors);
    an_admin_cannot_name_themselves_as_successor: team(), by(BOB, leave_to(BOB)) => Forbidden(Rule::OnlyOwnersNameSuccessors);

    an_outsider_cannot_be_removed: team(), by(BOB, remove(FAY)) => MemberNotFound { user_id: FAY };
    an_outsider_cannot_get_a_role: team(), by(ADA, give(FAY, Member)) => MemberNotFound { user_id: FAY };
    an_outsider_cannot_become_the_owner: team(), by(ADA, give(FAY, Owner)) => MemberNotFound { user_id: FAY };
    an_outsider_cannot_be_the_successor: team(), by(ADA, leave_to(GUS)) => MemberNotFound { user_id: GUS };
    an_outsider_cannot_be_the_successor_of_the_last_member: alone(), by(ADA, leave_to(FAY)) => MemberNotFound { user_id: FAY };

    nobody_is_added_twice: team(), by(BOB, add(EVE, Member)) => AlreadyMember { user_id: EVE };
    adding_a_member_does_not_change_their_role: team(), by(ADA, add(EVE, Admin)) => AlreadyMember { user_id: EVE };
    nobody_can_add_themselves: team(), by(BOB, add(BOB, Member)) => AlreadyMember { user_id: BOB };

    nobody_joins_a_full_group: team_within(5), by(BOB, add(FAY, Member)) => TooManyMembers { would_be: 6, members_max: 5 };
    a_list_that_exceeds_the_limit_adds_nobody:
        team_within(6), by(BOB, add_all([(FAY, Member), (GUS, Member)])) => TooManyMembers { would_be: 7, members_max: 6 };
    a_group_cannot_be_created_above_the_limit:
        nothing_within(2), by(ADA, create([(BOB, Member), (CLEO, Member)])) => TooManyMembers { would_be: 3, members_max: 2 };

    a_user_cannot_be_added_by_an_actor_whom_they_blocked:
        team().blocking(FAY, BOB), by(BOB, add(FAY, Member)) => CannotBeAdded { user_id: FAY };
    a_creator_cannot_include_a_user_who_blocked_them:
        nothing().blocking(CLEO, ADA), by(ADA, create([(BOB, Admin), (CLEO, Member)])) => CannotBeAdded { user_id: CLEO };
    an_outsider_without_a_shared_group_cannot_be_added:
        team().under(AddPolicy::SharedGroup), by(BOB, add(FAY, Member)) => CannotBeAdded { user_id: FAY };
    a_shared_group_with_another_member_is_not_enough:
        team().acquainted(ADA, FAY).under(AddPolicy::SharedGroup), by(BOB, add(FAY, Member)) => CannotBeAdded { user_id: FAY };
    an_initial_member_needs_a_shared_group:
        nothing().under(AddPolicy::SharedGroup), by(ADA, create([(CLEO, Member)])) => CannotBeAdded { user_id: CLEO };
    a_block_also_applies_to_users_who_share_a_group:
        team().acquainted(BOB, FAY).blocking(FAY, BOB).under(AddPolicy::SharedGroup), by(BOB, add(FAY, Member))
        => CannotBeAdded { user_id: FAY };
    an_actor_who_may_not_add_a_user_does_not_learn_their_group_count:
        team().blocking(FAY, BOB).in_all_groups_allowed(FAY), by(BOB, add(FAY, Member)) => CannotBeAdded { user_id: FAY };
    a_member_does_not_learn_who_has_blocked_them: team().blocking(FAY, DAN), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);
    consent_does_not_matter_for_an_existing_member:
        team().blocking(EVE, BOB), by(BOB, add(EVE, Member)) => AlreadyMember { user_id: EVE };

    nobody_is_added_if_people_join_by_invitation:
        team().under(AddPolicy::Invitation), by(ADA, add(FAY, Member)) => Forbidden(Rule::InvitationOnly);
    nobody_is_added_on_a_list_if_people_join_by_invitation:
        team().acquainted(BOB, FAY).under(AddPolicy::Invitation), by(BOB, add_all([(FAY, Member)])) => Forbidden(Rule::InvitationOnly);
    there_are_no_initial_members_if_people_join_by_invitation:
        nothing().under(AddPolicy::Invitation), by(ADA, create([(BOB, Member)])) => Forbidden(Rule::InvitationOnly);
    a_member_is_rejected_for_their_role_if_people_join_by_invitation:
        team().under(AddPolicy::Invitation), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);

    nobody_is_added_above_the_limit_of_groups_per_user:
        team().in_all_groups_allowed(FAY), by(BOB, add(FAY, Member)) => too_many_groups(FAY);
    a_user_above_a_lowered_limit_is_not_added:
        team().in_groups(FAY, GROUPS_MAX + 7), by(BOB, add(FAY, Member)) => too_many_groups(FAY);
    nobody_creates_a_group_above_the_limit_per_user: nothing().in_all_groups_allowed(ADA), by(ADA, create([])) => too_many_groups(ADA);
    a_group_is_not_created_if_an_initial_member_cannot_join:
        nothing().in_all_groups_allowed(CLEO), by(ADA, create([(BOB, Admin), (CLEO, Member)])) => too_many_groups(CLEO);
    a_member_does_not_learn_the_group_count_of_a_user:
        team().in_all_groups_allowed(FAY), by(DAN, add(FAY, Member)) => Forbidden(Rule::AdminsAdd);
    the_group_count_does_not_matter_for_an_existing_member:
        team().in_all_groups_allowed(EVE), by(BOB, add(EVE, Member)) => AlreadyMember { user_id: EVE };

    a_request_for_an_older_version_is_rejected:
        team(), by(BOB, rename("Launch")).having_seen(4) => VersionMismatch { expected: Version::new(4), current: Version::new(5) };
    a_request_for_a_later_version_is_rejected:
        team(), by(ADA, delete()).having_seen(6) => VersionMismatch { expected: Version::new(6), current: Version::new(5) };
    a_no_op_for_an_older_version_is_rejected: team(), by(BOB, rename("Project Team")).having_seen(1)
        => VersionMismatch { expected: Version::FIRST, current: Version::new(5) };
    permissions_are_checked_before_the_version: team(), by(DAN, delete()).having_seen(1) => Forbidden(Rule::OwnerDeletes);
    an_operator_cannot_change_a_group_that_was_never_created: nothing(), by_operator(rename("Anything")) => GroupNotFound;
    an_operator_cannot_create_a_group_twice: team(), by_operator(create_for(FAY, [])) => GroupExists;
    an_operator_must_name_the_owner_of_a_new_group: nothing(), by_operator(create([])) => Forbidden(Rule::OperatorsNameOwners);
    a_member_cannot_create_a_group_for_another_user: nothing(), by(ADA, create_for(BOB, [])) => Forbidden(Rule::OperatorsNameOwners);
    an_operator_cannot_create_a_group_for_a_user_in_too_many_groups:
        nothing().in_all_groups_allowed(ADA), by_operator(create_for(ADA, [])) => too_many_groups(ADA);
    an_operator_cannot_create_a_group_with_two_owners:
        nothing(), by_operator(create_for(ADA, [(BOB, Owner)])) => InvalidRole;
    an_operator_cannot_add_an_owner: team(), by_operator(add(FAY, Owner)) => InvalidRole;
    an_operator_cannot_add_a_member_twice: team(), by_operator(add(EVE, Member)) => AlreadyMember { user_id: EVE };
    an_operator_cannot_add_to_a_full_group:
        team_within(5), by_operator(add(FAY, Member)) => TooManyMembers { would_be: 6, members_max: 5 };
    an_operator_cannot_add_a_user_in_too_many_groups:
        team().in_all_groups_allowed(FAY), by_operator(add(FAY, Member)) => too_many_groups(FAY);
    an_operator_cannot_remove_the_owner: team(), by_operator(remove(ADA)) => OwnerMustTransfer(Rule::OwnerIsReplacedFirst);
    an_operator_cannot_demote_the_owner: team(), by_operator(give(ADA, Admin)) => OwnerMustTransfer(Rule::OwnerIsReplacedFirst);
    an_operator_who_owns_the_group_cannot_demote_themselves:
        team(), by(Actor::Operator(ADA), give(ADA, Member)) => OwnerMustTransfer(Rule::OwnerIsReplacedFirst);
    an_operator_who_owns_the_group_must_name_a_successor_to_leave:
        team(), by(Actor::Operator(ADA), leave()) => OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor);
    an_operator_cannot_remove_an_outsider: team(), by_operator(remove(FAY)) => MemberNotFound { user_id: FAY };
    an_operator_cannot_make_an_outsider_the_owner: team(), by_operator(give(FAY, Owner)) => MemberNotFound { user_id: FAY };
    an_operator_who_is_not_a_member_cannot_leave: team(), by_operator(leave()) => MemberNotFound { user_id: OPS };
    an_operator_who_is_not_a_member_cannot_name_a_successor: team(), by_operator(leave_to(BOB)) => MemberNotFound { user_id: OPS };
    an_operator_is_rejected_for_an_older_version: team(), by_operator(delete()).having_seen(4)
        => VersionMismatch { expected: Version::new(4), current: Version::new(5) };
    membership_is_checked_before_the_version: team(), by(BOB, remove(FAY)).having_seen(1) => MemberNotFound { user_id: FAY };
}

fn too_many_groups(user_id: UserId) -> Rejection {
    TooManyGroups { user_id, groups_max: GROUPS_MAX }
}

fn added(given: &Given, by: By) -> Vec<UserId> {
    match given.decide(by) {
        Ok(Decision::Change(Change { kind: ChangeKind::MembersAdded { members }, .. })) => {
            members.iter().map(|member| member.user_id).collect()
        }
        other => panic!("an addition was expected, not {other:?}"),
    }
}

#[test]
fn users_in_too_many_groups_are_left_out_and_the_others_join() {
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
fn users_who_may_not_be_added_are_left_out_and_the_others_join() {
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
fn a_block_affects_one_actor_and_removes_nobody() {
    let given = team().blocking(FAY, BOB).blocking(BOB, FAY).blocking(EVE, ADA);
    assert_eq!(added(&given, by(ADA, add(FAY, Member))), [FAY]);
    assert!(matches!(given.decide(by(ADA, remove(EVE))), Ok(Decision::Change(_))));
    assert!(matches!(given.decide(by(BOB, give(DAN, Member))), Ok(Decision::Unchanged)));
    let own = nothing().blocking(ADA, ADA);
    assert!(matches!(own.decide(by(ADA, create([]))), Ok(Decision::Change(_))), "nobody is added to what they create");
}

#[test]
fn users_may_create_groups_under_every_policy() {
    for policy in [AddPolicy::Anybody, AddPolicy::SharedGroup, AddPolicy::Invitation] {
        let given = nothing().under(policy);
        assert!(matches!(given.decide(by(ADA, create([(ADA, Member)]))), Ok(Decision::Change(_))));
    }
}

#[test]
fn users_who_are_left_out_do_not_count_towards_the_limit() {
    let given = team_within(6).in_all_groups_allowed(FAY);
    assert_eq!(added(&given, by(BOB, add_all([(FAY, Member), (GUS, Member)]))), [GUS]);
}

#[test]
fn leaving_a_group_makes_room_for_another() {
    let given = team().in_groups(FAY, GROUPS_MAX - 1).after(by(BOB, add(FAY, Member)));
    assert_eq!(given.roster.people().group_count(FAY), GROUPS_MAX);
    let given = given.after(by(BOB, remove(FAY)));
    assert_eq!(added(&given, by(BOB, add(FAY, Member))), [FAY]);
    let given = given.after(by(BOB, add(FAY, Member))).after(by(ADA, delete()));
    assert_eq!(given.roster.people().group_count(FAY), GROUPS_MAX - 1, "a deleted group does not count");
}

#[test]
fn without_a_limit_per_user_the_number_of_groups_does_not_matter() {
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
fn an_outsider_cannot_tell_whether_a_group_exists() {
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
fn a_request_for_another_group_finds_no_group() {
    let mut request = by(ADA, rename("Elsewhere")).at(team().now);
    request.group_id = GroupId::new(Uuid::from_u128(1));
    assert_eq!(team().roster.decide(&request), Err(GroupNotFound));
    assert_eq!(decide(&team().facts(), &request), Err(GroupNotFound), "nor do the facts have it");
    request.command = create([]);
    assert_eq!(nothing().roster.decide(&request), Err(GroupNotFound));
}

#[test]
fn a_request_that_expects_the_current_version_is_accepted() {
    assert!(matches!(team().decide(by(BOB, rename("Launch")).having_seen(5)), Ok(Decision::Change(_))));
}

#[test]
fn the_creation_of_a_group_ignores_the_expected_version() {
    assert!(matches!(nothing().decide(by(ADA, create([])).having_seen(3)), Ok(Decision::Change(_))));
}

#[test]
fn members_who_are_skipped_do_not_count_towards_the_limit() {
    let given = team_within(6);
    let many = add_all([(EVE, Member), (FAY, Member), (FAY, Member), (DAN, Member)]);
    assert!(matches!(given.decide(by(BOB, many)), Ok(Decision::Change(change)) if change.group.member_count == 6));
}

#[test]
fn a_lowered_limit_keeps_out_new_members_only() {
    let Given { history, now, .. } = team();
    let limits = groups_domain::Limits { members_max: 3, ..Default::default() };
    let roster = groups_domain::Roster::replay(crate::cast::TEAM, limits, &history);
    let given = Given { roster, history, now };
    check(given.clone(), by(BOB, add(FAY, Member)), TooManyMembers { would_be: 6, members_max: 3 });
    check(given.clone(), by(BOB, add_all([(EVE, Member)])), Expect::Unchanged);
    assert!(matches!(given.decide(by(BOB, remove(EVE))), Ok(Decision::Change(_))));
}

#[test]
fn commands_without_effect_are_no_ops() {
    for (actor, command) in [
        (BOB, rename("Project Team")),
        (BOB, rename("  Project Team ")),
        (BOB, describe("Everything about the launch.")),
        (BOB, Command::UpdateSettings { name: None, description: None, join_policy: None }),
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
fn a_rejected_request_leaves_the_roster_unchanged() {
    for Case { given, by, .. } in cases() {
        let mut roster = given.roster.clone();
        if by.expected_version.is_none() {
            assert!(roster.execute(by.actor, given.now, by.command).is_err());
        }
        assert_eq!(roster, given.roster);
    }
}
