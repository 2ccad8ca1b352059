//! Several servers on one PostgreSQL are one: each user's devices are on different servers, and nothing about the promise
//! changes, whatever restarts, dies and returns in the middle.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;

use crate::{
    crash, storm,
    support::{Chance, HaProxy, Http, Postgres, Server, User},
};

/// A tail that nothing wakes looks by itself once a second.
const POLL: Duration = Duration::from_secs(1);

/// Several servers on one database. They end before it does.
struct Cluster {
    servers: Vec<Server>,
    postgres: Postgres,
}

impl Cluster {
    /// So many servers, or nothing where there is no PostgreSQL.
    async fn of(count: usize) -> Option<Self> {
        Self::with(count, &[]).await
    }

    async fn with(count: usize, settings: &[(&str, &str)]) -> Option<Self> {
        let postgres = Postgres::start().await?;
        let url = postgres.url();
        let settings = [&storm::SETTINGS[..], &[("DATABASE_URL", url.as_str())], settings].concat();
        // All at once: one of them makes the tables, and the others wait for it.
        let servers = join_all((0..count).map(|_| Server::with(&settings))).await;
        Some(Self { servers, postgres })
    }

    fn doors(&self) -> Vec<Arc<Http>> {
        self.servers.iter().map(|server| Arc::clone(server.http())).collect()
    }

    /// The same person at each server.
    fn user(&self) -> Vec<User> {
        let user = self.servers[0].user();
        self.doors().iter().map(|door| user.at(door)).collect()
    }

    /// What is changed on any server is heard on every one, by itself and at once.
    async fn hears_everywhere(&self) {
        let ada = self.user();
        let group = ada[0].creates("Ears", &[]).await;
        let mut sockets = join_all(ada.iter().map(User::connects)).await;
        for (at, user) in ada.iter().enumerate() {
            user.renames(&group, &format!("Heard from {at}")).await.group(200);
            for socket in &mut sockets {
                let event = socket.event(&ada[0].id, "group_updated").await;
                assert_eq!(event["version"], at + 2);
            }
        }
    }
}

#[tokio::test]
async fn a_change_on_one_server_is_on_the_sockets_of_the_other_at_once() {
    const CHANGES: u32 = 40;
    let Some(cluster) = Cluster::of(2).await else { return };
    let ada = cluster.user();
    let group = ada[0].creates("Team", &[]).await;
    let mut phone = ada[1].connects().await;
    let begun = Instant::now();
    for at in 0..CHANGES {
        ada[0].renames(&group, &format!("Name {at}")).await.group(200);
        assert_eq!(phone.event(&ada[0].id, "group_updated").await["version"], at + 2);
    }
    // Each would wait for half of that where only polling brought it.
    let each = begun.elapsed() / CHANGES;
    assert!(each < POLL / 8, "each change took {each:?}");
    phone.hears_nothing().await;
}

#[tokio::test]
async fn two_servers_in_a_storm_are_one() {
    let Some(cluster) = Cluster::of(2).await else { return };
    storm::blows(&cluster.servers[0], &cluster.doors()).await;
}

#[tokio::test]
async fn three_servers_behind_a_load_balancer_in_a_storm_are_one() {
    let Some(cluster) = Cluster::of(3).await else { return };
    let addresses: Vec<_> = cluster.servers.iter().map(Server::address).collect();
    let Some(proxy) = HaProxy::before(&addresses).await else { return };
    storm::blows(&cluster.servers[0], &[Arc::clone(proxy.http())]).await;
}

#[tokio::test]
async fn servers_that_are_killed_and_a_database_that_crashes_lose_repeat_and_reorder_nothing() {
    let Some(mut cluster) = Cluster::of(2).await else { return };
    let chance = Chance::new("GROUPS_CLUSTER_SEED");
    let people = (0..crash::PEOPLE).map(|_| cluster.servers[0].user()).collect();
    crash::survives(people, &cluster.doors(), &chance, async |load| {
        for round in 0..6 {
            tokio::time::sleep(Duration::from_millis(200 + chance.below(400) as u64)).await;
            let before = load.acknowledged();
            if round % 3 == 2 {
                cluster.postgres.restart_at_once().await;
                join_all(cluster.servers.iter().map(ready)).await;
            } else {
                let victim = chance.below(cluster.servers.len());
                cluster.servers[victim].kill_and_launch().await;
            }
            load.still_has(&before).await;
        }
        // All of them follow the log again, and wake each other.
        cluster.hears_everywhere().await;
    })
    .await;
    for server in &cluster.servers {
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
}

#[tokio::test]
async fn behind_a_load_balancer_a_killed_server_costs_a_reconnect_and_nothing_else() {
    let Some(mut cluster) = Cluster::of(3).await else { return };
    let addresses: Vec<_> = cluster.servers.iter().map(Server::address).collect();
    let Some(proxy) = HaProxy::before(&addresses).await else { return };
    let chance = Chance::new("GROUPS_CLUSTER_SEED");
    let door = [Arc::clone(proxy.http())];
    let people = (0..crash::PEOPLE).map(|_| cluster.servers[0].user().at(&door[0])).collect();
    crash::survives(people, &door, &chance, async |load| {
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(200 + chance.below(400) as u64)).await;
            let before = load.acknowledged();
            let victim = chance.below(cluster.servers.len());
            cluster.servers[victim].kill_and_launch().await;
            proxy.serves().await;
            load.still_has(&before).await;
        }
    })
    .await;
}

/// Waits until a server says that it can serve.
async fn ready(server: &Server) {
    let from = Instant::now();
    loop {
        let answer = server.http().get("/readyz").await;
        if answer.status == 200 {
            return;
        }
        assert!(from.elapsed() < crate::support::PATIENCE, "never ready: {}", answer.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
