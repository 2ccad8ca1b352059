//! The load scenarios.

mod commands;
mod connect;
mod fanout;
mod lists;
mod mixed;
mod resume;
mod setup;

pub(crate) use commands::{Commands, CommandsReport, Kind};
pub(crate) use connect::{Connect, ConnectReport};
pub(crate) use fanout::{Fanout, FanoutReport, Pace, Room};
pub(crate) use lists::{Lists, ListsReport};
pub(crate) use mixed::Mixed;
pub(crate) use resume::{Resume, ResumeReport};

/// Maximum number of connections of a run. One address can open fewer, about 28,000 on Linux.
const CONNECTIONS_MAX: u64 = 100_000;
/// Maximum duration of a run in seconds. Tokens are valid for longer.
const SECONDS_MAX: u64 = 3_600;
