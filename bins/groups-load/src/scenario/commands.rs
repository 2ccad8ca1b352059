//! `commands`: many concurrent callers change many groups; measures throughput and latency, and,
//! with connected members, when they learn about the changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde::Serialize;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::SECONDS_MAX;
use super::setup::{CREATING_MAX, create_groups};
use crate::api::{Api, GroupNow, NewGroup};
use crate::audience::Audience;
use crate::board::Board;
use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::pairs::EventTimes;
use crate::person::Person;
use crate::process::require_files;
use crate::report::{Promise, Report, per};
use crate::stopwatch::Stopwatch;
use crate::target::Target;

/// Callers that add members, remove them and change settings; each sends its next request when the
/// last one is answered
#[derive(Args, Clone, Debug)]
pub(crate) struct Commands {
    /// Concurrent callers, each with its own connection
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) callers: u64,
    /// Number of groups, divided among the callers; with fewer groups than callers, callers share them
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) groups: u64,
    /// Additional idle members of each group
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) members: u64,
    /// Connected users, each a member of one of the groups
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=20_000))]
    pub(crate) online: u64,
    /// Make only changes of this kind. Default: all kinds
    #[arg(long, value_enum)]
    pub(crate) only: Option<Kind>,
    /// Duration in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    pub(crate) seconds: u64,
    /// Seed of the random choices
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// Kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Additions,
    Removals,
    Settings,
}

/// Results of the callers. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CommandsReport {
    pub(crate) callers: u64,
    pub(crate) groups: u64,
    pub(crate) online: u64,
    pub(crate) changes: u64,
    pub(crate) changes_per_second: f64,
    pub(crate) all_us: Spread,
    pub(crate) added_us: Spread,
    pub(crate) removed_us: Spread,
    pub(crate) settings_us: Spread,
    /// When connected members received additions and changes of settings.
    pub(crate) events: EventTimes,
    /// Responses with 429 or 503; the delay is part of the times.
    pub(crate) told_to_wait: u64,
    /// Groups whose version or member count does not match the responses. None is allowed.
    pub(crate) wrong_groups: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us_per_change: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_cpu_us_per_change: Option<f64>,
    pub(crate) promise: Promise,
}

impl Report for CommandsReport {
    fn is_good(&self) -> bool {
        self.wrong_groups == 0 && self.promise.violations == 0
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

/// Users and groups of a run.
struct Prepared {
    callers: Vec<Person>,
    owner: Person,
    groups: Vec<GroupNow>,
    audience: Audience,
}

/// Timeout after the last response for the connected members to receive everything.
const PATIENCE: Duration = Duration::from_secs(15);

impl Commands {
    pub(crate) async fn run(&self, target: &Target) -> Result<CommandsReport, Failure> {
        let Prepared { callers, owner, groups, audience } = self.prepare(target).await?;
        let group_ids: Arc<[Uuid]> = groups.iter().map(|group| group.group_id).collect();
        let board = Arc::new(if self.online > 0 { Board::with_pairs() } else { Board::new(0) });
        let listening = audience.listen(&board);
        let watch = Stopwatch::start(target)?;
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let times = Arc::new(Times::default());
        let mut calling = JoinSet::new();
        for (number, person) in callers.iter().enumerate() {
            let mut caller = Caller {
                api: target.api(person),
                groups: Arc::clone(&group_ids),
                mine: self.groups_of(number),
                tallies: HashMap::new(),
                added: Vec::new(),
                random: fastrand::Rng::with_seed(self.seed.wrapping_add(u64::try_from(number).unwrap_or(0) << 32)),
                times: Arc::clone(&times),
                board: Arc::clone(&board),
                only: self.only,
            };
            calling.spawn(async move {
                while Instant::now() < until {
                    caller.change().await?;
                }
                Ok::<_, Failure>((caller.tallies, caller.api.waits))
            });
        }
        let (mut tallies, mut told_to_wait) = (vec![Tally::default(); groups.len()], 0);
        while let Some(done) = calling.join_next().await {
            let (theirs, waits) = done??;
            told_to_wait += waits;
            for (at, tally) in theirs {
                let sum = &mut tallies[at];
                *sum = Tally { changes: sum.changes + tally.changes, grown: sum.grown + tally.grown };
            }
        }
        let cost = watch.stop()?;
        let versions =
            groups.iter().zip(&tallies).map(|(before, tally)| (before.group_id, before.version + tally.changes));
        listening.finish(versions.collect(), PATIENCE).await?;
        let mut api = target.api(&owner);
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
            online: self.online,
            changes,
            changes_per_second: per(changes as f64, cost.elapsed.as_secs_f64()),
            all_us: times.all.spread(),
            added_us: times.added.spread(),
            removed_us: times.removed.spread(),
            settings_us: times.settings.spread(),
            events: board.pairs.as_ref().map(|pairs| pairs.times()).unwrap_or_default(),
            told_to_wait,
            wrong_groups,
            server_cpu_us_per_change: cost.server_cpu_us_per(changes as f64),
            database_cpu_us_per_change: cost.database_cpu_us_per(changes as f64),
            promise: Promise::of(&board),
        })
    }

    async fn prepare(&self, target: &Target) -> Result<Prepared, Failure> {
        require_files(count(self.callers) + count(self.online) + CREATING_MAX)?;
        let (callers, online) = (target.people(count(self.callers)).await?, target.people(count(self.online)).await?);
        let idle: Vec<Uuid> = (0..self.members).map(|_| Uuid::now_v7()).collect();
        let owner = target.person().await?;
        let groups = (0..count(self.groups)).map(|at| {
            let admins = callers.iter().enumerate().filter(|(caller, _)| self.shares(*caller, at));
            let online = online.iter().skip(at).step_by(count(self.groups)).map(|person| person.id);
            NewGroup {
                admins: admins.map(|(_, caller)| caller.id).collect(),
                members: idle.iter().copied().chain(online).collect(),
                ..NewGroup::default()
            }
        });
        let groups = create_groups(target, &owner, groups).await?;
        let audience = Audience::gather(target, online.iter()).await?;
        Ok(Prepared { callers, owner, groups, audience })
    }

    /// Whether a caller changes a group.
    fn shares(&self, caller: usize, group: usize) -> bool {
        let teams = count(self.callers.min(self.groups));
        caller % teams == group % teams
    }

    fn groups_of(&self, caller: usize) -> Vec<usize> {
        (0..count(self.groups)).filter(|group| self.shares(caller, *group)).collect()
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

struct Caller {
    api: Api,
    groups: Arc<[Uuid]>,
    /// Indexes of the groups that the caller changes.
    mine: Vec<usize>,
    tallies: HashMap<usize, Tally>,
    /// Members that the caller has added and not removed yet, with the index of the group.
    added: Vec<(usize, Uuid)>,
    random: fastrand::Rng,
    times: Arc<Times>,
    board: Arc<Board>,
    only: Option<Kind>,
}

impl Caller {
    /// Maximum number of members added and not removed yet, if removals are made. At the limit, the
    /// next change is a removal.
    const ADDED_MAX: usize = 100;

    /// Makes one change: an addition, a removal or a change of settings with equal probability, if
    /// there is a member to remove.
    async fn change(&mut self) -> Result<(), Failure> {
        const KINDS: [Kind; 3] = [Kind::Additions, Kind::Removals, Kind::Settings];
        let kind = match self.only.unwrap_or(KINDS[self.random.usize(..KINDS.len())]) {
            Kind::Removals if self.added.is_empty() => Kind::Additions,
            Kind::Additions if self.only.is_none() && self.added.len() >= Self::ADDED_MAX => Kind::Removals,
            kind => kind,
        };
        let at = self.mine[self.random.usize(..self.mine.len().max(1))];
        let started = Instant::now();
        let (at, grown, times) = match kind {
            Kind::Additions => {
                let user_id = Uuid::now_v7();
                let group = self.api.add(self.groups[at], user_id).await?;
                self.note(group, started);
                if self.only != Some(Kind::Additions) {
                    self.added.push((at, user_id));
                }
                (at, 1, &self.times.added)
            }
            Kind::Removals => {
                let (at, user_id) = self.added.swap_remove(self.random.usize(..self.added.len()));
                self.api.remove(self.groups[at], user_id).await?;
                (at, -1, &self.times.removed)
            }
            Kind::Settings => {
                let name = format!("load {:016x}", self.random.u64(..));
                let group = self.api.rename(self.groups[at], &name).await?;
                self.note(group, started);
                (at, 0, &self.times.settings)
            }
        };
        let took = started.elapsed();
        times.record(took);
        self.times.all.record(took);
        let tally = self.tallies.entry(at).or_default();
        *tally = Tally { changes: tally.changes + 1, grown: tally.grown + grown };
        Ok(())
    }

    fn note(&self, group: GroupNow, asked: Instant) {
        if let Some(pairs) = &self.board.pairs {
            pairs.note_answer(group.group_id, group.version, asked, Instant::now());
        }
    }
}
