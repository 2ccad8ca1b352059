//! `commands`: many concurrent callers change many groups; measures throughput and latency.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::SECONDS_MAX;
use super::stopwatch::Stopwatch;
use crate::api::{Api, GroupNow};
use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::process::require_files;
use crate::report::{Report, per};
use crate::target::Target;

/// Callers that add members, remove them and change settings; each sends its next request when the
/// last one is answered
#[derive(Args, Clone, Debug)]
pub(crate) struct Commands {
    /// Concurrent callers, each with its own connection
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) callers: u64,
    /// Number of groups; every caller is an admin of all of them
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) groups: u64,
    /// Additional idle members of each group
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) members: u64,
    /// Only change settings
    #[arg(long)]
    pub(crate) settings_only: bool,
    /// Duration in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    pub(crate) seconds: u64,
    /// Seed of the random choices
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// Results of the callers. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CommandsReport {
    pub(crate) callers: u64,
    pub(crate) groups: u64,
    pub(crate) changes: u64,
    pub(crate) changes_per_second: f64,
    pub(crate) all_us: Spread,
    pub(crate) added_us: Spread,
    pub(crate) removed_us: Spread,
    pub(crate) settings_us: Spread,
    /// Responses with 429 or 503; the delay is part of the times.
    pub(crate) told_to_wait: u64,
    /// Groups whose version or member count does not match the responses. None is allowed.
    pub(crate) wrong_groups: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us_per_change: Option<f64>,
}

impl Report for CommandsReport {
    fn is_good(&self) -> bool {
        self.wrong_groups == 0
    }
}

#[derive(Default)]
struct Times {
    all: Histogram,
    added: Histogram,
    removed: Histogram,
    settings: Histogram,
}

/// What a caller has done to a group, according to the responses.
#[derive(Clone, Copy, Default)]
struct Tally {
    changes: u64,
    grown: i64,
}

impl Commands {
    pub(crate) async fn run(&self, target: &Target) -> Result<CommandsReport, Failure> {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        require_files(count(self.callers))?;
        let callers = target.people(count(self.callers)).await?;
        let ids: Vec<Uuid> = callers.iter().map(|caller| caller.id).collect();
        let idle: Vec<Uuid> = (0..self.members).map(|_| Uuid::now_v7()).collect();
        let owner = target.person().await?;
        let mut api = target.api(&owner);
        let mut groups = Vec::with_capacity(count(self.groups));
        for _ in 0..self.groups {
            groups.push(api.create_group("load", &ids, &idle).await?);
        }
        let group_ids: Arc<[Uuid]> = groups.iter().map(|group| group.group_id).collect();

        let watch = Stopwatch::start(target)?;
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let times = Arc::new(Times::default());
        let mut calling = JoinSet::new();
        for (number, person) in (0_u64..).zip(&callers) {
            let mut caller = Caller {
                api: target.api(person),
                groups: Arc::clone(&group_ids),
                tallies: vec![Tally::default(); group_ids.len()],
                added: Vec::new(),
                random: fastrand::Rng::with_seed(self.seed.wrapping_add(number << 32)),
                times: Arc::clone(&times),
                settings_only: self.settings_only,
            };
            calling.spawn(async move {
                while Instant::now() < until {
                    caller.change().await?;
                }
                Ok::<_, Failure>((caller.tallies, caller.api.waits))
            });
        }
        let (mut tallies, mut told_to_wait) = (vec![Tally::default(); group_ids.len()], 0);
        while let Some(done) = calling.join_next().await {
            let (theirs, waits) = done??;
            told_to_wait += waits;
            for (sum, tally) in tallies.iter_mut().zip(theirs) {
                *sum = Tally { changes: sum.changes + tally.changes, grown: sum.grown + tally.grown };
            }
        }
        let cost = watch.stop()?;
        let mut wrong_groups = 0;
        for (before, tally) in groups.iter().zip(&tallies) {
            let GroupNow { version, member_count, .. } = api.group(before.group_id).await?;
            let members = before.member_count.saturating_add_signed(tally.grown);
            wrong_groups += u64::from((version, member_count) != (before.version + tally.changes, members));
        }
        let changes: u64 = tallies.iter().map(|tally| tally.changes).sum();
        Ok(CommandsReport {
            callers: self.callers,
            groups: self.groups,
            changes,
            changes_per_second: per(changes as f64, cost.elapsed.as_secs_f64()),
            all_us: times.all.spread(),
            added_us: times.added.spread(),
            removed_us: times.removed.spread(),
            settings_us: times.settings.spread(),
            told_to_wait,
            wrong_groups,
            server_cpu_us_per_change: cost.process.map(|process| per(process.cpu_micros(), changes as f64)),
        })
    }
}

struct Caller {
    api: Api,
    groups: Arc<[Uuid]>,
    tallies: Vec<Tally>,
    /// Members that the caller has added and not removed yet, with the index of the group.
    added: Vec<(usize, Uuid)>,
    random: fastrand::Rng,
    times: Arc<Times>,
    settings_only: bool,
}

impl Caller {
    /// Maximum number of members added and not removed yet. At the limit, the next change is a
    /// removal.
    const ADDED_MAX: usize = 100;

    /// Makes one change: an addition, a removal or a change of settings with equal probability, if
    /// there is a member to remove.
    async fn change(&mut self) -> Result<(), Failure> {
        let choice = if self.settings_only { 2 } else { self.random.usize(..3) };
        let started = Instant::now();
        let (at, grown, kind) = match choice {
            0 | 1 if self.added.len() >= Self::ADDED_MAX || (choice == 1 && !self.added.is_empty()) => {
                let chosen = self.random.usize(..self.added.len().max(1));
                let (at, user_id) = self.added.swap_remove(chosen);
                self.api.remove(self.groups[at], user_id).await?;
                (at, -1, &self.times.removed)
            }
            0 | 1 => {
                let (at, user_id) = (self.random.usize(..self.groups.len().max(1)), Uuid::now_v7());
                self.api.add(self.groups[at], user_id).await?;
                self.added.push((at, user_id));
                (at, 1, &self.times.added)
            }
            _ => {
                let at = self.random.usize(..self.groups.len().max(1));
                let name = format!("load {:016x}", self.random.u64(..));
                self.api.rename(self.groups[at], &name).await?;
                (at, 0, &self.times.settings)
            }
        };
        let took = started.elapsed();
        kind.record(took);
        self.times.all.record(took);
        let tally = &mut self.tallies[at];
        *tally = Tally { changes: tally.changes + 1, grown: tally.grown + grown };
        Ok(())
    }
}
