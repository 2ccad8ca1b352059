//! Positions in the log, and which commits a reading has seen.

use std::fmt;

use groups_domain::Change;
use uuid::Uuid;

use crate::StoreError;
use crate::row::LogRow;

/// A position in the log of one database: everything before `place` is known to whoever holds it.
///
/// On SQLite a place is a row id. On PostgreSQL it is a transaction id below which every transaction has ended, so that reading from
/// it may repeat a change but never skips one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Position {
    tag: u64,
    pub(crate) place: u64,
}

impl Position {
    pub(crate) fn new(store: Uuid, place: u64) -> Self {
        Self { tag: tag(store), place }
    }

    /// As opaque text of at most 33 characters out of `0-9a-f.`; [`Store::cursor`](crate::Store::cursor) reads it back.
    pub fn token(&self) -> String {
        format!("{:016x}.{:x}", self.tag, self.place)
    }

    /// Reads a token of the same database; `None` for everything else.
    pub(crate) fn parse(store: Uuid, token: &str) -> Option<Self> {
        let (tag, place) = token.split_once('.')?;
        let position = Self { tag: u64::from_str_radix(tag, 16).ok()?, place: u64::from_str_radix(place, 16).ok()? };
        // Comparing the text refuses signs, capitals and leading zeros: one position has one token.
        (position.tag == self::tag(store) && position.token() == token).then_some(position)
    }

    pub(crate) fn is_of(&self, store: Uuid) -> bool {
        self.tag == tag(store)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position({})", self.token())
    }
}

fn tag(store: Uuid) -> u64 {
    store.as_u64_pair().0 ^ store.as_u64_pair().1
}

/// One change as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// What happened.
    pub change: Change,
    /// The number of the commit that made it, to be compared with a [`ReadPoint`].
    pub commit: u64,
    /// Resuming from here gives what comes after it.
    pub position: Position,
}

/// Which commits a reading has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPoint {
    /// All below this one…
    pub below: u64,
    /// …but these, which were still under way.
    pub except: Vec<u64>,
}

impl ReadPoint {
    /// Whether the reading has seen a commit.
    pub fn sees(&self, commit: u64) -> bool {
        commit < self.below && !self.except.contains(&commit)
    }
}

/// What a transaction sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) point: ReadPoint,
    /// Everything below it has ended and is seen; it never goes back.
    pub(crate) settled: u64,
}

/// Entries in the order of the log, and what could not be read of them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) failed: Option<StoreError>,
}

/// Entries from rows that are everything unknown so far below `settled`, and perhaps something above it.
///
/// The position of each is such that nothing after it in this batch lies before it.
pub(crate) fn entries(store: Uuid, rows: Vec<LogRow>, settled: u64) -> Batch {
    let mut batch = Batch::default();
    let mut place = settled;
    for row in rows.into_iter().rev() {
        let commit = row.commit_id.0;
        match row.change() {
            Ok(change) => batch.entries.push(LogEntry { change, commit, position: Position::new(store, place) }),
            Err(error) => batch.failed = Some(error),
        }
        place = place.min(commit);
    }
    batch.entries.reverse();
    batch
}
