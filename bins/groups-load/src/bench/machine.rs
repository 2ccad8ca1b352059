//! Describes the machine, because figures are meaningless without it.

use std::fmt;
use std::fs;

use serde::Serialize;

/// Facts about the machine before a run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    processors: usize,
    model: String,
    memory_bytes: u64,
    kernel: String,
    /// The number of runnable tasks, averaged over a minute.
    load_average: f64,
}

impl Machine {
    pub(super) fn new() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (processor, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
        let model = field(&processor, "model name").unwrap_or("an unknown processor").to_owned();
        let memory_kib = field(&memory, "MemTotal").and_then(|kib| kib.strip_suffix(" kB")?.parse::<u64>().ok());
        let load = read("/proc/loadavg");
        Self {
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            model,
            memory_bytes: memory_kib.unwrap_or(0) * 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_average: load.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, model, memory_bytes, kernel, load_average } = self;
        let gib = *memory_bytes as f64 / f64::from(1 << 30);
        write!(
            f,
            "{processors} processors ({model}), {gib:.1} GiB, Linux {kernel}, load average before the run {load_average}."
        )
    }
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = text.lines().filter_map(|line| line.split_once(':')).find(|(found, _)| found.trim() == name)?;
    Some(value.trim())
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "MemFree:  7 kB\nmodel name\t: A processor\nMemTotal:       16316352 kB\n";
        assert_eq!((field(text, "MemTotal"), field(text, "model name")), (Some("16316352 kB"), Some("A processor")));
        assert_eq!(field(text, "Mem"), None);
    }
}
