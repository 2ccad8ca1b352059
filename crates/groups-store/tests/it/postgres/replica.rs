//! Initial states of connecting clients that are read from a standby.

use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use groups_domain::UserId;
use groups_store::{ReplayRule, ReplicaFallback, ReplicaMetrics, Store, StoreOptions, StreamStart, check_replica};
use tokio::time::timeout;

use super::failover::{PATIENCE, counts, until};
use super::run;
use crate::cast::*;
use crate::server::{Bouncer, Pair};

/// Far longer than a read that does not wait for the replica may take, and shorter than any limit of a
/// request.
const AT_ONCE: Duration = Duration::from_secs(4);

fn url(port: u16) -> String {
    format!("postgres://groups@127.0.0.1:{port}/postgres?sslmode=disable")
}

pub(super) fn options(pair: &Pair) -> StoreOptions {
    StoreOptions { postgres_replica_url: Some(url(pair.standby())), ..StoreOptions::new(url(pair.primary())) }
}

async fn sql(port: u16, statements: &[&str]) {
    let mut conn = AsyncPgConnection::establish(&url(port)).await.unwrap();
    for statement in statements {
        conn.batch_execute(statement).await.unwrap();
    }
}

pub(super) fn metrics(store: &Store) -> ReplicaMetrics {
    store.replica_metrics().unwrap()
}

fn fallbacks(store: &Store, reason: ReplicaFallback) -> u64 {
    metrics(store).fallbacks.into_iter().find(|(known, _)| *known == reason).unwrap().1
}

/// A user's list as it is when the user connects: the names of the groups with their versions.
async fn list(store: &Store, user: UserId) -> Vec<(String, u64)> {
    let opened = store.open_stream(user, None, ReplayRule::default()).await.unwrap();
    let StreamStart::Snapshot(list) = opened.start else { panic!("no position was given") };
    let groups = whole(store, list).await.into_iter();
    groups.map(|(group, _)| (group.name.as_str().to_owned(), group.version.get())).collect()
}

/// Opens lists until one comes from the replica. All must be this one.
async fn until_from_replica(store: &Store, user: UserId, expected: &[(&str, u64)]) {
    let before = metrics(store).replica;
    until("the replica is used", async || {
        let found = list(store, user).await;
        let found: Vec<(&str, u64)> = found.iter().map(|(name, version)| (name.as_str(), *version)).collect();
        assert_eq!(found, expected);
        metrics(store).replica > before
    })
    .await;
}

#[test]
fn while_replay_is_paused_or_the_standby_is_gone_the_primary_serves_connecting_clients_at_once() {
    run(async |_| {
        let Some(pair) = Pair::start() else { return };
        let store = Store::open(options(&pair)).await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        until_from_replica(&store, BOB, &[("Team", 1)]).await;
        let cursor = store.open_stream(BOB, None, ReplayRule::default()).await.unwrap().cursor;

        // What it has replayed is old now.
        sql(pair.standby(), &["SELECT pg_wal_replay_pause()"]).await;
        let paused = "SELECT (pg_get_wal_replay_pause_state() = 'paused')::int::bigint AS count";
        until("replay is paused", async || counts(pair.standby(), paused).await == 1).await;
        store.did(ADA, group_id(1), rename("Later")).await;
        let (begun, from_primary) = (Instant::now(), metrics(&store).primary);
        assert_eq!(list(&store, BOB).await, [("Later".to_owned(), 2)]);
        let resumed = store.open_stream(BOB, Some(cursor.clone()), ReplayRule::default()).await.unwrap();
        let StreamStart::Resumed { missed, .. } = resumed.start else { panic!("resumed") };
        assert_eq!(missed.iter().map(|entry| entry.change.version().get()).collect::<Vec<_>>(), [2]);
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        assert_eq!(metrics(&store).primary, from_primary + 2);
        assert!(fallbacks(&store, ReplicaFallback::Lagging) >= 1);
        assert!(!metrics(&store).in_use);
        sql(pair.standby(), &["SELECT pg_wal_replay_resume()"]).await;
        until_from_replica(&store, BOB, &[("Later", 2)]).await;
        assert!(metrics(&store).in_use);

        pair.kill_standby();
        store.did(ADA, group_id(1), rename("Alone")).await;
        let begun = Instant::now();
        assert_eq!(list(&store, BOB).await, [("Alone".to_owned(), 3)]);
        assert_eq!(list(&store, ADA).await, [("Alone".to_owned(), 3)]);
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        assert!(fallbacks(&store, ReplicaFallback::Unreachable) >= 1);
        assert!(fallbacks(&store, ReplicaFallback::Skipped) >= 1, "the second one does not try");
        pair.start_standby();
        until_from_replica(&store, BOB, &[("Alone", 3)]).await;
        store.close().await;
    });
}

#[test]
fn a_change_that_only_the_standby_shows_yet_is_not_shown_to_clients() {
    run(async |_| {
        let Some(pair) = Pair::start() else { return };
        // The change below waits for as long as everything takes.
        let patient = StoreOptions { postgres_statement_max: PATIENCE, ..options(&pair) };
        let store = Store::open(patient).await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        store.did(CAT, group_id(2), create("Elsewhere")).await;
        until_from_replica(&store, BOB, &[("Team", 1)]).await;

        // With synchronous replication to a standby that is not there, a commit is on disk and
        // replicated, but the primary does not show it.
        sql(pair.primary(), &["ALTER SYSTEM SET synchronous_standby_names = 'absent'", "SELECT pg_reload_conf()"])
            .await;
        let waits = async || {
            let mut probe = AsyncPgConnection::establish(&url(pair.primary())).await.unwrap();
            let commit = probe.batch_execute("INSERT INTO meta VALUES ('probe ' || gen_random_uuid(), '')");
            timeout(Duration::from_millis(300), commit).await.is_err()
        };
        until("commits wait for the other standby", waits).await;
        let change = {
            let store = store.clone();
            tokio::spawn(async move { store.does(ADA, group_id(1), rename("Early")).await })
        };
        let is_there = format!("SELECT count(*) FROM log WHERE group_id = '{}' AND version = 2", group_id(1).uuid());
        until("it is replicated", async || counts(pair.standby(), &is_there).await == 1).await;
        assert_eq!(counts(pair.primary(), &is_there).await, 0);

        let ahead = fallbacks(&store, ReplicaFallback::Ahead);
        until("the standby was ahead", async || {
            assert_eq!(list(&store, BOB).await, [("Team".to_owned(), 1)]);
            fallbacks(&store, ReplicaFallback::Ahead) > ahead
        })
        .await;
        // Others are served by the standby, as of the same point in time as by the primary.
        until_from_replica(&store, CAT, &[("Elsewhere", 1)]).await;
        let opened = store.open_stream(CAT, None, ReplayRule::default()).await.unwrap();
        sql(pair.primary(), &["ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"]).await;
        let change = change.await.unwrap().unwrap();
        assert_eq!(change.outcome.change().unwrap().version(), version(2));
        let later = store.open_stream(BOB, Some(opened.cursor.clone()), ReplayRule::default()).await.unwrap();
        assert!(opened.seen.is_within(&later.seen));
        let mut tail = store.tail_from(Some(opened.cursor)).await.unwrap();
        let entries = timeout(PATIENCE, tail.next()).await.unwrap().unwrap();
        assert!(entries.iter().all(|entry| !opened.seen.sees(entry.commit)));
        assert_eq!(entries.iter().map(|entry| entry.change.version().get()).collect::<Vec<_>>(), [2]);
        until_from_replica(&store, BOB, &[("Early", 2)]).await;
        store.close().await;
    });
}

#[test]
fn a_replica_of_another_database_or_one_that_is_no_standby_is_not_used() {
    run(async |_| {
        let Some(pair) = Pair::start() else { return };
        sql(pair.primary(), &["CREATE DATABASE other"]).await;
        let other = |port: u16| url(port).replace("/postgres?", "/other?");
        let elsewhere = Store::open(StoreOptions::new(other(pair.primary()))).await.unwrap();
        elsewhere.did(ADA, group_id(1), create("Another team")).await;
        elsewhere.close().await;
        check_replica(&options(&pair)).await.unwrap();
        let unreachable = "postgres://groups@127.0.0.1:9/postgres".to_owned();
        for (replica, reason) in [
            (other(pair.standby()), ReplicaFallback::OtherDatabase),
            (url(pair.primary()), ReplicaFallback::Unreachable),
            (unreachable, ReplicaFallback::Unreachable),
        ] {
            let options = StoreOptions { postgres_replica_url: Some(replica), ..options(&pair) };
            check_replica(&options).await.unwrap_err();
            let store = Store::open(options).await.unwrap();
            store.does(ADA, group_id(1), create("Team")).await.ok();
            until("the replica is refused", async || {
                assert_eq!(list(&store, ADA).await, [("Team".to_owned(), 1)]);
                fallbacks(&store, reason) > 0
            })
            .await;
            assert_eq!(metrics(&store).replica, 0, "{reason:?}");
            store.close().await;
        }
    });
}

#[test]
fn if_the_role_may_not_ask_for_the_position_the_primary_serves_connecting_clients() {
    run(async |_| {
        let Some(pair) = Pair::start() else { return };
        let revoke = "REVOKE EXECUTE ON FUNCTION pg_current_wal_flush_lsn() FROM PUBLIC";
        sql(pair.primary(), &["CREATE ROLE plain LOGIN", "ALTER SCHEMA public OWNER TO plain", revoke]).await;
        let plain = |port: u16| url(port).replace("groups@", "plain@");
        let replica = Some(plain(pair.standby()));
        let options = StoreOptions { postgres_replica_url: replica, ..StoreOptions::new(plain(pair.primary())) };
        let store = Store::open(options).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        assert_eq!(list(&store, ADA).await, [("Team".to_owned(), 1)]);
        assert_eq!((metrics(&store).replica, fallbacks(&store, ReplicaFallback::Failed)), (0, 1));
        store.close().await;
    });
}

#[test]
fn the_primary_may_be_behind_a_pooler_and_the_standby_may_not() {
    run(async |_| {
        let Some(pair) = Pair::start() else { return };
        let poolers = [pair.primary(), pair.standby()].map(|port| Bouncer::to(port, "transaction"));
        let [Some(to_primary), Some(to_standby)] = poolers else { return };
        let pooled = StoreOptions {
            url: to_primary.url("postgres"),
            postgres_direct_url: Some(url(pair.primary())),
            ..options(&pair)
        };
        let store = Store::open(pooled.clone()).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        until_from_replica(&store, ADA, &[("Team", 1)]).await;
        store.close().await;
        let both = StoreOptions { postgres_replica_url: Some(to_standby.url("postgres")), ..pooled };
        let store = Store::open(both).await.unwrap();
        assert_eq!(list(&store, ADA).await, [("Team".to_owned(), 1)]);
        assert!(fallbacks(&store, ReplicaFallback::Unreachable) > 0);
        assert_eq!(metrics(&store).replica, 0);
        store.close().await;
    });
}
