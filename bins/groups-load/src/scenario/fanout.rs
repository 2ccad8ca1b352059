//! `fanout`: one group with many connected members and a steady rate of changes; measures when each
//! client receives each change.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use uuid::Uuid;

use super::{CONNECTIONS_MAX, SECONDS_MAX};
use crate::api::NewGroup;
use crate::audience::Audience;
use crate::board::Board;
use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::person::Person;
use crate::process::require_files;
use crate::report::{Promise, Report, per};
use crate::stopwatch::Stopwatch;
use crate::target::Target;

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
    /// Send the changes to this other server on the same database, to measure the latency between
    /// servers
    #[arg(long, value_name = "URL")]
    pub(crate) changes_on: Option<String>,
    #[command(flatten)]
    pub(crate) pace: Pace,
}

/// How fast the group changes, and for how long.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Pace {
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
    /// The same to the receipt by the last client.
    pub(crate) last_after_answer_us: Spread,
    pub(crate) received_before_answer: u64,
    /// Events that clients never received; each client that misses some also counts as a violation.
    pub(crate) lost: u64,
    /// CPU time of the server process per event, including the changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us_per_event: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_cpu_us_per_change: Option<f64>,
    pub(crate) promise: Promise,
}

impl Report for FanoutReport {
    fn is_good(&self) -> bool {
        self.promise.violations == 0
    }
}

/// Maximum number of changes without a rate limit: the capacity of a board.
const CHANGES_MAX: u64 = 1_000_000;
/// Callers that make the changes. A burst that is larger is made by as many.
const CALLERS_MIN: u64 = 4;

impl Fanout {
    pub(crate) async fn run(&self, target: &Target) -> Result<FanoutReport, Failure> {
        let callers = self.pace.burst.max(CALLERS_MIN);
        let mut room = Room::open(target, self.connections, self.connections_per_user, callers).await?;
        let asked = self.changes_on.as_deref().map(|url| target.at(url)).transpose()?;
        room.phase(target, asked.as_ref().unwrap_or(target), self.pace).await
    }
}

/// A group, its connected members, and its admins, who make the changes.
pub(crate) struct Room {
    group_id: Uuid,
    version: u64,
    admins: Vec<Person>,
    connections: u64,
    audience: Option<Audience>,
}

impl Room {
    pub(crate) async fn open(
        target: &Target,
        connections: u64,
        connections_per_user: u64,
        callers: u64,
    ) -> Result<Self, Failure> {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        require_files(count(connections) + count(callers))?;
        let users = target.people(count(connections).div_ceil(count(connections_per_user))).await?;
        let admins = target.people(count(callers)).await?;
        let owner = target.person().await?;
        let ids = |people: &[Person]| people.iter().map(|person| person.id).collect::<Vec<_>>();
        let new = NewGroup { admins: ids(&admins), members: ids(&users), ..NewGroup::default() };
        let group = target.unmeasured(&owner)?.create_group(&new).await?;
        let audience = Audience::gather(target, users.iter().cycle().take(count(connections))).await?;
        let (group_id, version) = (group.group_id, group.version);
        Ok(Self { group_id, version, admins, connections, audience: Some(audience) })
    }

    /// Makes changes at this pace through the server `asked`, while all members listen. After a
    /// failure the room is empty.
    pub(crate) async fn phase(&mut self, target: &Target, asked: &Target, pace: Pace) -> Result<FanoutReport, Failure> {
        let (group_id, callers) = (self.group_id, self.admins.len());
        let changes_max = if pace.rate == 0 { CHANGES_MAX } else { pace.rate * pace.seconds };
        let board = Arc::new(Board::new(usize::try_from(changes_max).unwrap_or(usize::MAX)));
        let audience = self.audience.take().ok_or_else(|| Failure::Answer("an earlier phase failed".to_owned()))?;
        let listening = audience.listen(&board);
        let watch = Stopwatch::start(target)?;
        let took = Arc::new(Histogram::default());
        let started = Instant::now();
        let mut calling = JoinSet::new();
        for (number, admin) in self.admins.iter().enumerate() {
            let (mut api, board, took) = (asked.api(admin), Arc::clone(&board), Arc::clone(&took));
            let schedule = Schedule { next: number, step: callers, changes_max, started, pace };
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
        self.version += changes;
        let goal = HashMap::from([(group_id, self.version)]);
        let (audience, lost) = listening.finish(goal, Duration::from_secs(pace.patience_seconds)).await?;
        self.audience = Some(audience);
        let cost = watch.stop()?;

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
            last_after_answer_us: board.last_after_answer(),
            received_before_answer: board.before_answer.load(Relaxed),
            lost,
            server_cpu_us_per_event: cost.server_cpu_us_per(events),
            server_cpu_us: cost.server_cpu_us_per(1.0),
            database_cpu_us_per_change: cost.database_cpu_us_per(changes as f64),
            promise: Promise::of(&board),
        })
    }
}

/// The changes of one caller, and when each is due.
struct Schedule {
    next: usize,
    step: usize,
    changes_max: u64,
    started: Instant,
    pace: Pace,
}

impl Iterator for Schedule {
    type Item = (usize, Instant);

    fn next(&mut self) -> Option<Self::Item> {
        let change = self.next;
        self.next += self.step;
        let number = u64::try_from(change).unwrap_or(u64::MAX);
        let Pace { rate, burst, seconds, .. } = self.pace;
        if number >= self.changes_max || (rate == 0 && self.started.elapsed() >= Duration::from_secs(seconds)) {
            return None;
        }
        let bursts_before = (number / burst) as f64;
        let pause = if rate == 0 { 0.0 } else { bursts_before * burst as f64 / rate as f64 };
        Some((change, self.started + Duration::from_secs_f64(pause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_a_burst_are_due_together_and_bursts_keep_the_rate() {
        let pace = Pace { rate: 20, burst: 10, seconds: 1, patience_seconds: 1 };
        let started = Instant::now();
        let due = |caller| {
            let schedule = Schedule { next: caller, step: 10, changes_max: 20, started, pace };
            schedule.map(|(change, due)| (change, (due - started).as_millis())).collect::<Vec<_>>()
        };
        assert_eq!((due(0), due(9)), (vec![(0, 0), (10, 500)], vec![(9, 0), (19, 500)]));
    }
}
