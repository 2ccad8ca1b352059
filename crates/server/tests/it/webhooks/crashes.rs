//! A receiver counts what it gets while the server, the receiver and the database are killed.

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};

use super::{ALLOWED, register, server};
use crate::{
    cluster::until,
    support::{Chance, Http, PATIENCE, Postgres, Receiver, Reply, Server, User},
};

const GROUPS: usize = 6;
const PAUSE: Duration = Duration::from_millis(10);

/// Changes groups until the trouble is over. Returns them with their versions.
async fn changes(user: &User, doors: &[Arc<Http>], trouble: impl Future<Output = ()>) -> Vec<(String, u64)> {
    let over = Cell::new(false);
    let troubling = async {
        trouble.await;
        over.set(true);
    };
    let mut groups = Vec::new();
    for at in 0..GROUPS {
        groups.push(user.creates(&format!("Group {at}"), &[]).await);
    }
    let writing = join_all(groups.iter().enumerate().map(async |(at, group)| {
        let mut version = 1;
        while !over.get() {
            let door = &doors[(at + version as usize) % doors.len()];
            renames(&user.at(door), group, version + 1).await;
            version += 1;
            tokio::time::sleep(PAUSE).await;
        }
        (group.clone(), version)
    }));
    join(troubling, writing).await.1
}

/// Makes one change, whatever happens meanwhile.
async fn renames(user: &User, group: &str, version: u64) {
    let from = Instant::now();
    loop {
        let call = user.call("PATCH", &format!("/v1/groups/{group}"));
        let call = call.json(&serde_json::json!({"name": format!("Name {version}")}));
        match call.header("Idempotency-Key", &format!("{group} {version}")).try_send().await {
            Ok(answer) if answer.status == 200 => return,
            Ok(answer) => assert!((500..=504).contains(&answer.status), "{}", answer.text()),
            Err(_) => {}
        }
        assert!(from.elapsed() < 2 * PATIENCE, "the server returns");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn assert_received(receiver: &Receiver, groups: &[(String, u64)]) {
    for (group, version) in groups {
        receiver.accepts_versions(group, 1..=*version).await;
    }
    let (repeated, all) = (receiver.assert_in_order(), receiver.received().len());
    let changes: u64 = groups.iter().map(|(_, version)| version).sum();
    eprintln!("{changes} changes, {all} messages, {repeated} of them repeated");
}

#[tokio::test]
async fn killed_servers_and_receivers_lose_and_reorder_nothing() {
    let chance = Chance::new("GROUPS_CRASH_SEED");
    let mut server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let mut receiver = Receiver::start();
    // Some messages are taken without an answer.
    let unlucky = std::sync::atomic::AtomicU32::new(0);
    receiver.replies(move |_| match unlucky.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 20 {
        7 => Reply::BreakOff,
        13 => Reply::Status(503, ""),
        _ => Reply::Status(200, ""),
    });
    register(&operator, &receiver).await;
    let doors = [Arc::clone(server.http())];
    let groups = changes(&ada, &doors, async {
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(100 + chance.below(400) as u64)).await;
            if chance.happens(50) {
                server.kill_and_launch().await;
            } else {
                receiver.kill();
                tokio::time::sleep(Duration::from_millis(chance.below(500) as u64)).await;
                receiver.launch();
            }
        }
    })
    .await;
    receiver.replies(|_| Reply::Status(200, ""));
    assert_received(&receiver, &groups).await;
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// Two servers on one PostgreSQL. They stop before it does.
async fn cluster() -> Option<(Vec<Server>, Postgres)> {
    let postgres = Postgres::start().await?;
    let url = postgres.url();
    let settings = [ALLOWED, ("DATABASE_URL", url.as_str())];
    let servers = join_all((0..2).map(|_| Server::with(&settings))).await;
    Some((servers, postgres))
}

#[tokio::test]
async fn of_two_servers_one_delivers_and_the_other_takes_over_and_none_is_lost_when_all_are_killed() {
    let Some((mut servers, postgres)) = cluster().await else { return };
    let chance = Chance::new("GROUPS_CLUSTER_SEED");
    let (operator, ada) = (servers[0].operator(), servers[0].user());
    let receiver = Receiver::start();
    register(&operator, &receiver).await;
    let doors: Vec<_> = servers.iter().map(|server| Arc::clone(server.http())).collect();
    let groups = changes(&ada, &doors, async {
        for round in 0..5 {
            tokio::time::sleep(Duration::from_millis(300 + chance.below(500) as u64)).await;
            if round == 2 {
                postgres.restart_at_once().await;
            } else {
                servers[round % 2].kill_and_launch().await;
            }
        }
    })
    .await;
    assert_received(&receiver, &groups).await;
    for server in &servers {
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
}

#[tokio::test]
async fn a_server_that_shuts_down_leaves_its_webhooks_to_the_other_at_once() {
    let Some((mut servers, _postgres)) = cluster().await else { return };
    let (operator, ada) = (servers[0].operator(), servers[0].user());
    let receiver = Receiver::start();
    register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    receiver.accepts_versions(&group, [1]).await;
    let delivers = async |server: &Server| {
        let metrics = server.http().get("/metrics").await.text();
        metrics.contains("\ngroups_webhooks_active 1\n")
    };
    let first = if delivers(&servers[0]).await { 0 } else { 1 };
    assert!(!delivers(&servers[1 - first]).await, "one delivers at a time");
    servers[first].terminate();
    assert!(servers[first].ended().await.0.success());
    let begun = Instant::now();
    until("the other one delivers", async || delivers(&servers[1 - first]).await).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "long before the lease runs out: {:?}", begun.elapsed());
    ada.at(servers[1 - first].http()).renames(&group, "Crew").await.group(200);
    receiver.accepts_versions(&group, 1..=2).await;
    assert_eq!(receiver.assert_in_order(), 0, "nothing is repeated");
}
