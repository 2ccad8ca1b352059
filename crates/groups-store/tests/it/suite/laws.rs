//! Laws that hold whatever people do, in whatever order and however much of it at once.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use futures_util::future::join_all;
use groups_domain::{
    Actor, Audience, Change, Command, Folded, GroupId, JoinPolicy, Limits, LinkId, NewMember, Note, PendingKind, Role,
    Roster, Sidebar, SidebarRow, Standing, UserId, Uuid, event_for,
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
        20 => way_in(),
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

/// Joins, invitations, requests, bans and links.
fn way_in() -> impl Strategy<Value = Command> {
    let who = || prop::sample::select(PEOPLE.to_vec());
    let role = || prop::sample::select(vec![Role::Member, Role::Member, Role::Admin]);
    let link = || (1..4_u128).prop_map(|number| LinkId::new(Uuid::from_u128(number)));
    let policy = prop::sample::select(JoinPolicy::ALL.to_vec());
    prop_oneof![
        4 => policy.prop_map(|policy| {
            Command::UpdateSettings { name: None, description: None, join_policy: Some(policy) }
        }),
        4 => (who(), role())
            .prop_map(|(user_id, role)| Command::Invite { user_id, role, expires_in_seconds: Some(3_600) }),
        1 => who().prop_map(|user_id| Command::WithdrawInvitation { user_id }),
        2 => Just(Command::AcceptInvitation),
        1 => Just(Command::DeclineInvitation),
        5 => Just(Command::Join { message: Note::parse("Hello").unwrap() }),
        1 => Just(Command::WithdrawJoinRequest),
        2 => who().prop_map(|user_id| Command::ApproveJoinRequest { user_id, role: None }),
        1 => who().prop_map(|user_id| Command::DeclineJoinRequest { user_id }),
        2 => who().prop_map(|user_id| Command::Ban { user_id, reason: Note::default() }),
        2 => who().prop_map(|user_id| Command::Unban { user_id }),
        3 => (link(), role(), any::<bool>()).prop_map(|(link_id, role, approval)| {
            Command::CreateLink { link_id, role, expires_in_seconds: None, uses_max: NonZeroU32::new(2), approval }
        }),
        1 => link().prop_map(|link_id| Command::RevokeLink { link_id }),
        1 => Just(Command::RevokeLinks),
        4 => link().prop_map(|link_id| Command::UseLink { link_id, message: Note::default() }),
    ]
}

/// The links of a group have ids of their own.
fn in_group(group_id: GroupId, mut command: Command) -> Command {
    if let Command::CreateLink { link_id, .. } | Command::RevokeLink { link_id } | Command::UseLink { link_id, .. } =
        &mut command
    {
        *link_id = LinkId::new(Uuid::from_u128(group_id.uuid().as_u128() << 8 | link_id.uuid().as_u128()));
    }
    command
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
        let all = steps.iter().map(|step| {
            let group_id = group_id(case + step.group);
            store.does(step.actor, group_id, in_group(group_id, step.command.clone()))
        });
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
    for (group_id, history) in &histories {
        tells_as_folded(store, *group_id, history).await;
    }
    for (group_id, roster) in &rosters {
        same_as_tables(store, *group_id, roster).await;
    }
    for (user, start) in sidebars {
        let StreamStart::Snapshot(list) = start.start else { panic!("no position was given") };
        // Read only now: it must show what was so then.
        let list = whole(store, list).await;
        let rows = list.into_iter().map(|(group, role)| SidebarRow { group, role });
        let mut sidebar = Sidebar::with_pending(rows, start.pending);
        let now = store.open_stream(user, Some(start.cursor), ReplayRule::default()).await.unwrap();
        if let StreamStart::Resumed { missed, .. } = now.start {
            for entry in missed {
                let (group_id, version) = (entry.change.group_id(), entry.change.version().get());
                let before = &histories[&group_id][..version as usize - 1];
                let audience = Roster::replay(group_id, Limits::default(), before).audience_of(user);
                let event = event_for(&entry.change, user, audience.unwrap_or(Audience::Members)).unwrap();
                assert_ne!(sidebar.fold(&event), Folded::Gap, "{event:?}");
            }
            let fresh = store.groups(user, None, 500).await.unwrap().groups;
            let fresh = Sidebar::new(fresh.into_iter().map(|(group, role)| SidebarRow { group, role }));
            assert_eq!(sidebar.rows().collect::<Vec<_>>(), fresh.rows().collect::<Vec<_>>());
            let pending = store.open_stream(user, None, ReplayRule::default()).await.unwrap().pending;
            let fresh = Sidebar::with_pending([], pending);
            let versions = |sidebar: &Sidebar| {
                sidebar.pending().map(|pending| (pending.group.group_id, pending.version)).collect::<Vec<_>>()
            };
            assert_eq!(versions(&sidebar), versions(&fresh));
        }
    }
}

/// The users who are told of each change are those to whom the fold of the history tells it.
async fn tells_as_folded(store: &Store, group_id: GroupId, history: &[Change]) {
    let mut roster = Roster::new(group_id, Limits::default());
    for change in history {
        let mut expected: Vec<UserId> = roster.told(change).into_iter().map(|told| told.user_id).collect();
        expected.sort_unstable();
        let mut told: Vec<UserId> = Vec::new();
        loop {
            let page = store.users_told(group_id, change.version(), told.last().copied(), 3).await.unwrap();
            told.extend(&page);
            if page.len() < 3 {
                break;
            }
        }
        assert_eq!(told, expected, "{change:?}");
        roster.apply(change);
    }
}

async fn same_as_tables(store: &Store, group_id: GroupId, roster: &Roster) {
    for user in PEOPLE {
        let expected = roster.role_of(user).map(|role| (roster.group().unwrap().clone(), role));
        assert_eq!(store.group(user, group_id).await.unwrap(), expected);
    }
    for user in PEOPLE {
        let pending = store.open_stream(user, None, ReplayRule::default()).await.unwrap().pending;
        let kind = pending.into_iter().find(|pending| pending.group.group_id == group_id).map(|pending| pending.kind);
        match (roster.standing_of(user), kind) {
            (Some(Standing::Invited(invitation)), Some(PendingKind::Invitation { role, invited_by, expires_at })) => {
                let expected = (invitation.role, invitation.invited_by, invitation.expires_at);
                assert_eq!((role, invited_by, expires_at), expected);
            }
            (Some(Standing::Requested(request)), Some(PendingKind::JoinRequest { message })) => {
                assert_eq!(message, request.message);
            }
            (Some(Standing::Banned(_)) | None, None) => {}
            other => panic!("{other:?}"),
        }
    }
    let Some(group) = roster.group() else { return };
    let page = store.members(group.owner_id, group_id, None, 100).await.unwrap().unwrap();
    let mut members: Vec<_> = page.members.into_iter().map(|row| row.membership).collect();
    assert_eq!(members.len(), group.member_count as usize);
    assert!(members.is_sorted_by_key(|member| member.joined_version));
    members.sort_by_key(|member| member.user_id);
    assert_eq!(members, roster.members().copied().collect::<Vec<_>>());
}
