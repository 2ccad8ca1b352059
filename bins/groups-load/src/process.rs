//! Memory and CPU time of processes, from Linux's `/proc`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use rustix::process::Signal;

use crate::failure::Failure;

/// A process on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Process(PathBuf);

/// Resource usage of a process so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and kernel time of its threads, including those that have ended, with the resolution of
    /// the kernel's clock ticks, usually 10 ms.
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
        let stat = fs::read_to_string(self.0.join("stat")).map_err(failure)?;
        let unusual = || Failure::Process(format!("{}/stat is unusual", self.0.display()));
        let cpu = of_ticks(Stat::parse(&stat).ok_or_else(unusual)?.own_ticks);
        Ok(Usage { cpu, resident_bytes: bytes("VmRSS")?, anonymous_bytes: bytes("RssAnon")? })
    }
}

/// A process with children that do its work, such as PostgreSQL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessTree(u32);

impl ProcessTree {
    pub(crate) fn new(pid: u32) -> Result<Self, Failure> {
        let tree = Self(pid);
        tree.cpu().map(|_| tree)
    }

    /// User and kernel time so far of the process and its children, including those that have
    /// ended. The time of the latter has the resolution of the kernel's clock ticks.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let failure = |error: std::io::Error| Failure::Process(format!("/proc/{}: {error}", self.0));
        let root = Path::new("/proc").join(self.0.to_string());
        let stat = fs::read_to_string(root.join("stat")).map_err(failure)?;
        let stat = Stat::parse(&stat).ok_or_else(|| Failure::Process(format!("/proc/{}/stat is unusual", self.0)))?;
        let mut cpu = on_cpu(&root).unwrap_or_default() + of_ticks(stat.ended_children_ticks);
        for process in fs::read_dir("/proc").map_err(failure)?.flatten() {
            // The process may have ended since it was listed.
            let stat = fs::read_to_string(process.path().join("stat")).ok();
            if stat.and_then(|stat| Stat::parse(&stat)).is_some_and(|stat| stat.parent == self.0) {
                cpu += on_cpu(&process.path()).unwrap_or_default();
            }
        }
        Ok(cpu)
    }
}

/// The fields of `/proc/<pid>/stat` that matter here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own_ticks: u64,
    ended_children_ticks: u64,
}

impl Stat {
    /// The second field, the name of the program, is in parentheses and may contain any character.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let field = |number: usize| rest.split_whitespace().nth(number - 3);
        let ticks = |number: usize| field(number)?.parse::<u64>().ok();
        Some(Self {
            parent: field(4)?.parse().ok()?,
            own_ticks: ticks(14)? + ticks(15)?,
            ended_children_ticks: ticks(16)? + ticks(17)?,
        })
    }
}

/// CPU time of the calling thread so far.
pub(crate) fn this_thread() -> Duration {
    on_cpu(Path::new("/proc/thread-self")).unwrap_or_default()
}

/// Sends a signal to a process.
pub(crate) fn send(pid: u32, signal: Signal) -> Result<(), std::io::Error> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    Ok(rustix::process::kill_process(pid.ok_or(std::io::ErrorKind::InvalidInput)?, signal)?)
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

fn of_ticks(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The first field of `schedstat`: nanoseconds of CPU time.
fn on_cpu(task: &Path) -> Option<Duration> {
    let schedstat = fs::read_to_string(task.join("schedstat")).ok()?;
    schedstat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_is_read_behind_a_program_name_with_spaces_and_parentheses() {
        let stat = "7 (a (odd) name) S 3 7 7 0 -1 4194560 1 2 3 4 50 60 70 80 20 0 1 0 99 1000 200";
        assert_eq!(Stat::parse(stat), Some(Stat { parent: 3, own_ticks: 110, ended_children_ticks: 150 }));
        assert_eq!(Stat::parse("7 (short) S 3"), None);
    }
}
