//! `resume`: all clients lose their connection at once and reconnect immediately with a cursor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::CONNECTIONS_MAX;
use crate::api::{GroupNow, NewGroup};
use crate::board::Board;
use crate::device::{Absent, connect_all};
use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::process::require_files;
use crate::report::{Promise, Report, per};
use crate::stopwatch::Stopwatch;
use crate::target::Target;
use crate::view::Violation;

/// A reconnection storm: all clients disconnect at once, their groups change in the meantime, and
/// all reconnect with their cursors
#[derive(Args, Clone, Debug)]
pub(crate) struct Resume {
    /// Number of connections, each with its own user
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX))]
    pub(crate) connections: u64,
    /// Number of groups, over which the users are spread evenly
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) groups: u64,
    /// Changes per group while all clients are disconnected
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    pub(crate) missed: u64,
    /// Reconnect without a cursor, for comparison
    #[arg(long)]
    pub(crate) without_cursor: bool,
    /// Concurrent connection attempts. Default: all
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX))]
    pub(crate) at_once: Option<u64>,
}

/// Results of the storm. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ResumeReport {
    pub(crate) connections: u64,
    /// From the first attempt until the last client is ready.
    pub(crate) all_ready_seconds: f64,
    pub(crate) ready_per_second: f64,
    /// From a client's own attempt to its `ready`.
    pub(crate) ready_us: Spread,
    /// Clients that received the missed events; the others received the list.
    pub(crate) resumed: u64,
    pub(crate) replayed_events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us_per_connection: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_cpu_us_per_connection: Option<f64>,
    pub(crate) promise: Promise,
}

impl Report for ResumeReport {
    fn is_good(&self) -> bool {
        self.promise.violations == 0
    }
}

/// Clients that are disconnected and have missed changes.
pub(crate) struct Away {
    absent: Vec<Absent>,
    groups: Vec<GroupNow>,
    board: Arc<Board>,
    at_once: usize,
}

impl Resume {
    pub(crate) async fn run(&self, target: &Target) -> Result<ResumeReport, Failure> {
        self.cut_off(target).await?.come_back(target).await
    }

    /// Connects all clients, disconnects them, and changes their groups.
    pub(crate) async fn cut_off(&self, target: &Target) -> Result<Away, Failure> {
        let connections = usize::try_from(self.connections).unwrap_or(usize::MAX);
        let groups = usize::try_from(self.groups).unwrap_or(1).min(connections);
        require_files(connections)?;
        let people = target.people(connections).await?;
        let owner = target.person().await?;
        let (set_up, mut api) = (target.unmeasured(&owner)?, target.api(&owner));
        let mut made = Vec::with_capacity(groups);
        for number in 0..groups {
            let members = people.iter().skip(number).step_by(groups).map(|person| person.id).collect();
            made.push(set_up.create_group(&NewGroup { members, ..NewGroup::default() }).await?);
        }
        let board = Arc::new(Board::new(0));
        let absent = people.into_iter().map(|person| Absent::new(person, target.clone(), Arc::clone(&board)));
        let devices = connect_all(absent.collect(), 64, &Arc::default()).await?;
        let mut absent: Vec<Absent> = devices.into_iter().map(|(device, _)| device.drop_connection()).collect();
        if self.without_cursor {
            absent.iter_mut().for_each(|absent| absent.cursor = None);
        }
        for group in &mut made {
            for change in 0..self.missed {
                *group = api.rename(group.group_id, &format!("missed {change}")).await?;
            }
        }
        // By then the server has noticed all disconnects; handling them is not part of the
        // measurement.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let at_once = self.at_once.map_or(connections, |at_once| usize::try_from(at_once).unwrap_or(connections));
        Ok(Away { absent, groups: made, board, at_once })
    }
}

impl Away {
    /// Reconnects all clients and checks what they know then.
    pub(crate) async fn come_back(self, target: &Target) -> Result<ResumeReport, Failure> {
        let Self { absent, groups, board, at_once } = self;
        let took = Arc::new(Histogram::default());
        let watch = Stopwatch::start(target)?;
        let started = Instant::now();
        let back = connect_all(absent, at_once, &took).await?;
        let all_ready_seconds = started.elapsed().as_secs_f64();
        let cost = watch.stop()?;

        for (device, _) in &back {
            let there = groups.iter().filter(|group| device.view.version_of(group.group_id) == group.version).count();
            if there != 1 {
                let text = format!("after 'ready', user {} has {there} groups at their version", device.person.id);
                board.violations.add(&Violation::Differs(text));
            }
        }
        let count = back.len() as f64;
        Ok(ResumeReport {
            connections: u64::try_from(back.len()).unwrap_or(u64::MAX),
            all_ready_seconds: per(all_ready_seconds, 1.0),
            ready_per_second: per(count, all_ready_seconds),
            ready_us: took.spread(),
            resumed: back.iter().map(|(_, opening)| u64::from(opening.resumed)).sum(),
            replayed_events: back.iter().map(|(_, opening)| opening.replayed).sum(),
            server_cpu_us_per_connection: cost.server_cpu_us_per(count),
            database_cpu_us_per_connection: cost.database_cpu_us_per(count),
            promise: Promise::of(&board),
        })
    }
}
