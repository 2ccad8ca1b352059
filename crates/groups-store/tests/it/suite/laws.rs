//! Laws that hold whatever people do, in whatever order and however much of it at once.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::join_all;
use groups_domain::{
    Actor, Change, Command, Folded, GroupId, Limits, NewMember, Role, Roster, Sidebar, SidebarRow, UserId, event_for,
};
use groups_store::{ReplayRule, Store, StreamStart};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::with;
use crate::cast::*;

const PEOPLE: [UserId; 5] = [ADA, BOB, CAT, DAN, EVE];

/// Who does what to which group.
#[derive(Clone, Debug)]
struct Step {
    actor: Actor,
    group: u128,
    command: Command,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || prop::sample::select(PEOPLE.to_vec());
    let what = prop::sample::select(Role::ALL.to_vec());
    let member = || (who(), prop::sample::select(vec![Role::Member, Role::Admin]));
    let members = prop::collection::vec(member(), 0..4)
        .prop_map(|members| members.into_iter().map(|(user_id, role)| NewMember { user_id, role }).collect::<Vec<_>>());
    let command = prop_oneof![
        3 => (members.clone(), prop::option::of(who())).prop_map(|(members, owner_id)| match create("Team") {
            Command::CreateGroup { name, description, .. } => {
                Command::CreateGroup { name, description, members, owner_id }
            }
            other => other,
        }),
        2 => prop::sample::select(vec!["Team", "Crew", "Band"]).prop_map(rename),
        3 => member().prop_map(|(user_id, role)| Command::AddMember(NewMember { user_id, role })),
        3 => members.prop_map(Command::AddMembers),
        2 => who().prop_map(remove),
        2 => prop::option::of(who()).prop_map(|successor| Command::Leave { successor }),
        3 => (who(), what).prop_map(|(user_id, to)| role(user_id, to)),
        1 => Just(Command::DeleteGroup),
    ];
    // An operator may be one of the people, or somebody who is in no group.
    let actor = prop_oneof![
        6 => who().prop_map(Actor::Member),
        1 => who().prop_map(Actor::Operator),
        1 => Just(Actor::Operator(person(9))),
    ];
    let step = (actor, 0..3u128, command).prop_map(|(actor, group, command)| Step { actor, group, command });
    prop::collection::vec(step, 1..80)
}

#[test]
fn tables_are_the_fold_of_the_log_and_events_keep_every_sidebar_right() {
    with(|runtime, db| {
        let store = runtime.block_on(db.open());
        let config = Config { cases: super::CASES, failure_persistence: None, ..Config::default() };
        let case = std::cell::Cell::new(0);
        TestRunner::new(config)
            .run(&steps(), |steps| {
                case.set(case.get() + 100);
                runtime.block_on(check(&store, case.get(), steps));
                Ok(())
            })
            .unwrap();
    });
}

async fn check(store: &Store, case: u128, steps: Vec<Step>) {
    let mut tail = store.tail().await.unwrap();
    let mut sidebars = Vec::new();
    let mut made = 0;
    // Some see it from the beginning, some from the middle.
    for (index, steps) in steps.chunks(9).enumerate() {
        if let Some(user) = PEOPLE.get(index) {
            sidebars.push((*user, store.open_stream(*user, None, ReplayRule::default()).await.unwrap()));
        }
        let all = steps.iter().map(|step| store.does(step.actor, group_id(case + step.group), step.command.clone()));
        let answers = join_all(all).await;
        made += answers.iter().flatten().filter(|done| done.outcome.change().is_some()).count();
    }
    let mut log: Vec<Change> = Vec::new();
    while log.len() < made {
        log.extend(tail.next().await.unwrap().into_iter().map(|entry| entry.change));
    }
    assert_eq!(log.len(), made, "every change once");

    let mut histories: BTreeMap<GroupId, Vec<Change>> = BTreeMap::new();
    for change in log {
        histories.entry(change.group_id()).or_default().push(change);
    }
    let mut rosters: HashMap<GroupId, Roster> = HashMap::new();
    for (group_id, history) in &histories {
        let versions: Vec<u64> = history.iter().map(|change| change.version().get()).collect();
        assert_eq!(versions, (1..=history.len() as u64).collect::<Vec<_>>(), "gapless and in order");
        rosters.insert(*group_id, Roster::replay(*group_id, Limits::default(), history));
    }
    for (group_id, roster) in &rosters {
        same_as_tables(store, *group_id, roster).await;
    }
    for (user, start) in sidebars {
        let StreamStart::Snapshot(list) = start.start else { panic!("no position was given") };
        // Read only now: it must show what was so then.
        let list = whole(store, list).await;
        let mut sidebar = Sidebar::new(list.into_iter().map(|(group, role)| SidebarRow { group, role }));
        let now = store.open_stream(user, Some(start.cursor), ReplayRule::default()).await.unwrap();
        if let StreamStart::Resumed(entries) = now.start {
            for entry in entries {
                let event = event_for(&entry.change, user);
                assert_ne!(sidebar.fold(&event), Folded::Gap, "{event:?}");
            }
            let fresh = store.groups(user, None, 500).await.unwrap().groups;
            let fresh = Sidebar::new(fresh.into_iter().map(|(group, role)| SidebarRow { group, role }));
            assert_eq!(sidebar.rows().collect::<Vec<_>>(), fresh.rows().collect::<Vec<_>>());
        }
    }
}

async fn same_as_tables(store: &Store, group_id: GroupId, roster: &Roster) {
    for user in PEOPLE {
        let expected = roster.role_of(user).map(|role| (roster.group().unwrap().clone(), role));
        assert_eq!(store.group(user, group_id).await.unwrap(), expected);
    }
    let Some(group) = roster.group() else { return };
    let page = store.members(group.owner_id, group_id, None, 100).await.unwrap().unwrap();
    let mut members: Vec<_> = page.members.into_iter().map(|row| row.membership).collect();
    assert_eq!(members.len(), group.member_count as usize);
    assert!(members.is_sorted_by_key(|member| member.joined_version));
    members.sort_by_key(|member| member.user_id);
    assert_eq!(members, roster.members().copied().collect::<Vec<_>>());
}
