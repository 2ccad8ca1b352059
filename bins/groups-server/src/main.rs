//! The command line of the server.

mod cli;
mod copy;
mod environment;
mod log;
mod log_limit;
mod migrate;
mod output;
mod settings;

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use server::{RunError, Settings, StopSignals};

use crate::cli::{Cli, Command};
use crate::output::Output;

/// How long to wait at exit for the last lines of output.
const FLUSH_WAIT_MAX: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outputs = Output::start("groups-log", io::stderr(), log::report_dropped)
        .and_then(|stderr| Ok((Output::start("groups-output", io::stdout(), drop)?, stderr)));
    // If threads cannot start, the server cannot run either.
    let Ok((stdout, stderr)) = outputs else { return ExitCode::FAILURE };
    log::start(&cli.log, &stderr);
    let done = actix_web::rt::System::new().block_on(run(cli, &stdout));
    let code = match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            stderr.line(format_args!("groups-server: {}", groups_domain::printable(&with_causes(&*error))));
            ExitCode::FAILURE
        }
    };
    stdout.flush(FLUSH_WAIT_MAX);
    stderr.flush(FLUSH_WAIT_MAX);
    code
}

async fn run(cli: Cli, stdout: &Output) -> Result<(), Box<dyn Error>> {
    match &cli.command {
        None => {
            let unknown = environment::unknown_settings(std::env::vars_os().map(|(name, _)| name));
            Ok(serve(cli.settings.into(), &unknown, stdout).await?)
        }
        Some(Command::Migrate(migrate)) => Ok(migrate.run(stdout).await?),
        Some(Command::Copy(copy)) => Ok(copy.run(stdout).await?),
    }
}

/// Formats an error with its causes on one line. Causes that the previous message already contains
/// are omitted.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let cause_text = error.to_string();
        if !text.contains(&cause_text) {
            text += &format!(": {cause_text}");
        }
        cause = error.source();
    }
    text
}

async fn serve(settings: Settings, unknown: &[String], stdout: &Output) -> Result<(), RunError> {
    let listener = server::listen(&settings)?;
    for name in unknown {
        tracing::warn!("Unknown setting {name}; ignored.");
    }
    if settings.is_development() {
        tracing::warn!(
            "DEVELOPMENT MODE: anybody can sign in as anybody. Set GROUPS_JWT_SECRET or GROUPS_JWKS for anything but \
             a trial."
        );
    }
    if settings.has_exposed_keys() {
        tracing::warn!(
            "GROUPS_JWKS is fetched without encryption: an attacker on the network can replace the keys. Use https"
        );
    }
    if settings.secret().is_some_and(|secret| secret.len() < Settings::SECRET_BYTES_MIN) {
        tracing::warn!("GROUPS_JWT_SECRET is shorter than 32 bytes: too short for HS256 (RFC 7518, section 3.2)");
    }
    let signals = StopSignals::listen()?;
    let running = tokio::select! {
        running = server::start(settings, listener) => running?,
        () = signals.first.cancelled() => return Ok(()),
    };
    // Startup has succeeded.
    stdout.line(format_args!("listening on http://{}", running.address()));
    if let Some(address) = running.operations_address() {
        stdout.line(format_args!("metrics on http://{address}/metrics"));
    }
    let groups = running.groups().clone();
    tokio::select! {
        ended = running.until(signals.first) => ended,
        () = signals.second.cancelled() => {
            // Acknowledged changes are durable.
            tracing::warn!("stopped immediately by a second signal");
            groups.failure().map_or(Ok(()), |failure| Err(RunError::Failed(failure)))
        }
    }
}
