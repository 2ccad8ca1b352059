//! What a standby reads for connecting clients while others change groups, compared with the log.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use futures_util::future::join_all;
use groups_domain::{Actor, Audience, Change, Command, Group, GroupId, Limits, ReadPoint, Role, Roster, UserId};
use groups_store::{LogEntry, OpenedStream, Position, ReplayRule, ResumePoints, Resumer, Store, StreamStart};
use tokio::time::timeout;

use super::failover::{PATIENCE, until};
use super::replica::{metrics, options};
use super::run;
use crate::cast::*;
use crate::server::Pair;

const GROUPS: u64 = 10;
const PEOPLE: u64 = 24;

/// Somebody who is in no group.
const OPERATOR: Actor = Actor::Operator(person(9));

/// Changes of two groups are frequent, of the others rare; most people are only in the latter.
fn command_for(random: u64) -> (u64, Command) {
    let group = if random % 8 < 6 { random / 8 % 2 } else { random / 8 % GROUPS };
    // Group 0 has people 0 to 5, group 1 people 3 to 8, and so on.
    let who = member((group * 3 + random / 101 % 6) % PEOPLE);
    let command = match random / 1_009 % 10 {
        5 => Command::Invite { user_id: who, role: Role::Member, expires_in_seconds: None },
        6 => Command::WithdrawInvitation { user_id: who },
        7 => Command::Ban { user_id: who, reason: groups_domain::Note::default() },
        8 => Command::Unban { user_id: who },
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
    groups: Vec<(GroupId, Audience)>,
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
                    let OpenedStream { seen, groups, start, cursor, .. } = opened;
                    from = Some(cursor);
                    let content = match start {
                        StreamStart::Snapshot(list) => Content::List(whole(&here, list).await),
                        StreamStart::Resumed { missed: entries, .. } => {
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
        let was = Roster::replay(id, Limits::default(), history.as_slice()).audience_of(*user);
        history.push(change.clone());
        assert_eq!(change.version().get(), history.len() as u64, "no version is left out");
        let is = Roster::replay(id, Limits::default(), history.as_slice()).audience_of(*user);
        let is_pending = |audience| matches!(audience, Some(Audience::Invited | Audience::Requested));
        let concerns_them = was != is || (is.is_some() && !is_pending(is));
        if !known.sees(entry.commit) && concerns_them {
            missed.entry(id).or_default().push(change.clone());
        }
    }
    let rosters = || histories.iter().map(|(id, history)| Roster::replay(*id, Limits::default(), history.as_slice()));
    let expected: BTreeMap<GroupId, (Group, Role)> = rosters()
        .filter_map(|roster| Some((roster.group()?.clone(), roster.role_of(*user)?)))
        .map(|(group, role)| (group.group_id, (group, role)))
        .collect();
    let audiences = rosters().filter_map(|roster| Some((roster.group_id(), roster.audience_of(*user)?)));
    assert_eq!(groups.iter().copied().collect::<BTreeMap<_, _>>(), audiences.collect::<BTreeMap<_, _>>());
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
