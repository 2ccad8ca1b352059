//! The server's command line: settings in, exit code out.

mod environment;
mod moving;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use server::{RunError, Settings, Shutdown};
use tracing_subscriber::EnvFilter;

/// Groups and memberships with real-time updates: HTTP, WebSocket and a page, on SQLite or PostgreSQL
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    /// Without one the server runs
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    settings: Settings,

    /// How logs are written, to the standard error
    #[arg(long, env = "GROUPS_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,

    /// What is logged: `info`, `debug` with every request, `notify=debug,info` …
    #[arg(long, env = "GROUPS_LOG", value_name = "FILTER", default_value = DEFAULT_FILTER)]
    log: String,
}

/// Not `actix_http::ws::codec`: it writes an error for every malformed frame, so that whoever connects could fill the log.
const DEFAULT_FILTER: &str = "info,actix_server=warn,actix_http::ws::codec=off";

#[derive(Subcommand)]
enum Command {
    /// Bring the tables of a database up to date, as the start of the server does too
    Migrate(moving::Migrate),
    /// Copy everything of a SQLite database into an empty PostgreSQL database
    Copy(moving::Copy),
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli);
    let done = actix_web::rt::System::new().block_on(async {
        match &cli.command {
            None => match environment::unknown_settings(std::env::vars_os().map(|(name, _)| name)) {
                Ok(unknown) => serve(cli.settings, &unknown).await.map_err(|error| error.to_string()),
                Err(error) => Err(error),
            },
            Some(Command::Migrate(migrate)) => migrate.run().await.map_err(|error| error.to_string()),
            Some(Command::Copy(copy)) => copy.run().await.map_err(|error| error.to_string()),
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("groups-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: Settings, unknown: &[String]) -> Result<(), RunError> {
    let listener = server::listen(&settings)?;
    let address = listener.local_addr()?;
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
    // Bound already: whoever reads this line can connect.
    println!("listening on http://{address}");
    server::run(settings, listener, Shutdown::on_signals()?).await
}

fn start_log(cli: &Cli) {
    let filter = EnvFilter::try_new(&cli.log).unwrap_or_else(|error| {
        eprintln!("groups-server: GROUPS_LOG: {error}; logging as without it");
        EnvFilter::new(DEFAULT_FILTER)
    });
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match cli.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
}
