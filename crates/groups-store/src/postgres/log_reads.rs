//! What the log followers on PostgreSQL read together.

use super::snapshot::Snapshot;
use crate::log_reads::{LogPlace, LogReads};
use crate::row::LogRow;

pub(crate) type PostgresLogReads = LogReads<SeenBefore, Glance>;

/// What a follower has delivered before it reads, and of which history.
#[derive(Clone, Debug)]
pub(crate) struct SeenBefore {
    pub(super) seen: Snapshot,
    pub(super) epoch: u64,
}

impl LogPlace for SeenBefore {
    fn covers(&self, there: &Self) -> bool {
        self.epoch == there.epoch && there.seen.includes(&self.seen)
    }
}

/// What a single statement finds.
#[derive(Debug)]
pub(crate) struct Glance {
    pub(super) now: Snapshot,
    /// The start of the log.
    pub(super) floor: u64,
    /// All rows that `now` sees and the last snapshot did not; `None` if they exceed the limit.
    pub(super) rows: Option<Vec<LogRow>>,
}
