//! Stories that need several steps.

use groups_domain::Role::{Admin, Member};
use groups_domain::{ChangeKind, Decision, InvitationEnd, JoinPolicy, LeftOut, Obstacle, Standing, UserId, Uuid, Via};

use super::cast::{
    ASKING, BEA, HOURLY, IDA, LINK, RAY, accept, ask, ban, expire, invite, invite_for_an_hour, join, link_for, revoke,
    set, unban, use_link, visited,
};
use crate::cast::{ADA, BOB, CLEO, DAN, FAY, GUS, Given, add_all, by, delete, leave, remove, team};

fn kind(given: &Given, by: crate::cast::By) -> ChangeKind {
    match given.decide(by) {
        Ok(Decision::Change(change)) => change.kind,
        other => panic!("a change was expected, not {other:?}"),
    }
}

fn joined(user_id: UserId, via: Via) -> ChangeKind {
    ChangeKind::Joined { user_id, role: Member, via, link_id: None }
}

#[test]
fn exactly_ten_people_use_a_link_for_ten() {
    let mut given = team().after(by(BOB, link_for(LINK, 10)));
    let people: Vec<UserId> = (1..=40).map(|number| UserId::new(Uuid::from_u128(number))).collect();
    let mut inside = 0;
    for user_id in people {
        if given.decide(by(user_id, use_link(LINK))).is_ok() {
            given = given.after(by(user_id, use_link(LINK)));
            inside += 1;
            // Pressing the button again uses nothing up.
            assert_eq!(given.decide(by(user_id, use_link(LINK))), Ok(Decision::Unchanged));
        }
    }
    assert_eq!((inside, given.roster.links().next().map(|link| link.uses)), (10, Some(10)));
}

#[test]
fn an_invited_user_takes_the_invitation_whatever_they_press() {
    let open = visited(JoinPolicy::Open);
    assert_eq!(kind(&open, by(IDA, accept())), joined(IDA, Via::Invitation));
    assert_eq!(kind(&open, by(IDA, join())), joined(IDA, Via::Invitation));
    assert_eq!(kind(&open, by(IDA, use_link(LINK))), joined(IDA, Via::Invitation));
    let given = open.after(by(IDA, use_link(LINK)));
    assert_eq!(given.roster.links().find(|link| link.link_id == LINK).map(|link| link.uses), Some(0));
}

#[test]
fn somebody_who_has_asked_joins_when_the_group_opens_or_with_a_link() {
    let given = visited(JoinPolicy::Request);
    assert_eq!(given.decide(by(RAY, join())), Ok(Decision::Unchanged));
    assert_eq!(given.decide(by(RAY, use_link(ASKING))), Ok(Decision::Unchanged));
    let by_link = ChangeKind::Joined { user_id: RAY, role: Member, via: Via::Link, link_id: Some(LINK) };
    assert_eq!(kind(&given, by(RAY, use_link(LINK))), by_link);
    let open = given.after(by(ADA, set(JoinPolicy::Open)));
    assert_eq!(kind(&open, by(RAY, join())), joined(RAY, Via::Open));
}

#[test]
fn requests_stay_when_the_group_closes() {
    let given = visited(JoinPolicy::Request).after(by(ADA, set(JoinPolicy::Closed)));
    assert!(matches!(given.roster.standing_of(RAY), Some(Standing::Requested(_))));
    assert_eq!(given.decide(by(RAY, join())), Ok(Decision::Unchanged));
}

#[test]
fn a_second_invitation_changes_nothing_and_replaces_one_that_has_expired() {
    let given = team().after(by(BOB, invite_for_an_hour(FAY)));
    assert_eq!(given.decide(by(ADA, invite(FAY, Admin))), Ok(Decision::Unchanged));
    assert_eq!(given.decide(by(ADA, expire(FAY))), Ok(Decision::Unchanged));
    let later = given.later(3_600);
    let again = ChangeKind::Invited { user_id: FAY, role: Admin, expires_at: None };
    assert_eq!(kind(&later, by(ADA, invite(FAY, Admin))), again);
    let again = later.clone().after(by(ADA, invite(FAY, Admin)));
    assert_eq!(again.roster.facts().counts.invitations, 1);
    let expired = ChangeKind::InvitationEnded { user_id: FAY, reason: InvitationEnd::Expired };
    assert_eq!(kind(&later, by(ADA, expire(FAY))), expired);
}

#[test]
fn a_banned_member_is_out_until_the_ban_is_lifted() {
    let given = visited(JoinPolicy::Open).after(by(BOB, ban(DAN)));
    assert_eq!(given.roster.role_of(DAN), None);
    assert!(given.decide(by(DAN, join())).is_err() && given.decide(by(DAN, leave())).is_err());
    assert_eq!(given.decide(by(CLEO, ban(DAN))), Ok(Decision::Unchanged));
    assert!(given.after(by(ADA, unban(DAN))).decide(by(DAN, join())).is_ok());
}

#[test]
fn banned_people_on_a_list_are_left_out() {
    let given = visited(JoinPolicy::Closed);
    let by = by(BOB, add_all([(BEA, Member), (FAY, Member)]));
    let left_out = given.roster.left_out(&by.clone().at(given.now));
    assert_eq!(left_out, [LeftOut { user_id: BEA, obstacle: Obstacle::Banned }]);
    let given = given.after(by);
    assert_eq!((given.roster.role_of(FAY), given.roster.role_of(BEA)), (Some(Member), None));
}

#[test]
fn a_deleted_group_has_neither_standings_nor_links() {
    let given = visited(JoinPolicy::Open).after(by(ADA, delete()));
    assert_eq!((given.roster.standings().count(), given.roster.links().count()), (0, 0));
    assert_eq!(given.roster.facts().counts, groups_domain::Counts::default());
}

#[test]
fn leaving_and_being_removed_leave_no_standing() {
    let given = visited(JoinPolicy::Open).after(by(DAN, leave())).after(by(GUS, join())).after(by(BOB, remove(GUS)));
    assert!(given.roster.standing_of(DAN).is_none() && given.roster.standing_of(GUS).is_none());
    assert_eq!(kind(&given, by(DAN, join())), joined(DAN, Via::Open), "removing is not banning");
}

#[test]
fn a_link_that_has_expired_can_still_be_removed_from_the_list() {
    let given = team().after(by(BOB, super::cast::link_for_an_hour(HOURLY))).later(10_000);
    assert_eq!(kind(&given, by(BOB, revoke(HOURLY))), ChangeKind::LinksRevoked { link_ids: vec![HOURLY] });
}

#[test]
fn the_message_of_a_request_reaches_admins_only() {
    let given = visited(JoinPolicy::Request);
    let Ok(Decision::Change(change)) = given.decide(by(FAY, ask("It is me"))) else { panic!("Fay may ask") };
    let told = given.roster.told(&change);
    let heard = |user_id| format!("{:?}", told.iter().find(|told| told.user_id == user_id).map(|told| &told.event));
    assert!(heard(ADA).contains("It is me") && heard(BOB).contains("It is me"));
    assert!(heard(FAY).contains("It is me"), "her other devices");
    let fay = format!("{FAY:?}");
    assert!(!heard(DAN).contains("It is me") && !heard(DAN).contains(&fay), "{}", heard(DAN));
    assert_eq!([heard(IDA), heard(RAY), heard(BEA)], ["None", "None", "None"]);
}
