//! Memory and CPU time of a process, from Linux's `/proc`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::failure::Failure;

/// A process on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Process(PathBuf);

/// Resource usage of a process so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and kernel time of its threads, with nanosecond resolution.
    pub(crate) cpu: Duration,
    /// Resident memory: `VmRSS`.
    pub(crate) resident_bytes: u64,
    /// The part of it that is not backed by a file, mostly heap: `RssAnon`.
    pub(crate) anonymous_bytes: u64,
}

impl Process {
    pub(crate) fn new(pid: u32) -> Result<Self, Failure> {
        let process = Self(Path::new("/proc").join(pid.to_string()));
        process.usage().map(|_| process)
    }

    pub(crate) fn usage(&self) -> Result<Usage, Failure> {
        let failure = |error: std::io::Error| Failure::Process(format!("{}: {error}", self.0.display()));
        let status = fs::read_to_string(self.0.join("status")).map_err(failure)?;
        let bytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
            kib.map(|kib| kib * 1024).ok_or_else(|| Failure::Process(format!("no {field} of it is known")))
        };
        let mut cpu = Duration::ZERO;
        for task in fs::read_dir(self.0.join("task")).map_err(failure)? {
            // The thread may have ended since it was listed.
            cpu += task.ok().and_then(|task| on_cpu(&task.path())).unwrap_or_default();
        }
        Ok(Usage { cpu, resident_bytes: bytes("VmRSS")?, anonymous_bytes: bytes("RssAnon")? })
    }
}

/// CPU time of the calling thread so far.
pub(crate) fn this_thread() -> Duration {
    on_cpu(Path::new("/proc/thread-self")).unwrap_or_default()
}

/// The limit on open files of this process.
pub(crate) fn open_files_max() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

/// Fails early if the run needs more open files than allowed.
pub(crate) fn require_files(connections: usize) -> Result<(), Failure> {
    const OTHERS: u64 = 200;
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHERS);
    match open_files_max() {
        Some(allowed) if needed > allowed => Err(Failure::Files { needed, allowed }),
        _ => Ok(()),
    }
}

/// The first field of `schedstat`: nanoseconds of CPU time.
fn on_cpu(task: &Path) -> Option<Duration> {
    let schedstat = fs::read_to_string(task.join("schedstat")).ok()?;
    schedstat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
