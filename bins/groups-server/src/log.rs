//! Log setup: filter, format, and panics as log lines.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use clap::{Args, ValueEnum};
use server::Cause;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, reload};

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

/// Replaces the filter of the running log.
pub(crate) struct LogControl(Box<dyn Fn(EnvFilter) -> Result<(), reload::Error>>);

/// Why the filter could not be replaced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilterError {
    #[error("GROUPS_LOG is invalid")]
    Invalid(#[from] ParseError),
    #[error("the log cannot be changed")]
    Gone(#[from] reload::Error),
}

impl LogControl {
    /// # Errors
    /// [`FilterError`] if the filter is invalid; the earlier one stays in force.
    pub(crate) fn apply(&self, settings: &LogSettings) -> Result<(), FilterError> {
        Ok((self.0)(EnvFilter::try_new(&settings.log)?)?)
    }
}

/// Installs the subscriber and a panic hook, which both write to the log.
pub(crate) fn start(settings: &LogSettings, output: &Output) -> LogControl {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_else(|error| {
        output.line(format_args!("groups-server: GROUPS_LOG: {error}; logging as without it"));
        EnvFilter::new(DEFAULT_FILTER)
    });
    let to = output.clone();
    // Writing to an `Output` never fails. The subscriber's internal errors would bypass it.
    let log = tracing_subscriber::fmt().log_internal_errors(false).with_env_filter(filter);
    let log = log.with_writer(move || to.clone());
    let limit = LogLimit::default();
    let control = match settings.log_format {
        LogFormat::Text => {
            let log = log.with_ansi(std::io::stderr().is_terminal()).with_filter_reloading();
            let handle = log.reload_handle();
            log.finish().with(limit.clone()).init();
            LogControl(Box::new(move |filter| handle.reload(filter)))
        }
        LogFormat::Json => {
            let log = log.json().with_filter_reloading();
            let handle = log.reload_handle();
            log.finish().with(limit.clone()).init();
            LogControl(Box::new(move |filter| handle.reload(filter)))
        }
    };
    limit.report();
    // The default hook writes to standard error directly, and blocks if nobody reads it.
    std::panic::set_hook(Box::new(log_panic));
    control
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
