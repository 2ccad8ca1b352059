//! The server's command line: settings in, exit code out.

mod environment;
mod log;
mod log_limit;
mod moving;
mod output;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use server::{RunError, Settings, Shutdown};

use crate::log::LogSettings;
use crate::output::Output;

/// Groups and memberships with real-time updates: HTTP, WebSocket and a page, on SQLite or PostgreSQL
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    /// Without one the server runs
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    log: LogSettings,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the tables of a database up to date, as the start of the server does too
    Migrate(moving::Migrate),
    /// Copy everything of a SQLite database into an empty PostgreSQL database
    Copy(moving::Copy),
}

/// How long the end waits for the last lines to be written.
const FLUSH_WAIT_MAX: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outputs = Output::start("groups-log", io::stderr(), log::report_dropped)
        .and_then(|stderr| Ok((Output::start("groups-output", io::stdout(), drop)?, stderr)));
    // Without a thread there is nothing that could be served either.
    let Ok((stdout, stderr)) = outputs else { return ExitCode::FAILURE };
    log::start(&cli.log, &stderr);
    let done = actix_web::rt::System::new().block_on(run(cli, &stdout));
    let code = match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            stderr.line(format_args!("groups-server: {}", groups_domain::printable(&error)));
            ExitCode::FAILURE
        }
    };
    stdout.flush(FLUSH_WAIT_MAX);
    stderr.flush(FLUSH_WAIT_MAX);
    code
}

async fn run(cli: Cli, stdout: &Output) -> Result<(), String> {
    match &cli.command {
        None => {
            let unknown = environment::unknown_settings(std::env::vars_os().map(|(name, _)| name))?;
            serve(cli.settings, &unknown, stdout).await.map_err(|error| error.to_string())
        }
        Some(Command::Migrate(migrate)) => migrate.run(stdout).await.map_err(|error| error.to_string()),
        Some(Command::Copy(copy)) => copy.run(stdout).await.map_err(|error| error.to_string()),
    }
}

async fn serve(settings: Settings, unknown: &[String], stdout: &Output) -> Result<(), RunError> {
    let listener = server::listen(&settings)?;
    for name in unknown {
        tracing::warn!("{name} is no setting of this version, and has no effect");
    }
    if settings.is_development() {
        tracing::warn!(
            "DEVELOPMENT MODE: anybody may sign in as anybody. Set GROUPS_JWT_SECRET for anything but trying it out."
        );
    }
    if settings.secret().is_some_and(|secret| secret.len() < Settings::SECRET_BYTES_MIN) {
        tracing::warn!(
            "GROUPS_JWT_SECRET is shorter than 32 bytes: a key for HS256 that can be guessed (RFC 7518, section 3.2)"
        );
    }
    let mut shutdown = Shutdown::on_signals()?;
    let running = tokio::select! {
        running = server::start(settings, listener) => running?,
        () = shutdown.asked() => return Ok(()),
    };
    // Everything that can keep it from starting is behind it.
    stdout.line(format_args!("listening on http://{}", running.address()));
    running.until(shutdown).await
}
