//! Several servers on one PostgreSQL behave like one: each user's devices are on different servers,
//! and the guarantees hold while servers restart, crash and return.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;

use crate::{
    crash, storm,
    support::{Balancer, Chance, Http, Postgres, Server, User},
};

/// The polling interval of a tail without wake-ups.
const POLL: Duration = Duration::from_secs(1);

/// Several servers on one database. They stop before it does.
struct Cluster {
    servers: Vec<Server>,
    postgres: Postgres,
}

impl Cluster {
    /// Starts this many servers; `None` if PostgreSQL is not installed.
    async fn of(count: usize) -> Option<Self> {
        Self::with(count, &[]).await
    }

    async fn with(count: usize, settings: &[(&str, &str)]) -> Option<Self> {
        let postgres = Postgres::start().await?;
        let url = postgres.url();
        let settings = [&storm::SETTINGS[..], &[("DATABASE_URL", url.as_str())], settings].concat();
        // Concurrently: one of them creates the tables, and the others wait for it.
        let servers = join_all((0..count).map(|_| Server::with(&settings))).await;
        Some(Self { servers, postgres })
    }

    fn doors(&self) -> Vec<Arc<Http>> {
        self.servers.iter().map(|server| Arc::clone(server.http())).collect()
    }

    /// The same user at each server.
    fn user(&self) -> Vec<User> {
        let user = self.servers[0].user();
        self.doors().iter().map(|door| user.at(door)).collect()
    }

    /// Changes on one server reach the sockets of the other long before it would poll.
    async fn hears_at_once(&self) {
        const CHANGES: u32 = 40;
        let ada = self.user();
        let group = ada[0].creates("Team", &[]).await;
        let mut phone = ada[1].connects().await;
        let begun = Instant::now();
        for at in 0..CHANGES {
            ada[0].renames(&group, &format!("Name {at}")).await.group(200);
            assert_eq!(phone.event(&ada[0].id, "group_updated").await["version"], at + 2);
        }
        // With polling alone, each would take that long.
        let each = begun.elapsed() / CHANGES;
        assert!(each < POLL / 2, "each change took {each:?}");
        phone.hears_nothing().await;
    }

    /// A typing user at one server, over WebSocket or HTTP, is shown on the other members' devices
    /// at every server, and to nobody else.
    async fn sees_typing_everywhere(&self) {
        let (ada, bob, eve) = (self.user(), self.user(), self.user());
        let group = ada[0].creates("Team", &[&bob[0]]).await;
        let mut devices = join_all(bob.iter().map(User::connects)).await;
        let mut strangers = join_all(eve.iter().map(User::connects)).await;
        let mut socket = ada[0].connects().await;
        for server in &self.servers {
            until("its bus is up", async || parts(server).await.1.ends_with("up")).await;
        }
        socket.send(json!({"type": "typing", "group_id": group, "typing": true})).await;
        for device in &mut devices {
            let typing = device.expect("typing").await;
            assert_eq!((&typing["group_id"], &typing["user_id"]), (&json!(group), &json!(ada[0].id)));
            assert_eq!(typing["typing"], true);
        }
        let path = format!("/v1/groups/{group}/typing");
        assert_eq!(ada[1].post(&path, json!({"typing": false})).await.status, 202);
        for device in &mut devices {
            assert_eq!(device.expect("typing").await["typing"], false);
        }
        socket.hears_nothing().await;
        for stranger in &mut strangers {
            stranger.hears_nothing().await;
        }
    }

    /// Changes on any server are received at every server.
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
async fn a_change_on_one_server_reaches_the_sockets_of_another_immediately() {
    let Some(cluster) = Cluster::of(2).await else { return };
    cluster.hears_at_once().await;
}

#[tokio::test]
async fn two_servers_behave_like_one_in_a_storm() {
    let Some(cluster) = Cluster::of(2).await else { return };
    storm::blows(&cluster.servers[0], &cluster.doors()).await;
}

#[tokio::test]
async fn three_servers_behind_a_load_balancer_behave_like_one_in_a_storm() {
    let Some(cluster) = Cluster::of(3).await else { return };
    let addresses: Vec<_> = cluster.servers.iter().map(Server::address).collect();
    let Some(proxy) = Balancer::haproxy(&addresses).await else { return };
    storm::blows(&cluster.servers[0], &[Arc::clone(proxy.http())]).await;
}

#[tokio::test]
async fn two_servers_behind_nginx_behave_like_one_in_a_storm() {
    let Some(cluster) = Cluster::of(2).await else { return };
    let addresses: Vec<_> = cluster.servers.iter().map(Server::address).collect();
    let Some(proxy) = Balancer::nginx(&addresses).await else { return };
    storm::blows(&cluster.servers[0], &[Arc::clone(proxy.http())]).await;
}

#[tokio::test]
async fn killed_servers_and_a_crashed_database_lose_repeat_and_reorder_nothing() {
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
        // All servers follow the log again and wake each other.
        cluster.hears_everywhere().await;
    })
    .await;
    for server in &cluster.servers {
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
}

#[tokio::test]
async fn behind_a_load_balancer_clients_of_a_killed_server_only_reconnect() {
    let Some(mut cluster) = Cluster::of(3).await else { return };
    let addresses: Vec<_> = cluster.servers.iter().map(Server::address).collect();
    let Some(proxy) = Balancer::haproxy(&addresses).await else { return };
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

#[tokio::test]
async fn typing_on_one_server_is_visible_on_all() {
    let Some(cluster) = Cluster::of(2).await else { return };
    cluster.sees_typing_everywhere().await;
}

#[tokio::test]
async fn readyz_and_the_log_report_lost_and_recovered_components() {
    let Some(cluster) = Cluster::of(1).await else { return };
    let [server] = &cluster.servers[..] else { panic!("one server") };
    until("its parts work", async || parts(server).await == ("up".to_owned(), "postgres up".to_owned())).await;
    cluster.postgres.stop_at_once().await;
    until("the loss is reported", async || parts(server).await == ("down".to_owned(), "postgres down".to_owned()))
        .await;
    server.http().get("/readyz").await.problem(503, "unavailable");
    let says = |part: &str, what: &str| {
        server.log().lines().any(|line| line.contains(&format!("component=\"{part}\"")) && line.contains(what))
    };
    until("the loss is logged", async || says("database", "lost") && says("bus", "lost")).await;
    assert_eq!(server.http().get("/healthz").await.status, 200, "the process is alive");
    cluster.postgres.launch().await;
    until("the return is logged", async || says("database", "recovered") && says("bus", "recovered")).await;
    assert_eq!(parts(server).await, ("up".to_owned(), "postgres up".to_owned()));
}

#[cfg(feature = "nats")]
mod nats {
    //! The same with NATS between the servers.

    use super::*;
    use crate::support::Nats;

    async fn cluster(count: usize) -> Option<(Cluster, Nats)> {
        let nats = Nats::start().await?;
        Some((Cluster::with(count, &[("GROUPS_NATS_URL", &nats.url())]).await?, nats))
    }

    #[tokio::test]
    async fn nats_wakes_the_other_server_immediately() {
        let Some((cluster, _nats)) = cluster(2).await else { return };
        for server in &cluster.servers {
            until("it is found", async || parts(server).await.1 == "nats up").await;
        }
        cluster.hears_at_once().await;
    }

    #[tokio::test]
    async fn typing_on_one_server_is_visible_on_all() {
        let Some((cluster, _nats)) = cluster(2).await else { return };
        cluster.sees_typing_everywhere().await;
    }

    #[tokio::test]
    async fn servers_can_start_without_nats() {
        let Some((cluster, mut nats)) = cluster(1).await else { return };
        nats.kill();
        let url = cluster.postgres.url();
        let nats_url = nats.url();
        let late = Server::with(&[("DATABASE_URL", &url), ("GROUPS_NATS_URL", &nats_url)]).await;
        assert_eq!(parts(&late).await, ("up".to_owned(), "nats down".to_owned()));
        nats.launch().await;
        until("it is found", async || parts(&late).await.1 == "nats up").await;
    }

    #[tokio::test]
    async fn nothing_is_lost_while_nats_servers_and_the_database_fail_and_return() {
        let Some((mut cluster, mut nats)) = cluster(2).await else { return };
        let chance = Chance::new("GROUPS_CLUSTER_SEED");
        let people = (0..crash::PEOPLE).map(|_| cluster.servers[0].user()).collect();
        crash::survives(people, &cluster.doors(), &chance, async |load| {
            for round in 0..6 {
                tokio::time::sleep(Duration::from_millis(200 + chance.below(300) as u64)).await;
                let before = load.acknowledged();
                match round % 3 {
                    0 => {
                        nats.kill();
                        // Polling continues.
                        cluster.hears_everywhere().await;
                        nats.launch().await;
                    }
                    1 => {
                        let victim = chance.below(cluster.servers.len());
                        cluster.servers[victim].kill_and_launch().await;
                    }
                    _ => {
                        cluster.postgres.restart_at_once().await;
                        join_all(cluster.servers.iter().map(ready)).await;
                    }
                }
                load.still_has(&before).await;
            }
        })
        .await;
        for server in &cluster.servers {
            until("NATS is back", async || parts(server).await.1 == "nats up").await;
            assert!(!server.log().contains("panicked"), "{}", server.log());
        }
        cluster.hears_at_once().await;
    }
}

/// The state of a server's database and bus, as the server reports it.
async fn parts(server: &Server) -> (String, String) {
    let answer = server.http().get("/readyz").await.value();
    let (database, bus) = (&answer["components"]["database"], &answer["components"]["bus"]);
    let text = |value: &serde_json::Value| value.as_str().expect("a word").to_owned();
    (text(&database["state"]), format!("{} {}", text(&bus["kind"]), text(&bus["state"])))
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let from = Instant::now();
    while !holds().await {
        assert!(from.elapsed() < crate::support::PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a server reports that it is ready.
async fn ready(server: &Server) {
    until("it is ready", async || server.http().get("/readyz").await.status == 200).await;
}
