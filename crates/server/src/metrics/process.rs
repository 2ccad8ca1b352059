//! The process, under the names that Prometheus client libraries share
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>). Linux only.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads `/proc/self`.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // What cannot be read is omitted.
        if let Some(usage) = Usage::read() {
            let cpu = ConstCounter::new(usage.cpu_seconds);
            let help = "CPU time of the process";
            let descriptor = encoder.encode_descriptor("process_cpu_seconds", help, None, cpu.metric_type())?;
            cpu.encode(descriptor)?;
            let memory = ConstGauge::new(usage.resident_bytes);
            let help = "Resident memory of the process";
            memory.encode(encoder.encode_descriptor(
                "process_resident_memory_bytes",
                help,
                None,
                memory.metric_type(),
            )?)?;
        }
        if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
            let open = ConstGauge::new(i64::try_from(descriptors.count()).unwrap_or(i64::MAX));
            let help = "Open file descriptors";
            open.encode(encoder.encode_descriptor("process_open_fds", help, None, open.metric_type())?)?;
        }
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        if let Some(limit) = limit.and_then(|limit| i64::try_from(limit).ok()) {
            let limit = ConstGauge::new(limit);
            let help = "Maximum number of open file descriptors";
            limit.encode(encoder.encode_descriptor("process_max_fds", help, None, limit.metric_type())?)?;
        }
        Ok(())
    }
}

struct Usage {
    cpu_seconds: f64,
    resident_bytes: i64,
}

impl Usage {
    /// See `man 5 proc_pid_stat`.
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The second field is a name in parentheses, which may contain spaces.
        let (_, fields) = stat.rsplit_once(") ")?;
        let field = |number: usize| fields.split(' ').nth(number - 3)?.parse::<i64>().ok();
        let ticks = field(14)?.checked_add(field(15)?)?;
        let cpu_seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
        let page_bytes = i64::try_from(rustix::param::page_size()).ok()?;
        Some(Self { cpu_seconds, resident_bytes: field(24)?.checked_mul(page_bytes)? })
    }
}
