//! The command line of the server.

mod arguments;
mod causes;
mod cli;
mod commands;
mod database_args;
mod environment;
mod log;
mod log_limit;
mod origin;
mod output;
mod reload;
mod server_args;
mod settings;
mod settings_file;
mod systemd;

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use groups_domain::Timestamp;
use server::{ListenAddress, RunError, Settings, StopSignals};

use crate::arguments::{Arguments, ArgumentsError};
use crate::causes::with_causes;
use crate::cli::Command;
use crate::log::LogControl;
use crate::output::Output;
use crate::reload::{Hangups, Reloaded};
use crate::systemd::Systemd;

/// Connections take less memory, and changes less time, than with the allocator of the C library
/// (docs/performance.md).
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Keeps the kernel from giving the allocator huge pages, with which an idle server takes 36 MB more.
#[cfg(all(feature = "mimalloc", target_os = "linux"))]
fn refuse_huge_pages() {
    // Without it the server needs more memory and is as good otherwise.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// How long to wait at exit for the last lines of output.
const FLUSH_WAIT_MAX: Duration = Duration::from_secs(1);

/// The exit code for invalid arguments and settings files, as clap's.
const INVALID: u8 = 2;

fn main() -> ExitCode {
    #[cfg(all(feature = "mimalloc", target_os = "linux"))]
    refuse_huge_pages();
    let arguments = match Arguments::of_process() {
        Err(ArgumentsError::Flags(error)) => error.exit(),
        arguments => arguments,
    };
    let outputs = Output::start("groups-log", io::stderr(), log::report_dropped)
        .and_then(|stderr| Ok((Output::start("groups-output", io::stdout(), drop)?, stderr)));
    // If threads cannot start, the server cannot run either.
    let Ok((stdout, stderr)) = outputs else { return ExitCode::FAILURE };
    let fail = |error: &dyn Error| {
        stderr.line(format_args!("groups-server: {}", groups_domain::printable(&with_causes(error))));
    };
    let code = match arguments {
        Ok(arguments) => {
            let log = log::start(&arguments.cli.server.log, &stderr);
            match actix_web::rt::System::new().block_on(run(arguments, &log, &stdout)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    fail(&*error);
                    ExitCode::FAILURE
                }
            }
        }
        Err(error) => {
            fail(&error);
            ExitCode::from(INVALID)
        }
    };
    stdout.flush(FLUSH_WAIT_MAX);
    stderr.flush(FLUSH_WAIT_MAX);
    code
}

async fn run(mut arguments: Arguments, log: &LogControl, stdout: &Output) -> Result<(), Box<dyn Error>> {
    for warning in &arguments.warnings {
        tracing::warn!("{warning}");
    }
    match arguments.cli.command.take() {
        None => {
            let unknown = environment::unknown_settings(std::env::vars_os().map(|(name, _)| name));
            Ok(serve(arguments.cli.server.settings.into(), &unknown, log, stdout).await?)
        }
        Some(Command::Migrate(migrate)) => Ok(migrate.run(stdout).await?),
        Some(Command::Copy(copy)) => Ok(copy.run(stdout).await?),
        Some(Command::Backup(backup)) => Ok(backup.run(stdout)?),
        Some(Command::Config(config)) => {
            config.run(&arguments.effective(), stdout);
            Ok(())
        }
        Some(Command::Check(check)) => Ok(check.run(stdout).await?),
        Some(Command::Healthcheck(healthcheck)) => Ok(healthcheck.run()?),
        Some(Command::Token(token)) => Ok(token.run(now(), stdout)?),
    }
}

fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

async fn serve(settings: Settings, unknown: &[String], log: &LogControl, stdout: &Output) -> Result<(), RunError> {
    let (systemd, hangups) = (Systemd::of_environment(), Hangups::listen()?);
    let listeners = server::listen(&settings)?;
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
        running = server::start(settings, listeners) => running?,
        () = signals.first.cancelled() => return Ok(()),
    };
    // Startup has succeeded.
    let scheme = if running.tls().is_some() { "https" } else { "http" };
    for address in running.addresses() {
        match address {
            ListenAddress::Tcp(address) => stdout.line(format_args!("listening on {scheme}://{address}")),
            ListenAddress::Unix(_) => stdout.line(format_args!("listening on {address}")),
        }
    }
    if let Some(address) = running.operations_address() {
        stdout.line(format_args!("metrics on http://{address}/metrics"));
    }
    systemd.ready();
    let groups = running.groups().clone();
    let reloaded = Reloaded { groups: groups.clone(), tls: running.tls().cloned() };
    let stop = signals.first.clone();
    let told = async {
        signals.first.cancelled().await;
        systemd.stopping();
        std::future::pending::<()>().await
    };
    // Closing the terminal is a request to stop.
    let reloading = async {
        hangups.reload(&reloaded, log, &systemd).await;
        signals.first.cancel();
        std::future::pending::<()>().await
    };
    tokio::select! {
        ended = running.until(stop) => ended,
        () = told => Ok(()),
        () = reloading => Ok(()),
        () = systemd.keep_watchdog_quiet() => Ok(()),
        () = signals.second.cancelled() => {
            // Acknowledged changes are durable.
            tracing::warn!("stopped immediately by a second signal");
            groups.failure().map_or(Ok(()), |failure| Err(RunError::Failed(failure)))
        }
    }
}
