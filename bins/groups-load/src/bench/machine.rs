//! Describes the machine, because figures are meaningless without it.

use std::fs;

/// Processors, kernel and load average, on one line.
pub(super) fn describe() -> String {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, model)| model);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown");
    let model = model.unwrap_or("an unknown processor");
    format!("{processors} processors ({model}), Linux {}, load average before the run {load}.", kernel.trim())
}
