//! The examples as programs, with kills of the example, the server and NATS in between.

mod nats;
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use groups_client::{Client, GroupId, GroupQuery, NewGroup, NewMember, NewOwnedGroup, Page, Removal, Role};

use self::nats::Nats;
use self::program::Example;
use crate::support::{Server, User, new_user, operator, operator_token, within};

/// The pause between two looks at what an example has done.
const LOOK: Duration = Duration::from_millis(50);

/// Changes of many kinds. Returns the groups.
async fn work(server: &Server) -> Vec<GroupId> {
    let (ada, bob, carol, admin) = (User::of(server), User::of(server), User::of(server), operator(server));
    let mut groups = Vec::new();
    for round in 0..6 {
        let new = NewGroup::new(format!("Team {round}")).member(NewMember::plain(bob.id));
        let id = ada.client.groups().create(new).await.unwrap().group_id;
        groups.push(id);
        let group = ada.client.group(id);
        group.add(NewMember { user_id: carol.id, role: Role::Admin }).await.unwrap();
        group.rename(format!("Renamed {round}")).await.unwrap();
        group.add_all(&[new_user(), new_user()].map(NewMember::plain)).await.unwrap();
        match round {
            0 => group.remove(bob.id).await.unwrap(),
            1 => group.leave(Some(carol.id)).await.unwrap(),
            2 => drop(group.ban(bob.id, None).await.unwrap()),
            3 => drop(group.set_role(bob.id, Role::Owner).await.unwrap()),
            4 => group.delete().await.unwrap(),
            _ => bob.client.group(id).leave(None).await.unwrap(),
        }
    }
    let group = NewOwnedGroup { owner_id: bob.id, group_id: None, group: NewGroup::new("By an operator") };
    groups.push(admin.admin().create_group(group).await.unwrap().group_id);
    groups
}

/// `group user role` of every membership that the server has.
async fn memberships(operator: &Client) -> BTreeSet<String> {
    let page = Page { limit: Some(500), after: None };
    let found = operator.admin().find_groups(GroupQuery::default(), page).await.unwrap();
    let mut all = BTreeSet::new();
    for group in found.groups {
        for member in operator.admin().group(group.group_id).all_members().await.unwrap() {
            all.insert(format!("{} {} {}", group.group_id, member.user_id, member.role));
        }
    }
    all
}

/// The same of the mirror.
fn mirrored(path: &Path) -> BTreeSet<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        row: String,
    }
    let mut db = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let rows = sql_query("SELECT group_id || ' ' || user_id || ' ' || role AS row FROM memberships");
    // The mirror creates its tables when it starts.
    rows.load::<Row>(&mut db).unwrap_or_default().into_iter().map(|row| row.row).collect()
}

async fn until_mirrored(operator: &Client, path: &Path) {
    let expected = memberships(operator).await;
    let caught_up = async {
        while mirrored(path) != expected {
            tokio::time::sleep(LOOK).await;
        }
    };
    within("the mirror", caught_up).await;
}

#[tokio::test]
async fn the_mirror_has_every_membership_after_kills_of_the_mirror_and_of_the_server() {
    let mut server = Server::start();
    let operator = operator(&server);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mirror.db");
    let settings = [
        ("GROUPS_URL", server.url()),
        ("GROUPS_TOKEN", operator_token()),
        ("MIRROR", path.to_str().unwrap().to_owned()),
    ];
    // What is there before the first start is copied.
    work(&server).await;
    let mut mirror = Example::start("mirror_memberships", &settings);
    until_mirrored(&operator, &path).await;
    for _ in 0..3 {
        work(&server).await;
        mirror.kill();
        work(&server).await;
        mirror = Example::start("mirror_memberships", &settings);
        work(&server).await;
        server.kill();
        server.launch();
        work(&server).await;
        until_mirrored(&operator, &path).await;
    }
    // The log no longer says who has left, so the mirror asks.
    mirror.kill();
    let bob = User::of(&server);
    let group = bob.client.groups().create(NewGroup::new("Team").member(NewMember::plain(new_user()))).await.unwrap();
    mirror = Example::start("mirror_memberships", &settings);
    until_mirrored(&operator, &path).await;
    mirror.kill();
    let job = operator.admin().remove_user(bob.id, Removal::Erase).await.unwrap();
    operator.admin().wait_for(&job.job_id, |_| {}).await.unwrap();
    mirror = Example::start("mirror_memberships", &settings);
    until_mirrored(&operator, &path).await;
    assert!(!mirrored(&path).iter().any(|row| row.contains(&bob.id.to_string())), "{}", group.group_id);
    mirror.kill();
}

#[tokio::test]
async fn jetstream_has_each_change_once_and_in_order_after_kills_of_all_three() {
    let Some(mut nats) = Nats::start().await else { return };
    let mut server = Server::start();
    let operator = operator(&server);
    let settings = [("GROUPS_URL", server.url()), ("GROUPS_TOKEN", operator_token()), ("NATS_URL", nats.url())];
    work(&server).await;
    let mut publisher = Example::start("jetstream", &settings);
    for _ in 0..3 {
        work(&server).await;
        publisher.kill();
        work(&server).await;
        publisher = Example::start("jetstream", &settings);
        work(&server).await;
        nats.kill();
        work(&server).await;
        nats.launch().await;
        server.kill();
        server.launch();
        work(&server).await;
    }
    let mut log = Vec::new();
    let mut feed = operator.admin().feed(None);
    while let Some(change) = feed.next_available().await.unwrap() {
        log.push((change.group_id.to_string(), change.change.version.get()));
    }
    let published = within("the last change", nats.published(log.len())).await;
    publisher.kill();
    assert_eq!(nats.count().await, log.len() as u64, "no more than the log");
    let by_group = |changes: &[(String, u64)]| {
        let mut groups = BTreeMap::<String, Vec<u64>>::new();
        for (group, version) in changes {
            groups.entry(group.clone()).or_default().push(*version);
        }
        groups
    };
    assert_eq!(by_group(&published), by_group(&log));
    for versions in by_group(&published).values() {
        assert_eq!(*versions, (1..=versions.len() as u64).collect::<Vec<_>>());
    }
}
