//! The arguments of the command line.

use clap::{Parser, Subcommand};

use crate::copy::Copy;
use crate::log::LogSettings;
use crate::migrate::Migrate;
use crate::settings::SettingsArgs;

/// Groups and memberships with real-time updates: HTTP, WebSocket and a page, on SQLite or PostgreSQL
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// Without a command, the server runs
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,

    #[command(flatten)]
    pub(crate) log: LogSettings,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Bring the tables of a database up to date; the server does this when it starts, too
    Migrate(Migrate),
    /// Copy a SQLite database into an empty PostgreSQL database
    Copy(Copy),
}
