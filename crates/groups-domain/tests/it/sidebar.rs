//! One user's list, folded from events, against the group itself.

use groups_domain::Role::{Admin, Member};
use groups_domain::{
    Audience, Event, EventKind, Folded, GroupId, Role, Sidebar, SidebarRow, Told, UserId, Uuid, event_for,
};
use proptest::prelude::*;

use crate::cast::{
    ADA, BOB, DAN, FAY, GUS, Given, PEOPLE, TEAM, add, alone, by, delete, give, nothing, remove, rename, team,
};
use crate::properties::{Step, a_few, execute_all, requests, told};

proptest! {
    #![proptest_config(a_few())]

    #[test]
    fn folding_events_yields_the_group_at_every_version(requests in requests()) {
        let mut sidebars = PEOPLE.map(|(_, user_id)| (user_id, Sidebar::default()));
        for Step { before, change, after } in execute_all(&requests) {
            let told = before.told(&change);
            for (user_id, sidebar) in &mut sidebars {
                for Told { event, .. } in told.iter().filter(|told| told.user_id == *user_id) {
                    prop_assert_eq!(sidebar.fold(event), Folded::Applied);
                }
                let truth = after.role_of(*user_id).zip(after.group()).map(|(role, group)| (group, role));
                prop_assert_eq!(sidebar.rows().map(|row| (&row.group, row.role)).collect::<Vec<_>>(), truth.into_iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn repeated_events_are_stale(requests in requests()) {
        for events in told(&execute_all(&requests)).values() {
            let mut sidebar = Sidebar::default();
            for (count, event) in events.iter().enumerate() {
                prop_assert_eq!(sidebar.fold(event), Folded::Applied);
                let known = sidebar.clone();
                for repeated in &events[..=count] {
                    prop_assert_eq!(sidebar.fold(repeated), Folded::Stale);
                }
                prop_assert_eq!(&sidebar, &known);
            }
        }
    }

    #[test]
    fn a_missing_event_of_a_member_is_noticed_with_the_next_one(requests in requests()) {
        for events in told(&execute_all(&requests)).values() {
            let of_member = |event: &&Event| !matches!(
                event.kind,
                EventKind::InvitedToGroup { .. } | EventKind::InvitationEnded { .. }
                    | EventKind::JoinRequested { .. } | EventKind::JoinRequestEnded { .. }
            );
            let events: Vec<Event> = events.iter().filter(of_member).cloned().collect();
            for missing in 0..events.len().saturating_sub(1) {
                let mut sidebar = Sidebar::default();
                for event in &events[..missing] {
                    sidebar.fold(event);
                }
                let known = sidebar.clone();
                prop_assert_eq!(sidebar.fold(&events[missing + 1]), Folded::Gap);
                prop_assert_eq!(&sidebar, &known);
            }
        }
    }

    #[test]
    fn a_list_read_at_any_version_and_the_later_events_yield_the_group(requests in requests(), at in 0_usize..20) {
        let steps = execute_all(&requests);
        let at = at.min(steps.len() - 1);
        for (_, user_id) in PEOPLE {
            let mut sidebar = Sidebar::new(row(&steps[at], user_id));
            for (number, Step { before, change, .. }) in steps.iter().enumerate() {
                for Told { event, .. } in before.told(change).iter().filter(|told| told.user_id == user_id) {
                    // A resume may repeat events from before the list, but only for groups that are in the list.
                    let in_list = number > at || steps[at].after.role_of(user_id).is_some();
                    if in_list {
                        prop_assert_eq!(sidebar.fold(event) == Folded::Applied, number > at);
                    }
                }
            }
            let last = steps.last().and_then(|step| row(step, user_id));
            prop_assert_eq!(sidebar.get(TEAM), last.as_ref());
        }
    }
}

fn row(step: &Step, user_id: UserId) -> Option<SidebarRow> {
    let (role, group) = step.after.role_of(user_id).zip(step.after.group())?;
    Some(SidebarRow { group: group.clone(), role })
}

/// The list of a user who has received all events.
fn sidebar_of(user_id: UserId, given: &Given) -> Sidebar {
    let mut sidebar = Sidebar::default();
    let mut roster = nothing().roster;
    for change in &given.history {
        for told in roster.told(change).iter().filter(|told| told.user_id == user_id) {
            assert_eq!(sidebar.fold(&told.event), Folded::Applied);
        }
        roster.apply(change);
    }
    sidebar
}

fn role_in(sidebar: &Sidebar) -> Option<Role> {
    sidebar.get(TEAM).map(|row| row.role)
}

#[test]
fn a_new_group_is_only_in_the_list_of_its_creator() {
    assert_eq!(role_in(&sidebar_of(ADA, &alone())), Some(Role::Owner));
    assert_eq!(role_in(&sidebar_of(BOB, &alone())), None);
}

#[test]
fn everybody_sees_the_member_count_grow() {
    let given = team().after(by(BOB, add(FAY, Member)));
    for user_id in [ADA, BOB, DAN, FAY] {
        assert_eq!(sidebar_of(user_id, &given).get(TEAM).map(|row| row.group.member_count), Some(6));
    }
}

#[test]
fn a_new_role_is_in_the_list() {
    assert_eq!(role_in(&sidebar_of(DAN, &team().after(by(ADA, give(DAN, Admin))))), Some(Admin));
}

#[test]
fn an_older_event_does_not_restore_a_group_that_was_left() {
    let given = team();
    let mut sidebar = sidebar_of(GUS, &given);
    assert_eq!(role_in(&sidebar), None);
    let entry = event_for(&given.history[1], GUS, Audience::Members).unwrap();
    assert_eq!(sidebar.fold(&entry), Folded::Stale);
    assert_eq!(role_in(&sidebar), None);
}

#[test]
fn a_group_that_was_left_returns_if_the_user_is_added_again() {
    assert_eq!(role_in(&sidebar_of(GUS, &team().after(by(BOB, add(GUS, Member))))), Some(Member));
}

#[test]
fn a_deleted_group_disappears_from_every_list() {
    let given = team().after(by(ADA, delete()));
    for (_, user_id) in PEOPLE {
        assert_eq!(sidebar_of(user_id, &given), {
            let mut before = sidebar_of(user_id, &team());
            if let Some(told) = team().roster.told(&given.history[5]).iter().find(|told| told.user_id == user_id) {
                before.fold(&told.event);
            }
            before
        });
        assert_eq!(role_in(&sidebar_of(user_id, &given)), None);
    }
}

#[test]
fn being_added_to_a_listed_group_reveals_a_missing_removal() {
    let given = team().after(by(BOB, remove(DAN))).after(by(BOB, add(DAN, Member)));
    let mut sidebar = sidebar_of(DAN, &team());
    assert_eq!(sidebar.fold(&event_for(&given.history[6], DAN, Audience::Members).unwrap()), Folded::Gap);
}

#[test]
fn being_added_to_a_listed_group_with_the_next_version_is_a_gap() {
    let mut sidebar = sidebar_of(DAN, &team());
    let mut event = event_for(&team().after(by(BOB, add(FAY, Member))).history[5], FAY, Audience::Members).unwrap();
    assert_eq!(sidebar.fold(&event), Folded::Gap, "Dan is a member, so the event cannot be for him");
    event.version = event.version.next();
    assert_eq!(sidebar.fold(&event), Folded::Gap);
}

#[test]
fn an_event_of_an_unknown_group_is_a_gap() {
    let given = team().after(by(BOB, rename("Launch")));
    assert_eq!(Sidebar::default().fold(&event_for(&given.history[5], DAN, Audience::Members).unwrap()), Folded::Gap);
}

#[test]
fn events_of_one_group_do_not_affect_another() {
    let mut sidebar = sidebar_of(ADA, &team());
    let other = GroupId::new(Uuid::from_u128(1));
    let mut roster = groups_domain::Roster::new(other, groups_domain::Limits::default());
    let told = roster.execute(ADA, team().now, crate::cast::create([])).unwrap();
    assert_eq!(sidebar.fold(&told[0].event), Folded::Applied);
    assert_eq!(sidebar.rows().map(|row| row.group.group_id).collect::<Vec<_>>(), [other, TEAM]);
}
