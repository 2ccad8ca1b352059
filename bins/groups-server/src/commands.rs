//! The commands. Without one, the server runs.

mod backup;
mod check;
mod config;
mod copy;
mod healthcheck;
mod migrate;
mod token;

pub(crate) use backup::Backup;
pub(crate) use check::Check;
pub(crate) use config::Config;
pub(crate) use copy::Copy;
pub(crate) use healthcheck::Healthcheck;
pub(crate) use migrate::Migrate;
pub(crate) use token::Token;
