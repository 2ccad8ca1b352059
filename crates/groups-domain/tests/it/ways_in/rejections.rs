//! Every rejection of the ways in. The name of the test states the rule and the circumstance.

use groups_domain::Rejection::{
    AlreadyMember, Banned, CannotBeAdded, Forbidden, GroupNotFound, InvalidExpiry, InvalidRole, InvitationNotFound,
    JoinRequestNotFound, LinkNotFound, ListFull, OwnerMustTransfer, TooManyGroups, TooManyMembers, VersionMismatch,
};
use groups_domain::Role::{Admin, Member, Owner};
use groups_domain::{AccessList, AddPolicy, Command, JoinPolicy, Limits, Rejection, Rule, Version, check_list_access};

use super::cast::{
    ASKING, BEA, HOURLY, IDA, LINK, RAY, USED_UP, accept, approve, approve_as, ask, ban, decline, expire, invite,
    invite_for_an_hour, join, link, link_for, link_for_an_hour, revoke, set, take_back, turn_down, unban, use_link,
    visited, withdraw,
};
use crate::cast::{
    ADA, BOB, CLEO, DAN, EVE, FAY, GROUPS_MAX, GUS, Given, add, alone, by, by_operator, nothing, team, team_within,
};
use crate::check::check;
use crate::refusals::Case;

macro_rules! rejections {
    ($($name:ident: $given:expr, $by:expr => $rejection:expr;)*) => {
        $(#[test] fn $name() { check($given, $by, $rejection); })*

        pub(crate) fn cases() -> Vec<Case> {
            vec![$(Case { given: $given, by: $by, rejection: $rejection },)*]
        }
    };
}

fn closed() -> Given {
    visited(JoinPolicy::Closed)
}

fn limited(limits: Limits) -> Given {
    visited(JoinPolicy::Request).within(limits)
}

fn seconds(seconds: u64) -> Command {
    Command::Invite { user_id: FAY, role: Member, expires_in_seconds: Some(seconds) }
}

rejections! {
    a_member_cannot_invite: closed(), by(DAN, invite(FAY, Member)) => Forbidden(Rule::AdminsInvite);
    a_member_does_not_learn_who_is_invited: closed(), by(DAN, withdraw(IDA)) => Forbidden(Rule::AdminsInvite);
    a_member_cannot_answer_requests: closed(), by(DAN, approve(RAY)) => Forbidden(Rule::AdminsAnswerJoinRequests);
    a_member_does_not_learn_who_has_asked: closed(), by(DAN, turn_down(FAY)) => Forbidden(Rule::AdminsAnswerJoinRequests);
    a_member_cannot_ban: closed(), by(DAN, ban(FAY)) => Forbidden(Rule::AdminsBan);
    a_member_does_not_learn_who_is_banned: closed(), by(DAN, unban(BEA)) => Forbidden(Rule::AdminsBan);
    a_member_cannot_create_links: closed(), by(DAN, link(HOURLY, Member)) => Forbidden(Rule::AdminsManageLinks);
    a_member_cannot_revoke_links: closed(), by(DAN, revoke(LINK)) => Forbidden(Rule::AdminsManageLinks);
    a_member_cannot_set_the_join_policy: closed(), by(DAN, set(JoinPolicy::Open)) => Forbidden(Rule::AdminsSet);
    an_invited_user_cannot_invite_others: closed(), by(IDA, invite(FAY, Member)) => GroupNotFound;
    an_invited_user_does_not_learn_the_version: closed(), by(IDA, add(FAY, Member)).having_seen(1) => GroupNotFound;

    an_admin_cannot_invite_an_admin: closed(), by(BOB, invite(FAY, Admin)) => Forbidden(Rule::GiveBelow);
    an_admin_cannot_create_a_link_for_admins: closed(), by(BOB, link(HOURLY, Admin)) => Forbidden(Rule::GiveBelow);
    an_admin_cannot_approve_somebody_as_admin: closed(), by(BOB, approve_as(RAY, Admin)) => Forbidden(Rule::GiveBelow);
    an_admin_cannot_approve_what_an_owner_s_link_offers:
        closed().after(by(FAY, use_link(ASKING))), by(BOB, approve(FAY)) => Forbidden(Rule::GiveBelow);
    nobody_is_invited_as_owner: closed(), by(ADA, invite(FAY, Owner)) => InvalidRole;
    nobody_is_approved_as_owner: closed(), by(ADA, approve_as(RAY, Owner)) => InvalidRole;
    no_link_makes_owners: closed(), by(ADA, link(HOURLY, Owner)) => InvalidRole;

    a_member_is_not_invited: closed(), by(BOB, invite(DAN, Member)) => AlreadyMember { user_id: DAN };
    a_banned_user_is_not_invited: closed(), by(BOB, invite(BEA, Member)) => Banned { user_id: BEA };
    a_banned_user_is_not_added: closed(), by(BOB, add(BEA, Member)) => Banned { user_id: BEA };
    an_operator_lifts_a_ban_before_adding: closed(), by_operator(add(BEA, Member)) => Banned { user_id: BEA };
    a_user_who_has_blocked_the_actor_is_not_invited:
        closed().blocking(FAY, BOB), by(BOB, invite(FAY, Member)) => CannotBeAdded { user_id: FAY };

    an_invitation_that_expires_at_once_is_rejected: closed(), by(BOB, seconds(0)) => InvalidExpiry;
    an_invitation_that_expires_in_years_is_rejected:
        closed(), by(BOB, seconds(Command::EXPIRES_IN_SECONDS_MAX + 1)) => InvalidExpiry;

    nobody_is_invited_beyond_the_limit:
        limited(Limits { invitations_max: 1, ..Limits::default() }), by(BOB, invite(FAY, Member))
        => ListFull { list: AccessList::Invitations, max: 1 };
    nobody_asks_beyond_the_limit:
        limited(Limits { join_requests_max: 1, ..Limits::default() }), by(FAY, join())
        => ListFull { list: AccessList::JoinRequests, max: 1 };
    nobody_is_banned_beyond_the_limit:
        limited(Limits { bans_max: 1, ..Limits::default() }), by(BOB, ban(FAY)) => ListFull { list: AccessList::Bans, max: 1 };
    no_link_is_created_beyond_the_limit:
        limited(Limits { links_max: 2, ..Limits::default() }), by(BOB, link(HOURLY, Member))
        => ListFull { list: AccessList::Links, max: 2 };

    an_outsider_has_nothing_to_accept: closed(), by(FAY, accept()) => InvitationNotFound;
    an_outsider_has_nothing_to_accept_in_a_group_that_does_not_exist: nothing(), by(FAY, accept()) => InvitationNotFound;
    somebody_who_has_asked_has_nothing_to_accept: closed(), by(RAY, accept()) => InvitationNotFound;
    a_banned_user_has_nothing_to_accept: closed(), by(BEA, accept()) => InvitationNotFound;
    an_outsider_has_nothing_to_decline: closed(), by(FAY, decline()) => InvitationNotFound;
    a_member_has_nothing_to_decline: closed(), by(DAN, decline()) => InvitationNotFound;
    a_withdrawn_invitation_cannot_be_accepted: closed().after(by(BOB, withdraw(IDA))), by(IDA, accept()) => InvitationNotFound;
    a_declined_invitation_cannot_be_accepted: closed().after(by(IDA, decline())), by(IDA, accept()) => InvitationNotFound;
    an_expired_invitation_cannot_be_accepted:
        team().after(by(BOB, invite_for_an_hour(FAY))).later(3_300), by(FAY, accept()) => InvitationNotFound;
    an_expired_invitation_cannot_be_declined:
        team().after(by(BOB, invite_for_an_hour(FAY))).later(3_300), by(FAY, decline()) => InvitationNotFound;
    an_expired_invitation_cannot_be_withdrawn:
        team().after(by(BOB, invite_for_an_hour(FAY))).later(3_300), by(BOB, withdraw(FAY)) => InvitationNotFound;
    a_request_is_not_an_invitation: closed(), by(BOB, withdraw(RAY)) => InvitationNotFound;

    nobody_joins_a_closed_group: closed(), by(FAY, join()) => GroupNotFound;
    nobody_joins_a_group_that_does_not_exist: nothing(), by(FAY, join()) => GroupNotFound;
    a_banned_user_does_not_see_an_open_group: visited(JoinPolicy::Open), by(BEA, join()) => GroupNotFound;
    a_banned_user_cannot_ask: visited(JoinPolicy::Request), by(BEA, ask("Please")) => GroupNotFound;
    an_expired_invitation_opens_no_closed_group:
        team().after(by(BOB, invite_for_an_hour(FAY))).later(3_300), by(FAY, join()) => GroupNotFound;

    an_outsider_has_no_request_to_take_back: closed(), by(FAY, take_back()) => JoinRequestNotFound;
    an_outsider_has_no_request_to_take_back_in_a_group_that_does_not_exist: nothing(), by(FAY, take_back()) => JoinRequestNotFound;
    a_request_is_taken_back_once: closed().after(by(RAY, take_back())), by(RAY, take_back()) => JoinRequestNotFound;
    a_request_is_answered_once: closed().after(by(BOB, approve(RAY))), by(CLEO, approve(RAY)) => JoinRequestNotFound;
    an_invitation_is_not_a_request: closed(), by(BOB, approve(IDA)) => JoinRequestNotFound;
    an_outsider_cannot_be_turned_down: closed(), by(BOB, turn_down(FAY)) => JoinRequestNotFound;

    an_unknown_link_lets_nobody_in: closed(), by(FAY, use_link(HOURLY)) => LinkNotFound;
    a_link_of_a_deleted_group_lets_nobody_in:
        closed().after(by(ADA, crate::cast::delete())), by(FAY, use_link(LINK)) => LinkNotFound;
    a_revoked_link_lets_nobody_in: closed().after(by(BOB, revoke(LINK))), by(FAY, use_link(LINK)) => LinkNotFound;
    a_link_that_is_used_up_lets_nobody_in:
        closed().after(by(BOB, link_for(USED_UP, 1))).after(by(GUS, use_link(USED_UP))), by(FAY, use_link(USED_UP)) => LinkNotFound;
    an_expired_link_lets_nobody_in:
        closed().after(by(BOB, link_for_an_hour(HOURLY))).later(3_300), by(FAY, use_link(HOURLY)) => LinkNotFound;
    no_link_lets_a_banned_user_in: closed(), by(BEA, use_link(LINK)) => LinkNotFound;
    no_link_lets_a_banned_user_ask: closed(), by(BEA, use_link(ASKING)) => LinkNotFound;
    a_link_is_revoked_once: closed().after(by(BOB, revoke(LINK))), by(BOB, revoke(LINK)) => LinkNotFound;

    an_admin_cannot_ban_another_admin: closed(), by(BOB, ban(CLEO)) => Forbidden(Rule::ActBelow);
    an_admin_cannot_ban_the_owner: closed(), by(BOB, ban(ADA)) => Forbidden(Rule::ActBelow);
    an_admin_cannot_ban_themselves: closed(), by(BOB, ban(BOB)) => Forbidden(Rule::ActBelow);
    an_operator_cannot_ban_the_owner: closed(), by_operator(ban(ADA)) => OwnerMustTransfer(Rule::OwnerIsReplacedFirst);

    an_invited_user_does_not_join_a_full_group:
        closed().within(Limits { members_max: 5, ..Limits::default() }), by(IDA, accept())
        => TooManyMembers { would_be: 6, members_max: 5 };
    nobody_is_let_into_a_full_group:
        closed().within(Limits { members_max: 5, ..Limits::default() }), by(BOB, approve(RAY))
        => TooManyMembers { would_be: 6, members_max: 5 };
    nobody_uses_a_link_into_a_full_group:
        closed().within(Limits { members_max: 5, ..Limits::default() }), by(FAY, use_link(LINK))
        => TooManyMembers { would_be: 6, members_max: 5 };
    nobody_accepts_beyond_the_limit_of_groups:
        closed().in_all_groups_allowed(IDA), by(IDA, accept()) => TooManyGroups { user_id: IDA, groups_max: GROUPS_MAX };
    nobody_is_approved_beyond_the_limit_of_groups:
        closed().in_all_groups_allowed(RAY), by(BOB, approve(RAY)) => TooManyGroups { user_id: RAY, groups_max: GROUPS_MAX };
    nobody_joins_beyond_the_limit_of_groups:
        visited(JoinPolicy::Open).in_all_groups_allowed(FAY), by(FAY, join())
        => TooManyGroups { user_id: FAY, groups_max: GROUPS_MAX };

    an_invitation_to_another_version_is_not_accepted:
        closed(), by(IDA, accept()).having_seen(3)
        => VersionMismatch { expected: Version::new(3), current: Version::new(12) };
}

#[test]
fn every_rule_of_the_ways_in_rejects_something() {
    let exercised: Vec<Rule> = cases().iter().map(|case| case.rejection.rule()).collect();
    let first = Rule::ALL.iter().position(|rule| *rule == Rule::AdminsInvite).unwrap();
    let last = Rule::ALL.iter().position(|rule| *rule == Rule::RoomOnLists).unwrap();
    let of_added = |rule: &&Rule| **rule != Rule::SeenVersion;
    let forgotten: Vec<&Rule> =
        Rule::ALL[first..=last].iter().filter(of_added).filter(|rule| !exercised.contains(rule)).collect();
    assert_eq!(forgotten, Vec::<&Rule>::new());
}

#[test]
fn only_the_owner_admins_and_operators_read_the_lists() {
    use groups_domain::Actor;
    for list in [AccessList::Invitations, AccessList::JoinRequests, AccessList::Bans, AccessList::Links] {
        assert_eq!(check_list_access(Actor::Member(ADA), Some(Owner), list), Ok(()));
        assert_eq!(check_list_access(Actor::Member(BOB), Some(Admin), list), Ok(()));
        assert_eq!(check_list_access(Actor::Member(DAN), Some(Member), list), Err(Forbidden(list.rule())));
        assert_eq!(check_list_access(Actor::Member(FAY), None, list), Err(GroupNotFound));
        assert_eq!(check_list_access(Actor::Operator(FAY), None, list), Ok(()));
    }
}

#[test]
fn people_can_be_invited_where_nobody_can_be_added() {
    let given = closed().under(AddPolicy::Invitation);
    assert!(given.decide(by(BOB, invite(FAY, Member))).is_ok());
    let given = closed().under(AddPolicy::SharedGroup);
    assert!(given.decide(by(BOB, invite(FAY, Member))).is_ok(), "they decide themselves");
}

#[test]
fn an_expired_invitation_or_link_is_absent_from_that_moment() {
    let invited = |seconds: i64| team().after(by(BOB, invite_for_an_hour(FAY))).later(seconds - 300);
    assert!(invited(3_599).decide(by(FAY, accept())).is_ok());
    assert_eq!(invited(3_600).decide(by(FAY, accept())), Err(Rejection::InvitationNotFound));
    let linked = |seconds: i64| alone().after(by(ADA, link_for_an_hour(HOURLY))).later(seconds - 300);
    assert!(linked(3_599).decide(by(FAY, use_link(HOURLY))).is_ok());
    assert_eq!(linked(3_600).decide(by(FAY, use_link(HOURLY))), Err(Rejection::LinkNotFound));
    assert_eq!(
        team_within(5).decide(by(EVE, accept())).map_err(|error| error.code()),
        Ok(groups_domain::Decision::Unchanged)
    );
    assert!(invited(3_600).decide(by(BOB, expire(FAY))).is_ok());
}
