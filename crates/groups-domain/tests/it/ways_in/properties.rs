//! Properties of the ways in, under random requests.

use std::collections::{BTreeMap, BTreeSet};

use groups_domain::{ChangeKind, Counts, Event, Folded, LinkId, PendingKind, Roster, Sidebar, Standing, UserId, View};
use proptest::prelude::*;

use crate::cast::PEOPLE;
use crate::properties::{Step, a_few, execute_all, requests, told};

fn everybody() -> impl Iterator<Item = UserId> {
    PEOPLE.into_iter().map(|(_, user_id)| user_id)
}

/// Whom an event or an action is about, apart from the user who receives it and the actor.
fn names(event: &Event, user_id: UserId) -> bool {
    format!("{event:?}").contains(&format!("{user_id:?}"))
}

proptest! {
    #![proptest_config(a_few())]

    #[test]
    fn nobody_is_two_things_at_a_time(requests in requests()) {
        for Step { after, .. } in execute_all(&requests) {
            for user_id in everybody() {
                prop_assert!(after.role_of(user_id).is_none() || after.standing_of(user_id).is_none());
            }
        }
    }

    #[test]
    fn the_counts_are_right_and_within_the_limits(requests in requests()) {
        for Step { after, .. } in execute_all(&requests) {
            let mut counts = Counts::default();
            for (_, standing) in after.standings() {
                match standing {
                    Standing::Invited(_) => counts.invitations += 1,
                    Standing::Requested(_) => counts.join_requests += 1,
                    Standing::Banned(_) => counts.bans += 1,
                }
            }
            counts.links = u32::try_from(after.links().count()).unwrap();
            let (facts, limits) = (after.facts(), after.facts().limits);
            prop_assert_eq!(facts.counts, counts);
            prop_assert!(counts.invitations <= limits.invitations_max && counts.join_requests <= limits.join_requests_max);
            prop_assert!(counts.bans <= limits.bans_max && counts.links <= limits.links_max);
        }
    }

    #[test]
    fn a_link_is_never_used_more_often_than_allowed(requests in requests()) {
        let mut uses: BTreeMap<LinkId, u32> = BTreeMap::new();
        for Step { change, after, .. } in execute_all(&requests) {
            match &change.kind {
                ChangeKind::Joined { link_id: Some(link_id), .. } | ChangeKind::JoinRequested { link_id: Some(link_id), .. } => {
                    *uses.entry(*link_id).or_default() += 1;
                }
                ChangeKind::LinkCreated { link_id, .. } => { uses.insert(*link_id, 0); }
                _ => {}
            }
            for link in after.links() {
                prop_assert_eq!(Some(&link.uses), uses.get(&link.link_id));
                prop_assert!(link.uses_max.is_none_or(|uses_max| link.uses <= uses_max.get()));
            }
        }
    }

    #[test]
    fn nothing_lets_a_banned_user_in_or_tells_them_anything(requests in requests()) {
        for Step { before, change, after } in execute_all(&requests) {
            let banned = |roster: &Roster, user_id| matches!(roster.standing_of(user_id), Some(Standing::Banned(_)));
            for user_id in everybody().filter(|user_id| banned(&before, *user_id)) {
                prop_assert_eq!(after.role_of(user_id), None);
                let is_lifted = matches!(change.kind, ChangeKind::Unbanned { user_id: lifted } if lifted == user_id);
                prop_assert_eq!(banned(&after, user_id), !is_lifted && !change.ends_group());
                prop_assert!(before.told(&change).iter().all(|told| told.user_id != user_id));
            }
        }
    }

    #[test]
    fn plain_members_are_not_told_whom_a_private_change_is_about(requests in requests()) {
        for Step { before, change, .. } in execute_all(&requests) {
            if !change.is_private() {
                continue;
            }
            let event = change.event(View::Other);
            // The owner is part of the group.
            let others = everybody().filter(|user_id| *user_id != change.group.owner_id);
            prop_assert!(others.into_iter().all(|user_id| !names(&event, user_id)), "{event:?}");
            let views: BTreeSet<View> = before.told(&change).iter().filter_map(|told| {
                change.view_for(told.user_id, before.audience_of(told.user_id)?)
            }).collect();
            prop_assert!(views.len() <= 4, "{views:?}");
        }
    }

    #[test]
    fn the_sidebar_of_everybody_shows_what_they_are_to_the_group(requests in requests()) {
        let steps = execute_all(&requests);
        let Some(last) = steps.last() else { return Ok(()) };
        let told = told(&steps);
        for user_id in everybody() {
            let mut sidebar = Sidebar::default();
            for event in told.get(&user_id).into_iter().flatten() {
                prop_assert_eq!(sidebar.fold(event), Folded::Applied);
                prop_assert_eq!(sidebar.fold(event), Folded::Stale, "a resume may repeat it");
            }
            let roles: Vec<_> = sidebar.rows().map(|row| row.role).collect();
            prop_assert_eq!(roles, last.after.role_of(user_id).into_iter().collect::<Vec<_>>());
            let pending: Vec<bool> =
                sidebar.pending().map(|pending| matches!(pending.kind, PendingKind::Invitation { .. })).collect();
            let expected = match last.after.standing_of(user_id) {
                Some(Standing::Invited(_)) => vec![true],
                Some(Standing::Requested(_)) => vec![false],
                Some(Standing::Banned(_)) | None => vec![],
            };
            prop_assert_eq!(pending, expected);
        }
    }
}
