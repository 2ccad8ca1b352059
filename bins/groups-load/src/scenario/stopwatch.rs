//! Measures the duration of a phase, and what it costs the server process.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process::{Process, Usage};
use crate::target::Target;

/// Measures one phase.
pub(super) struct Stopwatch<'a> {
    started: Instant,
    process: Option<(&'a Process, Usage)>,
}

/// Cost of a phase.
pub(super) struct Cost {
    pub(super) elapsed: Duration,
    /// `None` if the process is unknown.
    pub(super) process: Option<ProcessCost>,
}

pub(super) struct ProcessCost {
    pub(super) cpu: Duration,
    /// Change of its memory in bytes; negative if it shrank.
    pub(super) resident_bytes: i64,
    pub(super) anonymous_bytes: i64,
}

impl<'a> Stopwatch<'a> {
    pub(super) fn start(target: &'a Target) -> Result<Self, Failure> {
        let process = target.process().map(|process| Ok::<_, Failure>((process, process.usage()?))).transpose()?;
        Ok(Self { started: Instant::now(), process })
    }

    pub(super) fn stop(self) -> Result<Cost, Failure> {
        let elapsed = self.started.elapsed();
        let cost = |(process, before): (&Process, Usage)| {
            let after = process.usage()?;
            Ok::<_, Failure>(ProcessCost {
                cpu: after.cpu.saturating_sub(before.cpu),
                resident_bytes: after.resident_bytes.wrapping_sub(before.resident_bytes).cast_signed(),
                anonymous_bytes: after.anonymous_bytes.wrapping_sub(before.anonymous_bytes).cast_signed(),
            })
        };
        Ok(Cost { elapsed, process: self.process.map(cost).transpose()? })
    }
}

impl ProcessCost {
    pub(super) fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6
    }
}
