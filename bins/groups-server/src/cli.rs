//! The arguments of the command line.

use clap::{Parser, Subcommand};

use crate::commands::{Backup, Check, Config, Copy, Healthcheck, Migrate, Token};
use crate::server_args::ServerArgs;

/// Groups and memberships with real-time updates: HTTP, WebSocket and a page, on SQLite or PostgreSQL
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// Without a command, the server runs
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Bring the tables of a database up to date; the server does this when it starts, too
    Migrate(Migrate),
    /// Copy a SQLite database into an empty PostgreSQL database
    Copy(Copy),
    /// Copy a SQLite database to a file while the server runs
    Backup(Backup),
    /// Show the effective settings and where each comes from, without secrets
    Config(Box<Config>),
    /// Check the settings, the address, the keys, the database and the bus before a start; changes nothing
    Check(Box<Check>),
    /// Ask the running server whether it is alive; for containers
    Healthcheck(Box<Healthcheck>),
    /// Sign a token with GROUPS_JWT_SECRET, to try the server
    Token(Box<Token>),
}
