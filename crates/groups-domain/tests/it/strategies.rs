//! The strategies of the feature `proptest` generate what they promise.

use groups_domain::strategies::{self, REQUESTS_MAX};
use groups_domain::{
    AddPolicy, Command, Decision, Description, DisplayName, GroupId, GroupName, Limits, Request, Roster, Timestamp,
    UserId,
};
use proptest::prelude::*;

use crate::cast::{ADA, BOB, CLEO, DAN, TEAM};
use crate::properties::a_few;

const USERS: [UserId; 4] = [ADA, BOB, CLEO, DAN];
const LIMITS: Limits = Limits {
    members_max: 3,
    groups_per_user_max: None,
    add_policy: AddPolicy::Anybody,
    invitations_max: 2,
    join_requests_max: 2,
    bans_max: 2,
    links_max: 2,
};

fn users_of(request: &Request) -> Vec<UserId> {
    [request.reads(), request.candidates()].concat()
}

proptest! {
    #![proptest_config(a_few())]

    #[test]
    fn generated_texts_are_valid(
        group in strategies::group_name(),
        person in strategies::display_name(),
        description in strategies::description(),
    ) {
        prop_assert_eq!(GroupName::parse(group.as_str()), Ok(group));
        prop_assert_eq!(DisplayName::parse(person.as_str()), Ok(person));
        prop_assert_eq!(Description::parse(description.as_str()), Ok(description));
    }

    #[test]
    fn generated_values_survive_their_text_form(
        user_id in strategies::user_id(),
        group_id in strategies::group_id(),
        at in strategies::timestamp(),
        role in strategies::role(),
    ) {
        prop_assert_eq!(user_id.to_string().parse::<UserId>(), Ok(user_id));
        prop_assert_eq!(group_id.to_string().parse::<GroupId>(), Ok(group_id));
        prop_assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
        prop_assert_eq!(role.as_str().parse(), Ok(role));
    }

    #[test]
    fn generated_requests_are_about_the_given_group_and_users(requests in strategies::requests(TEAM, &USERS)) {
        prop_assert!((2..=REQUESTS_MAX).contains(&requests.len()));
        let creates = matches!(requests[0].command, Command::CreateGroup { .. });
        prop_assert!(creates);
        for request in &requests {
            prop_assert_eq!(request.group_id, TEAM);
            prop_assert!(users_of(request).iter().all(|user_id| USERS.contains(user_id)));
        }
    }

    #[test]
    fn accepted_requests_are_accepted_one_after_the_other(
        requests in strategies::accepted_requests(TEAM, &USERS, LIMITS),
    ) {
        let mut roster = Roster::new(TEAM, LIMITS);
        prop_assert!(!requests.is_empty());
        for request in &requests {
            let decision = roster.decide(request);
            prop_assert!(decision.is_ok(), "{decision:?}");
            if let Ok(Decision::Change(change)) = decision {
                roster.apply(&change);
            }
        }
    }

    #[test]
    fn a_generated_history_starts_with_the_creation_and_has_every_version(
        history in strategies::history(TEAM, &USERS, LIMITS),
    ) {
        let versions: Vec<u64> = history.iter().map(|change| change.version().get()).collect();
        prop_assert!(!history.is_empty());
        prop_assert_eq!(versions, (1..=history.len() as u64).collect::<Vec<_>>());
        prop_assert!(history.iter().all(|change| change.group.member_count <= LIMITS.members_max));
        let ends = history.iter().position(|change| change.ends_group());
        prop_assert!(ends.is_none_or(|at| at + 1 == history.len()), "nothing follows the deletion");
    }
}
