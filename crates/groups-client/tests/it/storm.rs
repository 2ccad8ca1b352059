//! Several users who change groups, and the server killed in between: every list ends up like a new one.

use std::collections::BTreeMap;

use groups_client::{Effect, Error, GroupId, NewGroup, NewMember, Role, Update, Watch};
use tokio::task::JoinSet;

use crate::support::{Server, User, lists, until_live, within};

const USERS: usize = 6;
const ROUNDS: usize = 3;
const CHANGES: usize = 20;
/// The name of the group that is created after all changes.
const LAST: &str = "the end";

/// Processes updates, and checks the versions, until the last group has arrived and the list is like a new one.
async fn follow(mut watch: Watch, user: User) -> Watch {
    let mut versions: BTreeMap<GroupId, u64> =
        watch.sidebar().rows().map(|row| (row.group.group_id, row.group.version.get())).collect();
    loop {
        match within("an update", watch.next()).await.unwrap() {
            Update::Snapshot(list) => {
                versions = list.groups.iter().map(|group| (group.group_id, group.version.get())).collect();
            }
            Update::Event(event) => {
                let version = event.version.get();
                let before = versions.insert(event.group_id, version);
                // Somebody who returns has missed the versions in between.
                let entered = matches!(event.effect, Effect::Entered { .. });
                assert!(entered || before == Some(version - 1), "{before:?} and then {version}");
                assert!(before.is_none_or(|before| before < version), "{before:?} and then {version}");
            }
            _ => {}
        }
        if watch.sidebar().rows().any(|row| row.group.name.as_str() == LAST) {
            let (folded, listed) = lists(&watch, &user.client).await;
            if folded == listed {
                return watch;
            }
        }
    }
}

/// A user's own changes. Refusals are expected: others change the same groups.
async fn change(user: &User, groups: &[GroupId], others: &[NewMember], random: &mut fastrand::Rng) {
    for _ in 0..CHANGES {
        let group = user.client.group(groups[random.usize(..groups.len())]);
        let other = others[random.usize(..others.len())];
        let result = match random.u8(..6) {
            0 => group.rename(format!("Name {}", random.u16(..))).await.map(drop),
            1 => group.remove(other.user_id).await,
            2 => group.set_role(other.user_id, Role::Admin).await.map(drop),
            3 => group.set_role(other.user_id, Role::Member).await.map(drop),
            _ => group.add(other).await.map(drop),
        };
        if let Err(error) = result {
            assert!(matches!(&error, Error::Refused(refusal) if refusal.status < 500), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_stays_correct_in_a_storm() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut server = Server::start();
    let users: Vec<_> = (0..USERS).map(|_| User::of(&server)).collect();
    let members: Vec<_> = users.iter().map(|user| NewMember::plain(user.id)).collect();
    let mut groups = Vec::new();
    for user in &users {
        let others = members.iter().copied().filter(|member| member.user_id != user.id);
        groups.push(user.client.groups().create(NewGroup::new("Team").members(others)).await.unwrap().group_id);
    }
    let mut followers = JoinSet::new();
    for user in &users {
        let mut watch = user.client.watch().start();
        until_live(&mut watch).await;
        followers.spawn(follow(watch, User { id: user.id, client: user.client.clone() }));
    }
    for round in 0..ROUNDS {
        let changes = users.iter().zip(0..).map(|(user, number): (_, u64)| {
            let mut random = fastrand::Rng::with_seed(seed ^ (number + 1));
            let (groups, members) = (&groups, &members);
            async move { change(user, groups, members, &mut random).await }
        });
        futures_util::future::join_all(changes).await;
        if round + 1 < ROUNDS {
            server.kill();
            server.launch();
        }
    }
    // A last group for everybody says that it is over.
    let last = NewGroup::new(LAST).members(members.iter().copied().skip(1));
    users[0].client.groups().create(last).await.unwrap();
    let watches = within("every list like a new one", followers.join_all()).await;
    assert_eq!(watches.len(), USERS);
}
