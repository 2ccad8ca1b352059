//! Measures the duration of a phase, and what it costs the server process and the database.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process::{Process, ProcessTree, Usage};
use crate::report::per;
use crate::target::Target;

/// Measures one phase.
pub(crate) struct Stopwatch<'a> {
    started: Instant,
    server: Option<(&'a Process, Usage)>,
    database: Option<(&'a ProcessTree, Duration)>,
}

/// Cost of a phase. What belongs to an unknown process is `None`.
pub(crate) struct Cost {
    pub(crate) elapsed: Duration,
    pub(crate) server: Option<ServerCost>,
    database_cpu: Option<Duration>,
}

pub(crate) struct ServerCost {
    pub(crate) cpu: Duration,
    /// Change of its memory in bytes; negative if it shrank.
    pub(crate) resident_bytes: i64,
    pub(crate) anonymous_bytes: i64,
}

impl<'a> Stopwatch<'a> {
    pub(crate) fn start(target: &'a Target) -> Result<Self, Failure> {
        let database = target.database().map(|tree| Ok::<_, Failure>((tree, tree.cpu()?))).transpose()?;
        let server = target.process().map(|process| Ok::<_, Failure>((process, process.usage()?))).transpose()?;
        Ok(Self { started: Instant::now(), server, database })
    }

    pub(crate) fn stop(self) -> Result<Cost, Failure> {
        let elapsed = self.started.elapsed();
        let cost = |(process, before): (&Process, Usage)| {
            let after = process.usage()?;
            Ok::<_, Failure>(ServerCost {
                cpu: after.cpu.saturating_sub(before.cpu),
                resident_bytes: after.resident_bytes.wrapping_sub(before.resident_bytes).cast_signed(),
                anonymous_bytes: after.anonymous_bytes.wrapping_sub(before.anonymous_bytes).cast_signed(),
            })
        };
        let growth = |(tree, before): (&ProcessTree, Duration)| Ok::<_, Failure>(tree.cpu()?.saturating_sub(before));
        let (server, database_cpu) = (self.server.map(cost).transpose()?, self.database.map(growth).transpose()?);
        Ok(Cost { elapsed, server, database_cpu })
    }
}

impl Cost {
    /// CPU time of the server in microseconds for each of `count` things.
    pub(crate) fn server_cpu_us_per(&self, count: f64) -> Option<f64> {
        self.server.as_ref().map(|server| per(server.cpu.as_secs_f64() * 1e6, count))
    }

    /// CPU time of the database in microseconds for each of `count` things.
    pub(crate) fn database_cpu_us_per(&self, count: f64) -> Option<f64> {
        self.database_cpu.map(|cpu| per(cpu.as_secs_f64() * 1e6, count))
    }
}
