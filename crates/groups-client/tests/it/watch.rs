//! A watch across restarts, pauses and processes.

use std::time::Duration;

use groups_client::{Client, Effect, NewGroup, NewMember, Role, Status, Update};

use crate::support::{Server, User, lists, new_user, next_event, token, until_live, within};

#[tokio::test]
async fn a_watch_returns_the_list_and_then_each_change() {
    let server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    let first = ada.client.groups().create(NewGroup::new("First").member(NewMember::plain(bob.id))).await.unwrap();
    let mut watch = bob.client.watch().start();
    assert_eq!(watch.next().await.unwrap(), Update::Status(Status::Connecting));
    let Update::Snapshot(list) = within("a snapshot", watch.next()).await.unwrap() else { panic!("a snapshot") };
    assert_eq!(list.groups.iter().map(|group| group.group_id).collect::<Vec<_>>(), [first.group_id]);
    assert_eq!(within("ready", watch.next()).await.unwrap(), Update::Status(Status::Live));

    let group = ada.client.group(first.group_id);
    group.set_role(bob.id, Role::Admin).await.unwrap();
    assert!(matches!(next_event(&mut watch).await.effect, Effect::RoleChanged { role: Role::Admin, .. }));
    assert_eq!(watch.sidebar().get(first.group_id).unwrap().role, Role::Admin);
    group.remove(bob.id).await.unwrap();
    assert!(matches!(next_event(&mut watch).await.effect, Effect::Left { .. }));
    assert_eq!(watch.sidebar().rows().count(), 0);
    watch.close().await;
}

#[tokio::test]
async fn across_kills_of_the_server_each_version_arrives_once_and_in_order() {
    let mut server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    let group_id =
        ada.client.groups().create(NewGroup::new("Team").member(NewMember::plain(bob.id))).await.unwrap().group_id;
    let mut watch = bob.client.watch().start();
    until_live(&mut watch).await;
    let mut versions = Vec::new();
    for round in 0..3 {
        ada.client.group(group_id).rename(format!("before {round}")).await.unwrap();
        versions.push(next_event(&mut watch).await.version.get());
        ada.client.group(group_id).rename(format!("unread {round}")).await.unwrap();
        server.kill();
        server.launch();
        ada.client.group(group_id).rename(format!("missed {round}")).await.unwrap();
        versions.push(next_event(&mut watch).await.version.get());
        versions.push(next_event(&mut watch).await.version.get());
    }
    assert_eq!(versions, (2..=10).collect::<Vec<_>>());
    let (folded, listed) = lists(&watch, &bob.client).await;
    assert_eq!(folded, listed);
}

#[tokio::test]
async fn a_slow_consumer_resumes_and_misses_nothing() {
    const CHANGES: u64 = 900;
    let server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    let mut ids = Vec::new();
    for number in 0..10 {
        let group =
            NewGroup::new(format!("Team {number}")).description("d".repeat(1_000)).member(NewMember::plain(bob.id));
        ids.push(ada.client.groups().create(group).await.unwrap().group_id);
    }
    let mut watch = bob.client.watch().start();
    until_live(&mut watch).await;
    // Nobody reads until the buffers of the kernel and the queue of the server have overflowed.
    for number in 0..CHANGES {
        let id = ids[usize::try_from(number).unwrap() % ids.len()];
        ada.client.group(id).rename(format!("Name {number}")).await.unwrap();
    }
    let mut known: std::collections::BTreeMap<_, u64> = ids.iter().map(|id| (*id, 1)).collect();
    let (mut reconnected, last) = (false, 1 + CHANGES / 10);
    while known.values().any(|version| *version < last) {
        match within("an update", watch.next()).await.unwrap() {
            Update::Event(event) => {
                let before = known.insert(event.group_id, event.version.get()).unwrap();
                assert_eq!(event.version.get(), before + 1);
            }
            Update::Snapshot(list) => {
                for group in list.groups {
                    known.insert(group.group_id, group.version.get());
                }
            }
            Update::Status(Status::Waiting { .. }) => reconnected = true,
            _ => {}
        }
    }
    assert!(reconnected, "the test needs more changes");
    let (folded, listed) = lists(&watch, &bob.client).await;
    assert_eq!(folded, listed);
}

#[tokio::test]
async fn a_checkpoint_continues_in_another_process() {
    let server = Server::start();
    let ada = User::of(&server);
    let group = ada.client.groups().create(NewGroup::new("Team")).await.unwrap();
    let mut watch = ada.client.watch().start();
    assert_eq!(watch.checkpoint(), None);
    until_live(&mut watch).await;
    let saved = serde_json::to_string(&watch.checkpoint().unwrap()).unwrap();
    drop(watch);
    ada.client.group(group.group_id).rename("New").await.unwrap();

    let client = Client::builder(server.url()).token(token(ada.id, 3600)).build().unwrap();
    let mut watch = client.watch().resume(serde_json::from_str(&saved).unwrap()).start();
    let events = until_live(&mut watch).await;
    assert_eq!(events.iter().map(|event| event.version.get()).collect::<Vec<_>>(), [2]);
    let (folded, listed) = lists(&watch, &client).await;
    assert_eq!(folded, listed);
}

#[tokio::test]
async fn a_checkpoint_of_another_user_is_replaced_by_a_snapshot() {
    let server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    ada.client.groups().create(NewGroup::new("Team")).await.unwrap();
    let mut watch = ada.client.watch().start();
    until_live(&mut watch).await;
    let mut watch = bob.client.watch().resume(watch.checkpoint().unwrap()).start();
    until_live(&mut watch).await;
    assert_eq!((watch.user_id(), watch.sidebar().rows().count()), (Some(bob.id), 0));
}

#[tokio::test]
async fn a_dropped_future_loses_no_update() {
    let server = Server::start();
    let ada = User::of(&server);
    let mut watch = ada.client.watch().start();
    until_live(&mut watch).await;
    let group_id = ada.client.groups().create(NewGroup::new("Team")).await.unwrap().group_id;
    let mut versions = Vec::new();
    let mut rename = 0;
    while versions.len() < 50 {
        tokio::select! {
            update = watch.next() => {
                if let Update::Event(event) = update.unwrap() {
                    versions.push(event.version.get());
                }
            }
            () = tokio::time::sleep(Duration::from_micros(200)) => {}
        }
        if rename < 49 {
            rename += 1;
            ada.client.group(group_id).rename(format!("Name {rename}")).await.unwrap();
        }
    }
    assert_eq!(versions, (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn somebody_who_types_is_an_update() {
    let server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    let others = [bob.id, new_user()].map(NewMember::plain);
    let group_id = ada.client.groups().create(NewGroup::new("Team").members(others)).await.unwrap().group_id;
    let mut watch = bob.client.watch().start();
    until_live(&mut watch).await;
    ada.client.group(group_id).typing(true).await.unwrap();
    let Update::Typing(typing) = within("typing", watch.next()).await.unwrap() else { panic!("typing") };
    assert_eq!((typing.group_id, typing.user_id, typing.typing), (group_id, ada.id, true));
}
