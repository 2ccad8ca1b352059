//! `mixed`: everything at once: users are added and removed and receive events while their clients
//! disconnect and reconnect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};
use uuid::Uuid;

use super::{CONNECTIONS_MAX, SECONDS_MAX};
use crate::api::{Api, NewGroup};
use crate::board::Board;
use crate::device::{Absent, Device, connect_all};
use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::process::require_files;
use crate::report::{Promise, Report, per};
use crate::stopwatch::Stopwatch;
use crate::target::Target;
use crate::view::Violation;

/// Everything at once: changes, additions and removals of connected users, and clients that
/// disconnect and reconnect
#[derive(Args, Clone, Debug)]
pub(crate) struct Mixed {
    /// Number of connections, each with its own user
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX))]
    pub(crate) connections: u64,
    /// Number of groups; every user is in some of them
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) groups: u64,
    /// Concurrent callers; each sends its next request when the last one is answered
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) callers: u64,
    /// Changes per second of all callers together; 0: as fast as the server answers
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) rate: u64,
    /// Average time in seconds that a client stays connected
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    pub(crate) stay_seconds: u64,
    /// Duration in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    pub(crate) seconds: u64,
    /// Seconds after the last change within which the view of each client must equal the server's
    /// list
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) patience_seconds: u64,
    /// Seed of the random choices
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// Results of the run. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MixedReport {
    pub(crate) connections: u64,
    pub(crate) changes: u64,
    pub(crate) changes_per_second: f64,
    pub(crate) events_per_second: f64,
    /// From a change's request to its response.
    pub(crate) change_us: Spread,
    /// From the request to change settings to the receipt by each connected client.
    pub(crate) receipt_us: Spread,
    pub(crate) reconnections: u64,
    /// From a client's reconnection attempt to its `ready`.
    pub(crate) ready_us: Spread,
    /// Responses with 429 or 503.
    pub(crate) told_to_wait: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_share: Option<f64>,
    pub(crate) promise: Promise,
}

impl Report for MixedReport {
    fn is_good(&self) -> bool {
        self.promise.violations == 0
    }
}

/// State shared by all clients and callers.
struct Common {
    target: Target,
    board: Arc<Board>,
    groups: Vec<Uuid>,
    changed: Histogram,
    ready: Histogram,
    reconnections: AtomicU64,
    told_to_wait: AtomicU64,
    /// Limits how many clients read their list at the same time at the end.
    listing: Semaphore,
}

impl Mixed {
    pub(crate) async fn run(&self, target: &Target) -> Result<MixedReport, Failure> {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        require_files(count(self.connections) + count(self.callers) + 64)?;
        let people = target.people(count(self.connections)).await?;
        let admins = target.people(count(self.callers)).await?;
        let admin_ids: Vec<Uuid> = admins.iter().map(|admin| admin.id).collect();
        let owner = target.person().await?;
        let set_up = target.unmeasured(&owner)?;
        let mut groups = Vec::with_capacity(count(self.groups));
        for number in 0..count(self.groups) {
            let members = people.iter().skip(number).step_by(count(self.groups)).map(|person| person.id);
            let new = NewGroup { admins: admin_ids.clone(), members: members.collect(), ..NewGroup::default() };
            groups.push(set_up.create_group(&new).await?.group_id);
        }
        let board = Arc::new(Board::new(0));
        let absent = people.iter().map(|person| Absent::new(person.clone(), target.clone(), Arc::clone(&board)));
        let devices = connect_all(absent.collect(), 64, &Arc::default()).await?;
        let common = Arc::new(Common {
            target: target.clone(),
            board: Arc::clone(&board),
            groups,
            changed: Histogram::default(),
            ready: Histogram::default(),
            reconnections: AtomicU64::new(0),
            told_to_wait: AtomicU64::new(0),
            listing: Semaphore::new(32),
        });

        let watch = Stopwatch::start(target)?;
        let started = Instant::now();
        let (over, _) = watch::channel(false);
        let mut living = JoinSet::new();
        for (number, (device, _)) in (0_u64..).zip(devices) {
            let random = fastrand::Rng::with_seed(self.seed.wrapping_add((number + 1) << 32));
            living.spawn(self.clone().live(device, random, Arc::clone(&common), over.subscribe()));
        }
        let mut calling = JoinSet::new();
        for (number, admin) in admins.iter().enumerate() {
            // Each caller has its own users, so that callers do not undo each other's changes.
            let theirs = people.iter().enumerate().skip(number).step_by(admins.len());
            let caller = Caller {
                api: target.api(admin),
                people: theirs.map(|(at, person)| (person.id, at % count(self.groups))).collect(),
                random: fastrand::Rng::with_seed(self.seed.wrapping_add(u64::try_from(number).unwrap_or(0))),
                common: Arc::clone(&common),
                made: 0,
            };
            calling.spawn(self.clone().call(caller, started));
        }
        let mut changes = 0;
        while let Some(made) = calling.join_next().await {
            changes += made??;
        }
        let cost = watch.stop()?;
        over.send_replace(true);
        while let Some(lived) = living.join_next().await {
            lived??;
        }

        let seconds = cost.elapsed.as_secs_f64();
        Ok(MixedReport {
            connections: self.connections,
            changes,
            changes_per_second: per(changes as f64, seconds),
            events_per_second: per(board.events.load(Relaxed) as f64, seconds),
            change_us: common.changed.spread(),
            receipt_us: board.receipt.spread(),
            reconnections: common.reconnections.load(Relaxed),
            ready_us: common.ready.spread(),
            told_to_wait: common.told_to_wait.load(Relaxed),
            server_cpu_share: cost.server.as_ref().map(|server| per(server.cpu.as_secs_f64(), seconds)),
            promise: Promise::of(&board),
        })
    }

    /// Runs one client, which disconnects and reconnects; at the end its view must equal the
    /// server's list.
    async fn live(
        self,
        mut device: Device,
        mut random: fastrand::Rng,
        common: Arc<Common>,
        mut over: watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        while !*over.borrow() {
            let stays_millis = random.u64(..(self.stay_seconds * 2_000).max(1));
            let leaves = tokio::time::Instant::now() + Duration::from_millis(stays_millis);
            let ended = loop {
                tokio::select! {
                    heard = device.hear() => if let Err(ended) = heard { break Some(ended) },
                    () = sleep_until(leaves) => break None,
                    _ = over.changed() => break None,
                }
            };
            if *over.borrow() && ended.is_none() {
                break;
            }
            let started = Instant::now();
            device = match ended {
                Some(ended) => device.come_back(ended).await?,
                None => device.drop_connection().connect().await?.0,
            };
            common.ready.record(started.elapsed());
            common.reconnections.fetch_add(1, Relaxed);
        }
        let listed = {
            let _turn = common.listing.acquire().await;
            common.target.unmeasured(&device.person)?.groups().await?
        };
        let patience = Duration::from_secs(self.patience_seconds);
        let settled = timeout(patience, async {
            while !device.view.is(&listed) {
                if device.hear().await.is_err() {
                    break;
                }
            }
        });
        if settled.await.is_err() || !device.view.is(&listed) {
            common.board.violations.add(&Violation::Differs(device.view.difference(&listed)));
        }
        Ok(())
    }

    /// Runs one caller, which makes changes at its share of the rate until the time is up.
    async fn call(self, mut caller: Caller, started: Instant) -> Result<u64, Failure> {
        let until = started + Duration::from_secs(self.seconds);
        loop {
            if self.rate > 0 {
                let due = Duration::from_secs_f64((caller.made * self.callers) as f64 / self.rate as f64);
                sleep_until((started + due).min(until).into()).await;
            }
            if Instant::now() >= until {
                caller.common.told_to_wait.fetch_add(caller.api.waits, Relaxed);
                return Ok(caller.made);
            }
            caller.change().await?;
        }
    }
}

struct Caller {
    api: Api,
    /// The caller's users, each with the index of their group; the index after the last group means
    /// none.
    people: Vec<(Uuid, usize)>,
    random: fastrand::Rng,
    common: Arc<Common>,
    made: u64,
}

impl Caller {
    /// Makes one change: half are changes of settings; the others add one of the caller's users to
    /// a group or remove them.
    async fn change(&mut self) -> Result<(), Failure> {
        let groups = self.common.groups.len();
        let moves = self.random.usize(..2) == 0 && !self.people.is_empty();
        let chosen = self.random.usize(..self.people.len().max(1));
        let (to, number) = (self.random.usize(..groups.max(1)), self.random.u64(..));
        let started = Instant::now();
        match self.people.get_mut(chosen).filter(|_| moves) {
            Some((user_id, at)) if *at < groups => {
                self.api.remove(self.common.groups[*at], *user_id).await?;
                *at = usize::MAX;
            }
            Some((user_id, at)) => {
                self.api.add(self.common.groups[to], *user_id).await?;
                *at = to;
            }
            None => {
                let number = usize::try_from(number >> 1).unwrap_or(usize::MAX);
                self.api.rename(self.common.groups[to], &self.common.board.stamp(number, started)).await?;
            }
        }
        self.common.changed.record(started.elapsed());
        self.made += 1;
        Ok(())
    }
}
