//! What the log followers on SQLite read together.

use crate::log_reads::{LogPlace, LogReads};
use crate::row::LogRow;

pub(crate) type SqliteLogReads = LogReads<NextChange, Found>;

/// The number of the first change that a follower reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextChange(pub(super) u64);

impl LogPlace for NextChange {
    fn covers(&self, there: &Self) -> bool {
        self.0 <= there.0
    }
}

/// The changes from one on.
#[derive(Debug)]
pub(crate) struct Found {
    /// In log order.
    pub(super) rows: Vec<LogRow>,
    /// The start of the log.
    pub(super) floor: u64,
    /// Whether there are no more.
    pub(super) is_all: bool,
}
