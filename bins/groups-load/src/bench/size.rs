//! How much a benchmark measures.

use std::time::Duration;

use clap::ValueEnum;

/// The sizes of a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    /// A few seconds: whether everything works. The figures mean nothing
    Smoke,
    /// Less than four minutes
    Quick,
    /// Less than twenty minutes
    Full,
}

/// Counts and durations of the measurements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Duration of each phase of a measurement.
    pub(super) seconds: u64,
    /// Users who are connected while others change groups.
    pub(super) online: u64,
    /// Connected members of a group whose every change reaches all of them.
    pub(super) audiences: [u64; 2],
    /// Idle connections for the measurement of their memory.
    pub(super) idle: u64,
    /// Clients that are cut off and come back.
    pub(super) returning: u64,
    /// Members of a large group.
    pub(super) members: usize,
    /// Users who request their lists.
    pub(super) readers: u64,
    /// The longest that one measurement on one database may take.
    pub(super) within: Duration,
}

impl Size {
    pub(super) fn plan(self) -> Plan {
        let quick = Plan {
            seconds: 3,
            online: 1_000,
            audiences: [1_000, 10_000],
            idle: 2_000,
            returning: 2_000,
            members: 100_000,
            readers: 20,
            within: Duration::from_secs(120),
        };
        match self {
            Self::Smoke => Plan {
                seconds: 1,
                online: 50,
                audiences: [20, 100],
                idle: 200,
                returning: 100,
                members: 2_000,
                readers: 10,
                ..quick
            },
            Self::Quick => quick,
            Self::Full => Plan {
                seconds: 10,
                idle: 10_000,
                returning: 10_000,
                readers: 40,
                within: Duration::from_secs(300),
                ..quick
            },
        }
    }
}
