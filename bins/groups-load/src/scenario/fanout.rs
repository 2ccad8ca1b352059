//! `fanout`: one group with many connected members and a steady rate of changes; measures when each
//! client receives each change.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout_at};
use uuid::Uuid;

use super::stopwatch::Stopwatch;
use super::{CONNECTIONS_MAX, SECONDS_MAX};
use crate::board::Board;
use crate::device::{Absent, Device, connect_all};
use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::process::require_files;
use crate::report::{Promise, Report, per};
use crate::target::Target;
use crate::view::Violation;

/// One group with connected members; its settings change at a steady rate, and every client must
/// receive each change once
#[derive(Args, Clone, Debug)]
pub(crate) struct Fanout {
    /// Number of connections, all in one group
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX))]
    pub(crate) connections: u64,
    /// Connections per user
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) connections_per_user: u64,
    /// Changes per second; 0: as fast as the server answers
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) rate: u64,
    /// Changes that are due at the same time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) burst: u64,
    /// Duration in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    pub(crate) seconds: u64,
    /// Seconds after the last response within which each client must have received everything
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) patience_seconds: u64,
    /// Send the changes to this other server on the same database, to measure the latency between
    /// servers
    #[arg(long, value_name = "URL")]
    pub(crate) changes_on: Option<String>,
}

/// Results of a fan-out. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FanoutReport {
    pub(crate) connections: u64,
    pub(crate) changes: u64,
    pub(crate) changes_per_second: f64,
    pub(crate) events_per_second: f64,
    pub(crate) bytes_per_event: f64,
    /// From the due time to the response.
    pub(crate) change_us: Spread,
    /// From the due time to the receipt by each client.
    pub(crate) receipt_us: Spread,
    /// From the response, which is sent after the commit, to the receipt by each client; 0 if the
    /// client received it first.
    pub(crate) receipt_after_answer_us: Spread,
    pub(crate) received_before_answer: u64,
    /// Events that clients never received; each also counts as a violation.
    pub(crate) lost: u64,
    /// CPU time of the server process per event, including the changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us_per_event: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us: Option<f64>,
    pub(crate) promise: Promise,
}

impl Report for FanoutReport {
    fn is_good(&self) -> bool {
        self.promise.violations == 0
    }
}

/// The version that every client must reach, and the deadline.
type Goal = Option<(u64, tokio::time::Instant)>;

/// Maximum number of changes without a rate limit: the capacity of a board.
const CHANGES_MAX: u64 = 1_000_000;

impl Fanout {
    pub(crate) async fn run(&self, target: &Target) -> Result<FanoutReport, Failure> {
        let connections = usize::try_from(self.connections).unwrap_or(usize::MAX);
        let callers = usize::try_from(self.burst.max(4)).unwrap_or(4);
        require_files(connections + callers)?;
        let per_user = usize::try_from(self.connections_per_user).unwrap_or(1);
        let users = target.people(connections.div_ceil(per_user)).await?;
        let admins = target.people(callers).await?;
        let owner = target.person().await?;
        let ids = |people: &[crate::person::Person]| people.iter().map(|person| person.id).collect::<Vec<_>>();
        let group = target.api(&owner).create_group("load", &ids(&admins), &ids(&users)).await?;
        let group_id = group.group_id;

        let changes_max = if self.rate == 0 { CHANGES_MAX } else { self.rate * self.seconds };
        let board = Arc::new(Board::new(usize::try_from(changes_max).unwrap_or(usize::MAX)));
        let absent = users.iter().cycle().take(connections);
        let absent = absent.map(|user| Absent::new(user.clone(), target.clone(), Arc::clone(&board))).collect();
        let devices = connect_all(absent, 64, &Arc::default()).await?;
        let (goal, _) = watch::channel(None);
        let mut listening = JoinSet::new();
        for (device, _) in devices {
            listening.spawn(listen(device, group_id, Arc::clone(&board), goal.subscribe()));
        }

        let asked = self.changes_on.as_deref().map(|url| target.at(url)).transpose()?;
        let asked = asked.as_ref().unwrap_or(target);
        let watch = Stopwatch::start(target)?;
        let took = Arc::new(Histogram::default());
        let started = Instant::now();
        let mut calling = JoinSet::new();
        for (number, admin) in admins.iter().enumerate() {
            let (mut api, board, took) = (asked.api(admin), Arc::clone(&board), Arc::clone(&took));
            let schedule = Schedule { first: number, step: callers, changes_max, started, fanout: self.clone() };
            calling.spawn(async move {
                let mut made = 0_u64;
                for (change, due) in schedule {
                    sleep_until(due.into()).await;
                    // Without a rate, a change is due now.
                    let due = if due == started { Instant::now() } else { due };
                    api.rename(group_id, &board.stamp(change, due)).await?;
                    let answered = Instant::now();
                    board.note_answer(change, answered);
                    took.record(answered - due);
                    made += 1;
                }
                Ok::<_, Failure>(made)
            });
        }
        let mut changes = 0;
        while let Some(made) = calling.join_next().await {
            changes += made??;
        }
        let until = tokio::time::Instant::now() + Duration::from_secs(self.patience_seconds);
        goal.send_replace(Some((group.version + changes, until)));
        let mut lost = 0;
        while let Some(missing) = listening.join_next().await {
            lost += missing??;
        }
        let cost = watch.stop()?;

        let promise = Promise::of(&board);
        let (events, seconds) = (board.events.load(Relaxed) as f64, cost.elapsed.as_secs_f64());
        Ok(FanoutReport {
            connections: self.connections,
            changes,
            changes_per_second: per(changes as f64, seconds),
            events_per_second: per(events, seconds),
            bytes_per_event: per(board.event_bytes.load(Relaxed) as f64, events),
            change_us: took.spread(),
            receipt_us: board.receipt.spread(),
            receipt_after_answer_us: board.after_answer.spread(),
            received_before_answer: board.before_answer.load(Relaxed),
            lost,
            server_cpu_us_per_event: cost.process.as_ref().map(|process| per(process.cpu_micros(), events)),
            server_cpu_us: cost.process.as_ref().map(|process| per(process.cpu_micros(), 1.0)),
            promise,
        })
    }
}

/// Receives events until the goal is known and reached. Returns how many events were missing at the
/// deadline.
async fn listen(
    mut device: Device,
    group_id: Uuid,
    board: Arc<Board>,
    mut goal: watch::Receiver<Goal>,
) -> Result<u64, Failure> {
    let known = loop {
        let ended = tokio::select! {
            heard = device.hear() => heard.err(),
            known = goal.wait_for(Option::is_some) => break known.ok().and_then(|goal| *goal),
        };
        if let Some(ended) = ended {
            device = device.come_back(ended).await?;
        }
    };
    let Some((version, until)) = known else { return Ok(0) };
    let mut at = device.view.version_of(group_id);
    while at < version {
        match timeout_at(until, device.hear()).await {
            Ok(Ok(())) => {}
            Ok(Err(ended)) => device = device.come_back(ended).await?,
            Err(_) => {
                board.violations.add(&Violation::Lost { group_id, known: at, version });
                return Ok(version - at);
            }
        }
        at = device.view.version_of(group_id);
    }
    Ok(0)
}

/// The changes of one caller, and when each is due.
struct Schedule {
    first: usize,
    step: usize,
    changes_max: u64,
    started: Instant,
    fanout: Fanout,
}

impl Iterator for Schedule {
    type Item = (usize, Instant);

    fn next(&mut self) -> Option<Self::Item> {
        let change = self.first;
        self.first += self.step;
        let number = u64::try_from(change).unwrap_or(u64::MAX);
        let Fanout { rate, burst, seconds, .. } = self.fanout;
        if number >= self.changes_max || (rate == 0 && self.started.elapsed() >= Duration::from_secs(seconds)) {
            return None;
        }
        let bursts_before = (number / burst) as f64;
        let pause = if rate == 0 { 0.0 } else { bursts_before * burst as f64 / rate as f64 };
        Some((change, self.started + Duration::from_secs_f64(pause)))
    }
}
