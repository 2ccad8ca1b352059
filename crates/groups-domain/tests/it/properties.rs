//! Properties of the rules under random requests on a whole group in memory.

use std::collections::{BTreeMap, BTreeSet};

use groups_domain::strategies::{self, START, add_policy};
use groups_domain::{
    AddPolicy, Audience, Change, Command, Decision, Description, Event, Facts, Group, GroupName, JoinPolicy, Limits,
    LinkReads, Membership, People, Request, Role, Roster, Standing, Timestamp, UserId, Version, decide, event_for,
    left_out,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::cast::{ADA, BOB, CLEO, DAN, EVE, FAY, GUS, MONDAY, PEOPLE, TEAM, by, leave, leave_to, remove, team};

/// Low enough that a random group is often full.
const MEMBERS_MAX: u32 = 5;

/// Low enough that some users reach it.
const GROUPS_MAX: u32 = 3;

fn limits() -> Limits {
    Limits {
        members_max: MEMBERS_MAX,
        groups_per_user_max: Some(GROUPS_MAX),
        add_policy: AddPolicy::Anybody,
        invitations_max: 3,
        join_requests_max: 2,
        bans_max: 3,
        links_max: 2,
    }
}

/// No group yet. Eve has reached the limit of groups per user, and Dan can join one more. Some users share a group, and some have
/// blocked others.
fn among_the_busy() -> Roster {
    under(AddPolicy::Anybody)
}

/// Like [`among_the_busy`], under this policy.
fn under(add_policy: AddPolicy) -> Roster {
    let mut roster = Roster::new(TEAM, Limits { add_policy, ..limits() });
    let people = roster.people_mut();
    people.group_counts.extend([(EVE, GROUPS_MAX), (DAN, GROUPS_MAX - 1)]);
    people.blocks.extend([(FAY, BOB), (BOB, CLEO)]);
    people.acquaintances.extend([(ADA, BOB), (ADA, CLEO), (ADA, DAN), (BOB, GUS), (CLEO, FAY)]);
    roster
}

/// Random requests, starting with the creation of the team.
pub(crate) fn requests() -> impl Strategy<Value = Vec<Request>> {
    strategies::requests(TEAM, &PEOPLE.map(|(_, user_id)| user_id))
}

/// A quarter of the default number of cases, because each is a history of up to 40 requests. `PROPTEST_CASES` overrides it.
pub(crate) fn a_few() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.div_ceil(4), ..usual }
}

/// One change, with the group before and after it.
pub(crate) struct Step {
    pub(crate) before: Roster,
    pub(crate) change: Change,
    pub(crate) after: Roster,
}

/// Executes all requests. Returns a step for each change.
pub(crate) fn execute_all(requests: &[Request]) -> Vec<Step> {
    let mut roster = Roster::new(TEAM, limits());
    let mut steps = Vec::new();
    for request in requests {
        if let Ok(Decision::Change(change)) = roster.decide(request) {
            let before = roster.clone();
            roster.apply(&change);
            steps.push(Step { before, change, after: roster.clone() });
        }
    }
    steps
}

/// All events of each user, in order.
pub(crate) fn told(steps: &[Step]) -> BTreeMap<UserId, Vec<Event>> {
    let mut heard: BTreeMap<UserId, Vec<Event>> = BTreeMap::new();
    for Step { before, change, .. } in steps {
        for told in before.told(change) {
            heard.entry(told.user_id).or_default().push(told.event);
        }
    }
    heard
}

/// Whether a user is a member before or after a change, or their invitation or request changes.
fn is_affected(user_id: UserId, before: &Roster, after: &Roster) -> bool {
    let pending = |roster: &Roster| {
        roster.standing_of(user_id).filter(|standing| !matches!(standing, Standing::Banned(_))).cloned()
    };
    let is_in = |roster: &Roster| roster.role_of(user_id).is_some();
    is_in(before) || is_in(after) || pending(before) != pending(after)
}

fn members(roster: &Roster) -> BTreeSet<UserId> {
    roster.members().map(|membership| membership.user_id).collect()
}

fn facts(roster: &Roster, add_policy: AddPolicy, of: impl Fn(UserId) -> bool) -> Facts {
    let mut facts = roster.facts().clone();
    facts.memberships.retain(|user_id, _| of(*user_id));
    facts.standings.retain(|user_id, _| of(*user_id));
    facts.people.group_counts.retain(|user_id, _| of(*user_id));
    facts.people.blocks.retain(|(user_id, blocked)| of(*user_id) && of(*blocked));
    facts.people.acquaintances.retain(|(actor_id, user_id)| of(*actor_id) && of(*user_id));
    facts.limits.add_policy = add_policy;
    facts
}

/// All users whose data the decision depends on.
fn looked_at(request: &Request) -> Vec<UserId> {
    [request.reads(), request.candidates()].concat()
}

proptest! {
    #![proptest_config(a_few())]

    #[test]
    fn a_group_has_exactly_one_owner(requests in requests()) {
        for Step { after, .. } in execute_all(&requests) {
            let owners: Vec<UserId> = after.members().filter(|m| m.role == Role::Owner).map(|m| m.user_id).collect();
            let owner_of_group: Vec<UserId> = after.group().map(|group| group.owner_id).into_iter().collect();
            prop_assert_eq!(owners, owner_of_group);
        }
    }

    #[test]
    fn the_member_count_is_right_and_within_the_limit(requests in requests()) {
        for Step { after, .. } in execute_all(&requests) {
            let count = after.members().count();
            prop_assert_eq!(after.group().map_or(0, |group| group.member_count as usize), count);
            prop_assert!(count <= MEMBERS_MAX as usize);
        }
    }

    #[test]
    fn the_version_grows_by_exactly_one_with_every_change(requests in requests()) {
        let versions: Vec<u64> = execute_all(&requests).iter().map(|step| step.change.version().get()).collect();
        prop_assert_eq!(versions.clone(), (1..=versions.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn the_time_of_a_group_never_goes_back(requests in requests()) {
        let mut last = START;
        for Step { change, after, .. } in execute_all(&requests) {
            prop_assert!(change.at() >= last);
            prop_assert_eq!(change.group.created_at, START);
            prop_assert!(after.members().all(|m| m.joined_at <= change.at() && m.joined_version <= change.version()));
            last = change.at();
        }
    }

    #[test]
    fn replaying_the_history_yields_the_group(requests in requests()) {
        let steps = execute_all(&requests);
        for (count, step) in steps.iter().enumerate() {
            let history = steps[..=count].iter().map(|step| &step.change);
            prop_assert_eq!(&Roster::replay(TEAM, limits(), history), &step.after);
        }
    }

    #[test]
    fn members_and_those_whose_standing_changes_get_one_event_and_nobody_else_gets_any(requests in requests()) {
        for Step { before, change, after } in execute_all(&requests) {
            let told: Vec<UserId> = before.told(&change).iter().map(|told| told.user_id).collect();
            let affected = PEOPLE.into_iter().map(|(_, user_id)| user_id).filter(|user_id| is_affected(*user_id, &before, &after));
            let mut affected: Vec<UserId> = affected.collect();
            affected.sort_unstable();
            prop_assert_eq!(told, affected);
        }
    }

    #[test]
    fn a_user_gets_an_event_for_every_version_from_joining_to_leaving(requests in requests()) {
        let steps = execute_all(&requests);
        let heard = told(&steps);
        for (_, user_id) in PEOPLE {
            // The expected versions follow from the memberships and standings alone.
            let inside = steps.iter().filter(|step| is_affected(user_id, &step.before, &step.after));
            let expected: Vec<Version> = inside.map(|step| step.change.version()).collect();
            let heard: Vec<Version> = heard.get(&user_id).into_iter().flatten().map(|event| event.version).collect();
            prop_assert_eq!(heard, expected);
        }
    }

    #[test]
    fn a_live_push_and_a_catch_up_deliver_the_same_event(requests in requests()) {
        for Step { before, change, .. } in execute_all(&requests) {
            for told in before.told(&change) {
                let audience = before.audience_of(told.user_id).unwrap_or(Audience::Members);
                prop_assert_eq!(event_for(&change, told.user_id, audience), Some(told.event));
            }
        }
    }

    #[test]
    fn the_subjects_are_the_users_whose_membership_or_standing_changes(requests in requests()) {
        for Step { before, change, after } in execute_all(&requests) {
            let subjects: BTreeSet<UserId> = change.subjects().into_iter().map(|(user_id, _)| user_id).collect();
            prop_assert_eq!(subjects.len(), change.subjects().len(), "no subject twice");
            let everybody = PEOPLE.map(|(_, user_id)| user_id);
            let what = |roster: &Roster, user_id: UserId| {
                let pending = roster.audience_of(user_id).and_then(|_| roster.standing_of(user_id).cloned());
                (roster.role_of(user_id), pending)
            };
            let differs = |user_id: &UserId| what(&before, *user_id) != what(&after, *user_id);
            let changed: BTreeSet<UserId> = everybody.into_iter().filter(differs).collect();
            // A deletion affects all members alike, so it has no subjects.
            if change.ends_group() {
                prop_assert_eq!(subjects, BTreeSet::new());
                prop_assert_eq!(members(&after), BTreeSet::new());
            } else {
                prop_assert_eq!(subjects, changed);
            }
        }
    }

    #[test]
    fn the_memberships_that_a_request_reads_are_enough_to_decide_it(requests in requests(), policy in add_policy()) {
        let mut roster = under(policy);
        for request in &requests {
            let whole = decide(&facts(&roster, policy, |_| true), request);
            let (mut reads, candidates, actor_id) = (request.reads(), request.candidates(), request.actor.user_id());
            if request.reads_owner() {
                reads.extend(roster.group().map(|group| group.owner_id));
            }
            let mut bounded = facts(&roster, policy, |_| true);
            bounded.memberships.retain(|user_id, _| reads.contains(user_id));
            bounded.standings.retain(|user_id, _| reads.contains(user_id));
            match request.reads_links() {
                LinkReads::None => bounded.links.clear(),
                LinkReads::One(link_id) => bounded.links.retain(|id, _| *id == link_id),
                LinkReads::All => {}
            }
            bounded.people.group_counts.retain(|user_id, _| candidates.contains(user_id));
            bounded.people.blocks.retain(|(user_id, blocked)| candidates.contains(user_id) && *blocked == actor_id);
            bounded.people.acquaintances.retain(|(actor, user_id)| *actor == actor_id && candidates.contains(user_id));
            prop_assert_eq!(&decide(&bounded, request), &whole);
            prop_assert_eq!(left_out(&bounded, request), roster.left_out(request));
            if let Ok(Decision::Change(change)) = whole {
                roster.apply(&change);
            }
            if roster.group().is_none() {
                break;
            }
        }
    }

    #[test]
    fn a_batch_gives_the_same_decisions_as_requests_executed_one_by_one(requests in requests(), size in 1_usize..12, policy in add_policy()) {
        let mut roster = under(policy);
        for batch in requests.chunks(size) {
            let mut reads: BTreeSet<UserId> = batch.iter().flat_map(looked_at).collect();
            if batch.iter().any(Request::reads_owner) {
                reads.extend(roster.group().map(|group| group.owner_id));
            }
            let mut facts = facts(&roster, policy, |user_id| reads.contains(&user_id));
            for request in batch {
                let decision = decide(&facts, request);
                prop_assert_eq!(&decision, &decide(&self::facts(&roster, policy, |_| true), request));
                if let Ok(Decision::Change(change)) = decision {
                    facts.apply(&change);
                    roster.apply(&change);
                }
            }
            prop_assert_eq!(facts, self::facts(&roster, policy, |user_id| reads.contains(&user_id)));
        }
    }

    #[test]
    fn everybody_on_a_list_is_a_member_or_joins_or_is_left_out(requests in requests(), policy in add_policy()) {
        let mut roster = under(policy);
        for request in &requests {
            let (before, left_out) = (members(&roster), roster.left_out(request));
            let Ok(decision) = roster.decide(request) else { continue };
            if let Decision::Change(change) = &decision {
                roster.apply(change);
            }
            let Command::AddMembers(named) = &request.command else {
                prop_assert_eq!(left_out, []);
                continue;
            };
            let named: BTreeSet<UserId> = named.iter().map(|member| member.user_id).collect();
            let out: BTreeSet<UserId> = left_out.iter().map(|left_out| left_out.user_id).collect();
            prop_assert_eq!(out.len(), left_out.len(), "nobody twice");
            let joined: BTreeSet<UserId> = members(&roster).difference(&before).copied().collect();
            prop_assert!(out.is_disjoint(&members(&roster)));
            let accounted: BTreeSet<UserId> = named.intersection(&before).chain(&joined).chain(&out).copied().collect();
            prop_assert_eq!(named, accounted);
        }
    }

    #[test]
    fn nobody_joins_more_groups_than_the_limit_per_user(requests in requests()) {
        let mut roster = among_the_busy();
        for request in &requests {
            if let Ok(Decision::Change(change)) = roster.decide(request) {
                roster.apply(&change);
            }
            let counts = roster.people().group_counts.values();
            prop_assert!(counts.copied().max().unwrap_or_default() <= GROUPS_MAX);
            prop_assert_eq!(roster.role_of(EVE), None, "Eve has reached the limit");
        }
    }

    #[test]
    fn contradictory_facts_cause_no_panic(
        request in strategies::request(TEAM, &PEOPLE.map(|(_, user_id)| user_id)),
        roles in vec(proptest::option::of(strategies::role()), PEOPLE.len()),
        member_count in prop_oneof![Just(0), Just(1), Just(u32::MAX), any::<u32>()],
        version in prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
        members_max in prop_oneof![Just(0), Just(u32::MAX), any::<u32>()],
        groups_max in proptest::option::of(prop_oneof![Just(0), Just(u32::MAX), any::<u32>()]),
        policy in add_policy(),
        counts in vec(prop_oneof![Just(0), Just(u32::MAX), any::<u32>()], PEOPLE.len()),
        updated_at in any::<i64>(),
    ) {
        let memberships = PEOPLE.iter().zip(roles).filter_map(|((_, user_id), role)| {
            let (joined_at, joined_version) = (MONDAY, Version::FIRST);
            Some((*user_id, Membership { user_id: *user_id, role: role?, joined_at, joined_version }))
        });
        let group = Group {
            group_id: TEAM,
            name: GroupName::parse("Project Team").unwrap(),
            description: Description::default(),
            owner_id: PEOPLE[0].1,
            member_count,
            version: Version::new(version),
            join_policy: JoinPolicy::Open,
            created_at: MONDAY,
            updated_at: Timestamp::from_unix_millis(updated_at),
        };
        let group_counts = PEOPLE.iter().map(|(_, user_id)| *user_id).zip(counts).collect();
        let people = People { group_counts, ..under(policy).people().clone() };
        let limits = Limits { members_max, groups_per_user_max: groups_max, add_policy: policy, ..limits() };
        let mut facts = Facts { group: Some(group), memberships: memberships.collect(), people, ..Facts::nothing(limits) };
        drop(left_out(&facts, &request));
        if let Ok(Decision::Change(change)) = decide(&facts, &request) {
            facts.apply(&change);
            prop_assert_eq!(facts.group.is_none(), change.ends_group());
        }
    }
}

/// Inconsistent facts, with counts at which arithmetic could overflow.
#[test]
fn the_member_count_and_the_version_saturate() {
    let given = team();
    for by in [by(BOB, remove(DAN)), by(DAN, leave()), by(ADA, leave_to(BOB))] {
        let mut facts = given.facts();
        let group = facts.group.as_mut().unwrap();
        (group.member_count, group.version) = (0, Version::new(u64::MAX));
        let Ok(Decision::Change(change)) = decide(&facts, &by.at(given.now)) else { panic!("it is allowed") };
        assert_eq!((change.group.member_count, change.version()), (0, Version::new(u64::MAX)));
    }
}

/// The properties prove something only if random requests cover all kinds of changes and rejections.
#[test]
fn random_requests_cause_every_kind_of_change_and_rejection() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut refusals) = (BTreeSet::new(), BTreeSet::new());
    for case in 0..400 {
        let requests = requests().new_tree(&mut runner).unwrap().current();
        let mut roster = match case % 4 {
            0 | 1 => Roster::new(TEAM, limits()),
            2 => among_the_busy(),
            _ => under(if case % 8 == 3 { AddPolicy::SharedGroup } else { AddPolicy::Invitation }),
        };
        for request in &requests {
            match roster.decide(request) {
                Ok(Decision::Unchanged) => {}
                Ok(Decision::Change(change)) => {
                    kinds.insert(format!("{:?}", change.kind).split([' ', '(']).next().map(str::to_owned));
                    roster.apply(&change);
                }
                Err(rejection) => {
                    refusals.insert(rejection.rule());
                }
            }
        }
    }
    assert_eq!(kinds.len(), 17, "{kinds:?}");
    // No request here reads the history.
    let of_commands = groups_domain::Rule::ALL.iter().filter(|rule| **rule != groups_domain::Rule::AdminsReadHistory);
    assert_eq!(refusals.len(), of_commands.count(), "{refusals:?}");
}
