//! Log setup: filter, format, and panics as log lines.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use clap::{Args, ValueEnum};
use server::Cause;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::log_limit::LogLimit;
use crate::output::Output;

/// Excludes actix's errors about malformed requests, with which any client could fill
/// the log.
const DEFAULT_FILTER: &str = "info,actix_server=warn,actix_http::h1::dispatcher=off";

#[derive(Args)]
pub(crate) struct LogSettings {
    /// How logs are written, to the standard error
    #[arg(long, env = "GROUPS_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,

    /// What is logged: `info`, `debug` with every request, `notify=debug,info` …
    #[arg(long, env = "GROUPS_LOG", value_name = "FILTER", default_value = DEFAULT_FILTER)]
    log: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Installs the subscriber and a panic hook, which both write to the log.
pub(crate) fn start(settings: &LogSettings, output: &Output) {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_else(|error| {
        output.line(format_args!("groups-server: GROUPS_LOG: {error}; logging as without it"));
        EnvFilter::new(DEFAULT_FILTER)
    });
    let to = output.clone();
    // Writing to an `Output` never fails. The subscriber's internal errors would bypass it.
    let log = tracing_subscriber::fmt().log_internal_errors(false).with_env_filter(filter);
    let log = log.with_writer(move || to.clone());
    let limit = LogLimit::default();
    match settings.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).finish().with(limit.clone()).init(),
        LogFormat::Json => log.json().finish().with(limit.clone()).init(),
    }
    limit.report();
    // The default hook writes to standard error directly, and blocks if nobody reads it.
    std::panic::set_hook(Box::new(log_panic));
}

/// Logs how many lines were dropped.
pub(crate) fn report_dropped(lines: u64) {
    tracing::warn!(lines, "lines of the log were dropped, because they could not be written");
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let cause = Cause::of_panic(panic.payload());
    let location = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(thread = thread.name(), location, backtrace, "{cause}");
}
