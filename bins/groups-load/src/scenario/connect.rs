//! `connect`: how fast clients can connect, and what each costs while idle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::setup::{CREATING_MAX, create_groups, teams};
use super::{CONNECTIONS_MAX, SECONDS_MAX};
use crate::api::NewGroup;
use crate::board::Board;
use crate::device::{Absent, Device, connect_all};
use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::person::Person;
use crate::process::require_files;
use crate::report::{Promise, Report, per};
use crate::stopwatch::Stopwatch;
use crate::target::Target;

/// Clients that connect, stay for a while and are idle; with --pid, what each costs the server
#[derive(Args, Clone, Debug)]
pub(crate) struct Connect {
    /// Number of connections, each with its own user
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX))]
    pub(crate) connections: u64,
    /// Number of groups that each user is in
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    pub(crate) groups: u64,
    /// Number of users who share their groups. Default: all
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX))]
    pub(crate) team: Option<u64>,
    /// Concurrent connection attempts
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX))]
    pub(crate) at_once: u64,
    /// Duration of the idle phase in seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=SECONDS_MAX))]
    pub(crate) hold_seconds: u64,
}

/// Cost of connecting and of idle connections. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ConnectReport {
    pub(crate) connections: u64,
    pub(crate) groups: u64,
    pub(crate) connections_per_second: f64,
    /// From the connection attempt to `ready`.
    pub(crate) ready_us: Spread,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us_per_connection: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_cpu_us_per_connection: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resident_bytes_per_connection: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) heap_bytes_per_connection: Option<f64>,
    /// Share of one processor that all idle connections use together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idle_cpu_share: Option<f64>,
    pub(crate) promise: Promise,
}

impl Report for ConnectReport {
    fn is_good(&self) -> bool {
        self.promise.violations == 0
    }
}

impl Connect {
    pub(crate) async fn run(&self, target: &Target) -> Result<ConnectReport, Failure> {
        self.measure(target, self.prepare(target).await?).await
    }

    /// Creates the users and their groups.
    pub(crate) async fn prepare(&self, target: &Target) -> Result<Vec<Person>, Failure> {
        let connections = usize::try_from(self.connections).unwrap_or(usize::MAX);
        require_files(connections + CREATING_MAX)?;
        let people = target.people(connections).await?;
        let owner = target.person().await?;
        let team = self.team.map_or(connections, |team| usize::try_from(team).unwrap_or(usize::MAX));
        let groups = teams(&people, team, usize::try_from(self.groups).unwrap_or(0));
        create_groups(target, &owner, groups.map(|members| NewGroup { members, ..NewGroup::default() })).await?;
        Ok(people)
    }

    /// Connects the users, and keeps them connected for a while.
    pub(crate) async fn measure(&self, target: &Target, people: Vec<Person>) -> Result<ConnectReport, Failure> {
        let at_once = usize::try_from(self.at_once).unwrap_or(64);
        let board = Arc::new(Board::new(0));
        let absent = |person| Absent::new(person, target.clone(), Arc::clone(&board));
        let warm_up = people.len().div_ceil(10).min(64);
        let mut people = people.into_iter();
        // The first connections include one-time costs of the process.
        let first: Vec<_> = people.by_ref().take(warm_up).map(absent).collect();
        let rest: Vec<_> = people.map(absent).collect();
        let (warm, took) = (Arc::default(), Arc::new(Histogram::default()));
        let mut devices = connect_all(first, at_once, &warm).await?;

        let count = rest.len() as f64;
        let watch = Stopwatch::start(target)?;
        devices.extend(connect_all(rest, at_once, &took).await?);
        let coming = watch.stop()?;
        let watch = Stopwatch::start(target)?;
        let until = Instant::now() + Duration::from_secs(self.hold_seconds);
        let mut staying = JoinSet::new();
        for (device, _) in devices {
            staying.spawn(stay(device, until));
        }
        while let Some(stayed) = staying.join_next().await {
            stayed??;
        }
        let holding = watch.stop()?;

        let share = |cpu: Duration| per(cpu.as_secs_f64(), holding.elapsed.as_secs_f64());
        let server = coming.server.as_ref();
        Ok(ConnectReport {
            connections: self.connections,
            groups: self.groups,
            connections_per_second: per(count, coming.elapsed.as_secs_f64()),
            ready_us: took.spread(),
            server_cpu_us_per_connection: coming.server_cpu_us_per(count),
            database_cpu_us_per_connection: coming.database_cpu_us_per(count),
            resident_bytes_per_connection: server.map(|server| per(server.resident_bytes as f64, count)),
            heap_bytes_per_connection: server.map(|server| per(server.anonymous_bytes as f64, count)),
            idle_cpu_share: holding.server.as_ref().map(|server| share(server.cpu)),
            promise: Promise::of(&board),
        })
    }
}

/// Answers pings until the given time, and reconnects if asked to.
async fn stay(mut device: Device, until: Instant) -> Result<(), Failure> {
    while let Ok(heard) = timeout_at(until.into(), device.hear()).await {
        if let Err(ended) = heard {
            device = device.come_back(ended).await?;
        }
    }
    Ok(())
}
