//! The measurements of the benchmark. Each starts its own server on an empty database.

mod changes;
mod fan_out;
mod large_group;
mod lists;
mod memory;
mod mixed;
mod returning;

use clap::ValueEnum;
use tokio::time::timeout;

use super::database::Backend;
use super::figures::Figures;
use super::setting::Setting;
use crate::failure::Failure;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measurement {
    /// Changes by 1 and 64 callers while users are connected
    Changes,
    /// Changes that reach 1,000 and 10,000 connections each
    FanOut,
    /// Memory of idle connections, and of the groups of their users
    Memory,
    /// Lists of groups
    Lists,
    /// Clients that are cut off all at once, and come back
    Returning,
    /// Groups with 100,000 members
    LargeGroup,
    /// All of it together
    Mixed,
}

impl Measurement {
    /// The databases that it is made on.
    pub(super) fn backends(self, postgres: bool) -> &'static [Backend] {
        match self {
            Self::Changes | Self::Lists | Self::Returning if postgres => &[Backend::Sqlite, Backend::Postgres],
            // On SQLite the page cache is part of the server's memory, and grows with what is read.
            Self::Memory if postgres => &[Backend::Postgres],
            _ => &[Backend::Sqlite],
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::FanOut => "fan_out",
            Self::Memory => "memory",
            Self::Lists => "lists",
            Self::Returning => "returning",
            Self::LargeGroup => "large_group",
            Self::Mixed => "mixed",
        }
    }

    /// Returns the figures that were measured, and whether there are all of them.
    pub(super) async fn run(self, setting: Setting<'_>) -> (Figures, Result<(), Failure>) {
        let within = setting.plan.within;
        let mut figures = Figures::new(format!("{}.{}", self.name(), setting.backend.name()));
        let measured = async {
            match self {
                Self::Changes => changes::measure(setting, &mut figures).await,
                Self::FanOut => fan_out::measure(setting, &mut figures).await,
                Self::Memory => memory::measure(setting, &mut figures).await,
                Self::Lists => lists::measure(setting, &mut figures).await,
                Self::Returning => returning::measure(setting, &mut figures).await,
                Self::LargeGroup => large_group::measure(setting, &mut figures).await,
                Self::Mixed => mixed::measure(setting, &mut figures).await,
            }
        };
        let late = Failure::Late("the end of the measurement", within.as_secs());
        let complete = timeout(within, measured).await.unwrap_or(Err(late));
        (figures, complete)
    }
}
