//! A standby reads for connecting clients (`GROUPS_REPLICA_URL`). Clients must not notice, whatever
//! happens to it.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::until;
use crate::storm;
use crate::support::{Postgres, Server, User, program};
use futures_util::future::join_all;

/// How many initial states came from here: `replica` or `primary`.
async fn openings(server: &Server, source: &str) -> u64 {
    sample(server, &format!("groups_openings_total{{source=\"{source}\"}} ")).await
}

async fn sample(server: &Server, name: &str) -> u64 {
    let text = server.http().get("/metrics").await.text();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.unwrap_or_else(|| panic!("{name} in {text}")).parse().expect("a number")
}

/// The names in the list of a client that connects now.
async fn names(user: &User) -> Vec<String> {
    let mut socket = user.connects().await;
    let names = socket.snapshot().iter().map(|group| group["name"].as_str().expect("a name").to_owned()).collect();
    socket.hears_nothing().await;
    names
}

/// Connects until the standby has served a client, which must get this list each time.
async fn until_from_replica(server: &Server, user: &User, expected: &[&str]) {
    let before = openings(server, "replica").await;
    until("the standby is used", async || {
        assert_eq!(names(user).await, expected);
        openings(server, "replica").await > before
    })
    .await;
}

#[tokio::test]
async fn clients_get_the_current_list_while_the_standby_is_paused_killed_and_back() {
    let Some(primary) = Postgres::start().await else { return };
    let standby = primary.standby().await;
    let urls = [("DATABASE_URL", &*primary.url()), ("GROUPS_REPLICA_URL", &*standby.url())];
    let server = Server::with(&urls).await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    until_from_replica(&server, &bob, &["Team"]).await;

    standby.sql("SELECT pg_wal_replay_pause()").await;
    until("replay is paused", async || standby.sql("SELECT pg_get_wal_replay_pause_state()").await.trim() == "paused")
        .await;
    ada.renames(&group, "Paused").await.group(200);
    let from_replica = openings(&server, "replica").await;
    assert_eq!(names(&bob).await, ["Paused"]);
    assert_eq!(openings(&server, "replica").await, from_replica);
    assert!(sample(&server, "groups_replica_fallbacks_total{reason=\"lagging\"} ").await > 0);
    assert_eq!(sample(&server, "groups_replica_up ").await, 0);
    assert_eq!(server.http().get("/readyz").await.status, 200);
    standby.sql("SELECT pg_wal_replay_resume()").await;
    until_from_replica(&server, &bob, &["Paused"]).await;

    standby.stop_at_once().await;
    ada.renames(&group, "Killed").await.group(200);
    assert_eq!(names(&bob).await, ["Killed"]);
    assert_eq!(server.http().get("/readyz").await.status, 200);
    standby.launch().await;
    ada.renames(&group, "Back").await.group(200);
    until_from_replica(&server, &bob, &["Back"]).await;
    let log = server.log();
    for line in ["the replica is not used for now", "the replica is used again"] {
        assert!(log.matches(line).count() >= 2, "once for each failure: {log}");
    }
}

#[tokio::test]
async fn two_servers_with_a_standby_behave_like_one_in_a_storm() {
    let Some(primary) = Postgres::start().await else { return };
    let standby = primary.standby().await;
    // One of them keeps nothing in memory, so that its clients resume from the log.
    let settings = |bytes| {
        let urls = [("DATABASE_URL", primary.url()), ("GROUPS_REPLICA_URL", standby.url())];
        let own = urls.map(|(name, url)| (name.to_owned(), url)).to_vec();
        (own, ("GROUPS_RESUME_BYTES", bytes))
    };
    let servers = join_all(["33554432", "0"].map(async |bytes| {
        let (urls, memory) = settings(bytes);
        let urls: Vec<(&str, &str)> = urls.iter().map(|(name, url)| (&**name, &**url)).collect();
        Server::with(&[&storm::SETTINGS[..], &urls, &[memory]].concat()).await
    }))
    .await;
    let doors: Vec<_> = servers.iter().map(|server| Arc::clone(server.http())).collect();
    let trouble = async |_: &[User]| {
        // Between them, it is used again.
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            standby.restart_at_once().await;
        }
    };
    storm::blows_with(&servers[0], &doors, trouble).await;
    for server in &servers {
        let user = server.user();
        until_from_replica(server, &user, &[]).await;
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
}

#[tokio::test]
async fn a_check_reports_a_replica_that_is_not_a_standby_of_the_database() {
    let Some(primary) = Postgres::start().await else { return };
    let (standby, other) = tokio::join!(primary.standby(), Postgres::start());
    let other = other.expect("it is installed");
    let check = async |replica: String| {
        let mut command = Command::new(program());
        command.arg("check").env_clear().env("DATABASE_URL", primary.url()).env("GROUPS_REPLICA_URL", replica);
        command.env("GROUPS_LISTEN", "127.0.0.1:0");
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
        let text = String::from_utf8(output.expect("it runs").stdout).expect("text");
        text.lines().find(|line| line.contains("replica: ")).unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let [good, not_a_standby, elsewhere] =
        [check(standby.url()).await, check(primary.url()).await, check(other.standby().await.url()).await];
    assert!(good.starts_with("ok ") && good.ends_with(" is a standby of the database"), "{good}");
    assert!(not_a_standby.starts_with("FAILED ") && not_a_standby.contains("is not a standby"), "{not_a_standby}");
    assert!(elsewhere.starts_with("FAILED ") && elsewhere.contains("not a standby of the database"), "{elsewhere}");
}
