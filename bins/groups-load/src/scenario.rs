//! The kinds of load.

mod commands;
mod connect;
mod fanout;
mod mixed;
mod resume;
mod stopwatch;

pub(crate) use commands::{Commands, CommandsReport};
pub(crate) use connect::Connect;
pub(crate) use fanout::{Fanout, FanoutReport};
pub(crate) use mixed::Mixed;
pub(crate) use resume::{Resume, ResumeReport};

/// The most connections of one run: what one address can dial is less, some 28,000 on Linux.
const CONNECTIONS_MAX: u64 = 100_000;
/// The longest run in seconds. Tokens live longer.
const SECONDS_MAX: u64 = 3_600;
