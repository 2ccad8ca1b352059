//! The list of somebody who is invited or has asked.

use groups_domain::Role::Member;
use groups_domain::{Audience, Event, Folded, PendingKind, Sidebar, UserId, event_for};

use super::cast::{IDA, accept, decline, invite, withdraw};
use crate::cast::{BOB, FAY, Given, TEAM, by, remove, rename, team};

fn events(given: &Given, user_id: UserId) -> Vec<Event> {
    let mut roster = groups_domain::Roster::new(TEAM, groups_domain::Limits::default());
    let mut events = Vec::new();
    for change in &given.history {
        events.extend(roster.told(change).into_iter().filter(|told| told.user_id == user_id).map(|told| told.event));
        roster.apply(change);
    }
    events
}

#[test]
fn an_invitation_is_in_the_list_until_it_ends() {
    let given = team().after(by(BOB, invite(IDA, Member))).after(by(BOB, rename("Launch")));
    let mut sidebar = Sidebar::default();
    for event in events(&given, IDA) {
        assert_eq!(sidebar.fold(&event), Folded::Applied);
    }
    let pending: Vec<_> = sidebar.pending().cloned().collect();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].kind, PendingKind::Invitation { role: Member, invited_by: BOB, expires_at: None });
    assert_eq!(pending[0].group.name.as_str(), "Project Team", "Ida is told nothing else of the group");
    let declined = given.clone().after(by(IDA, decline()));
    assert_eq!(sidebar.clone().fold(&events(&declined, IDA)[1]), Folded::Applied);
    let accepted = given.after(by(IDA, accept()));
    assert_eq!(sidebar.fold(&events(&accepted, IDA)[1]), Folded::Applied);
    assert_eq!((sidebar.pending().count(), sidebar.get(TEAM).map(|row| row.role)), (0, Some(Member)));
}

#[test]
fn an_old_invitation_does_not_return() {
    let given = team().after(by(BOB, invite(IDA, Member))).after(by(BOB, withdraw(IDA)));
    let events = events(&given, IDA);
    let mut sidebar = Sidebar::default();
    let folded = [0, 1, 0].map(|at: usize| sidebar.fold(&events[at]));
    assert_eq!(folded, [Folded::Applied, Folded::Applied, Folded::Stale]);
    assert_eq!(sidebar.pending().count(), 0);
}

#[test]
fn an_invitation_to_a_listed_group_reveals_a_missing_removal() {
    let given = team().after(by(BOB, crate::cast::add(FAY, Member)));
    let mut sidebar = Sidebar::default();
    events(&given, FAY).iter().for_each(|event| assert_eq!(sidebar.fold(event), Folded::Applied));
    let given = given.after(by(BOB, remove(FAY))).after(by(BOB, invite(FAY, Member)));
    assert_eq!(sidebar.fold(events(&given, FAY).last().unwrap()), Folded::Gap);
}

#[test]
fn a_change_of_a_group_of_which_one_is_no_member_is_a_gap() {
    let given = team().after(by(BOB, invite(IDA, Member))).after(by(BOB, rename("Launch")));
    let mut sidebar = Sidebar::default();
    sidebar.fold(&events(&given, IDA)[0]);
    let foreign = event_for(&given.history[6], IDA, Audience::Members).unwrap();
    assert_eq!(sidebar.fold(&foreign), Folded::Gap);
}
