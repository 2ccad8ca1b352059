//! What is read for connecting clients, before it is understood.

use crate::column::{CommitId, Id};
use crate::open_row::OpenRow;
use crate::position::{Seen, WitnessRow};
use crate::row::{GroupRow, StandingRow};

/// A row of the index of a user's groups: the group, its version, and the number of the user's role.
pub(crate) type IndexRow = (Id, i64, i16);

/// An invitation or a request to join, with its group.
pub(crate) type PendingRow = (StandingRow, GroupRow);

/// What every opening reads.
pub(crate) struct OpeningRows {
    pub(crate) seen: Seen,
    /// The first [`INDEX_ROWS_PER_STEP`](crate::queries::list::INDEX_ROWS_PER_STEP) rows of the index.
    pub(crate) index: Vec<IndexRow>,
    pub(crate) pending: Vec<PendingRow>,
}

/// What is read for clients that resume together.
#[derive(Debug)]
pub(crate) struct ResumeWanted {
    /// The names of the floors.
    pub(crate) floors: Vec<String>,
    /// The first commit that the caller may not know.
    pub(crate) newer_from: u64,
    /// The numbers of the witnesses.
    pub(crate) witnesses: Vec<i64>,
    pub(crate) users: Vec<Id>,
}

/// What was read for them.
#[derive(Debug)]
pub(crate) struct ResumeRows {
    pub(crate) seen: Seen,
    /// Names and values.
    pub(crate) floors: Vec<(String, String)>,
    /// At most [`NEWER_MAX`](crate::queries::resume::NEWER_MAX). If it has as many, the rest may be
    /// empty, because nobody resumes from memory.
    pub(crate) newer: Vec<CommitId>,
    pub(crate) witnesses: Vec<WitnessRow>,
    /// At most one more than [`MEMBERSHIPS_MAX`](crate::queries::resume::MEMBERSHIPS_MAX) for each user.
    pub(crate) open: Vec<OpenRow>,
}
