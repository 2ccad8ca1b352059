//! Initial states of connecting clients that are read from a standby.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use groups_domain::{Actor, Change, Command, Group, GroupId, Limits, ReadPoint, Role, Roster, UserId};
use groups_store::{
    LogEntry, OpenedStream, Position, ReplayRule, ReplicaFallback, ReplicaMetrics, ResumePoints, Resumer, Store,
    StoreOptions, StreamStart, check_replica,
};
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

fn options(pair: &Pair) -> StoreOptions {
    StoreOptions { postgres_replica_url: Some(url(pair.standby())), ..StoreOptions::new(url(pair.primary())) }
}

async fn sql(port: u16, statements: &[&str]) {
    let mut conn = AsyncPgConnection::establish(&url(port)).await.unwrap();
    for statement in statements {
        conn.batch_execute(statement).await.unwrap();
    }
}

fn metrics(store: &Store) -> ReplicaMetrics {
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
        let StreamStart::Resumed(missed) = resumed.start else { panic!("resumed") };
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
        let store = Store::open(options(&pair)).await.unwrap();
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

const GROUPS: u64 = 10;
const PEOPLE: u64 = 24;

/// Somebody who is in no group.
const OPERATOR: Actor = Actor::Operator(person(9));

/// Changes of two groups are frequent, of the others rare; most people are only in the latter.
fn command_for(random: u64) -> (u64, Command) {
    let group = if random % 8 < 6 { random / 8 % 2 } else { random / 8 % GROUPS };
    // Group 0 has people 0 to 5, group 1 people 3 to 8, and so on.
    let who = member((group * 3 + random / 101 % 6) % PEOPLE);
    let command = match random / 1_009 % 5 {
        0 => remove(who),
        1 | 2 => add(who),
        3 => role(who, if (random / 10_007).is_multiple_of(2) { Role::Admin } else { Role::Member }),
        _ => rename(&format!("Name {}", random % 1_000)),
    };
    (group, command)
}

fn member(number: u64) -> UserId {
    person(100 + u128::from(number))
}

fn group(number: u64) -> GroupId {
    group_id(u128::from(number))
}

/// A sequence of numbers that look random (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 20
    }
}

/// What a client got when it connected.
struct Opened {
    user: UserId,
    /// How many changes had been delivered before.
    delivered: usize,
    from: Option<Position>,
    seen: ReadPoint,
    groups: Vec<GroupId>,
    content: Content,
}

enum Content {
    List(Vec<(Group, Role)>),
    Missed(Vec<Change>),
    /// From memory: what the caller did not know.
    Newer(ReadPoint, Vec<u64>),
}

#[test]
fn snapshots_and_resumes_during_changes_are_what_the_primary_has_at_one_ordered_point_in_time() {
    run(async |_| {
        let Some(pair) = Pair::start() else { return };
        let (here, there) = (Store::open(options(&pair)).await.unwrap(), Store::open(options(&pair)).await.unwrap());
        let mut tail = here.tail().await.unwrap();
        for number in 0..GROUPS {
            let people = (0..6).map(|place| member((number * 3 + place) % PEOPLE));
            here.did(ADA, group(number), create_with("Team", people)).await;
        }
        let (log, made) = (Mutex::new(Vec::<LogEntry>::new()), AtomicUsize::new(10));
        let (is_over, all_made) = (AtomicBool::new(false), AtomicBool::new(false));
        let delivered = || log.lock().unwrap().len();
        let relay = async {
            while !all_made.load(Relaxed) || delivered() < made.load(Relaxed) {
                let entries = timeout(PATIENCE, tail.next()).await.expect("every change is delivered").unwrap();
                log.lock().unwrap().extend(entries);
            }
        };
        let write = async |store: &Store, seed: u64| {
            let mut random = Random(seed);
            while !is_over.load(Relaxed) {
                let (number, command) = command_for(random.next());
                let done = store.does(OPERATOR, group(number), command).await;
                made.fetch_add(done.is_ok_and(|done| done.outcome.change().is_some()).into(), Relaxed);
            }
        };
        let all = Mutex::new(Vec::new());
        let connect = async |number: u64| {
            let (user, mut random) = (member(number), Random(number + 77));
            let mut from: Option<Position> = None;
            while !is_over.load(Relaxed) {
                let opened = if let Some(from) = from.clone().filter(|_| random.next() % 3 == 0) {
                    let (delivered, known) = {
                        let log = log.lock().unwrap();
                        (log.len(), log.last().map(|entry| entry.position.known()).unwrap_or_default())
                    };
                    let resumer = Resumer { user_id: user, from: from.clone() };
                    let points = here.resume_points(vec![resumer], known.clone()).await.unwrap();
                    let ResumePoints { seen, newer, mut memberships, .. } = points;
                    let Some(memberships) = memberships.pop().flatten() else { continue };
                    let content = Content::Newer(known, newer);
                    Opened { user, delivered, from: Some(from), seen, groups: memberships.groups, content }
                } else {
                    let delivered = delivered();
                    let asked = from.clone().filter(|_| random.next() % 3 > 0);
                    let opened = here.open_stream(user, asked.clone(), ReplayRule::default()).await.unwrap();
                    let OpenedStream { seen, groups, start, cursor } = opened;
                    from = Some(cursor);
                    let content = match start {
                        StreamStart::Snapshot(list) => Content::List(whole(&here, list).await),
                        StreamStart::Resumed(entries) => {
                            Content::Missed(entries.into_iter().map(|entry| entry.change).collect())
                        }
                    };
                    Opened { user, delivered, from: asked, seen, groups, content }
                };
                all.lock().unwrap().push(opened);
            }
        };
        let referee = async {
            until("the replica serves many", async || metrics(&here).replica > 150).await;
            is_over.store(true, Relaxed);
        };
        let connecting = join_all((0..PEOPLE).map(connect));
        let writing = async { tokio::join!(write(&here, 1), write(&here, 2), write(&there, 3), write(&there, 4)) };
        let load = async {
            tokio::join!(writing, connecting, referee);
            made.fetch_add(1, Relaxed);
            all_made.store(true, Relaxed);
            // Wakes the relay.
            here.did(OPERATOR, group(0), rename("The end")).await;
        };
        tokio::join!(relay, load);
        let (log, all) = (log.into_inner().unwrap(), all.into_inner().unwrap());
        all.iter().for_each(|opened| is_right(opened, &log));
        let mut points: Vec<&ReadPoint> = all.iter().map(|opened| &opened.seen).collect();
        let seen_of = |point: &ReadPoint| log.iter().filter(|entry| point.sees(entry.commit)).count();
        points.sort_by_cached_key(|point| (seen_of(point), point.below, Reverse(point.except.len())));
        assert!(points.windows(2).all(|two| two[0].is_within(two[1])), "of two reads, one has seen all of the other");
        here.close().await;
        there.close().await;
    });
}

/// Compares what a client got with the log.
fn is_right(opened: &Opened, log: &[LogEntry]) {
    let Opened { user, delivered, from, seen, groups, content } = opened;
    assert!(log[..*delivered].iter().all(|entry| seen.sees(entry.commit)), "what was delivered before is included");
    let known = from.as_ref().map(Position::known).unwrap_or_default();
    let mut histories: BTreeMap<GroupId, Vec<Change>> = BTreeMap::new();
    let mut missed: BTreeMap<GroupId, Vec<Change>> = BTreeMap::new();
    for entry in log {
        let (id, change) = (entry.change.group_id(), &entry.change);
        assert!(seen.sees(entry.commit) || !known.sees(entry.commit), "what the client knows is included");
        if !seen.sees(entry.commit) {
            continue;
        }
        let history = histories.entry(id).or_default();
        let was = Roster::replay(id, Limits::default(), history.as_slice()).role_of(*user).is_some();
        history.push(change.clone());
        assert_eq!(change.version().get(), history.len() as u64, "no version is left out");
        let is = Roster::replay(id, Limits::default(), history.as_slice()).role_of(*user).is_some();
        if !known.sees(entry.commit) && (was || is) {
            missed.entry(id).or_default().push(change.clone());
        }
    }
    let rosters = histories.iter().map(|(id, history)| Roster::replay(*id, Limits::default(), history.as_slice()));
    let expected: BTreeMap<GroupId, (Group, Role)> = rosters
        .filter_map(|roster| Some((roster.group()?.clone(), roster.role_of(*user)?)))
        .map(|(group, role)| (group.group_id, (group, role)))
        .collect();
    assert_eq!(groups.iter().collect::<BTreeSet<_>>(), expected.keys().collect::<BTreeSet<_>>());
    match content {
        Content::List(list) => {
            let list: BTreeMap<_, _> = list.iter().map(|row| (row.0.group_id, row.clone())).collect();
            assert_eq!(list, expected);
        }
        Content::Missed(changes) => {
            let mut found: BTreeMap<GroupId, Vec<Change>> = BTreeMap::new();
            changes.iter().for_each(|change| found.entry(change.group_id()).or_default().push(change.clone()));
            assert_eq!(found, missed, "each missed change once and in order, and no other");
        }
        Content::Newer(known, newer) => {
            let unknown =
                log.iter().map(|entry| entry.commit).filter(|commit| seen.sees(*commit) && !known.sees(*commit));
            assert_eq!(newer.iter().copied().collect::<BTreeSet<_>>(), unknown.collect::<BTreeSet<_>>());
        }
    }
}
