//! Where a connecting client's list and missed events are read.

use std::fmt;

use async_trait::async_trait;
use groups_domain::{Group, GroupId, Role, UserId};

use crate::{Delivery, ReadPoint};

/// Reads what a client begins with.
#[async_trait]
pub trait Source: Send + Sync {
    /// One consistent read for one user. A cursor that is not one of ours is treated as none. If the client leaves, the future is
    /// dropped, and the read should end.
    ///
    /// # Errors
    /// [`SourceError`] where it cannot be read now; the client is closed with 1012 and comes again.
    async fn open(&self, user: UserId, cursor: Option<&str>) -> Result<Opening, SourceError>;
}

/// What a client begins with.
#[derive(Debug)]
pub struct Opening {
    /// Which commits the read has seen.
    pub seen: ReadPoint,
    /// The user's memberships as read.
    pub groups: Vec<GroupId>,
    /// The list, or what was missed.
    pub start: Start,
    /// The position that was read at.
    pub cursor: String,
}

/// The list, or what was missed.
#[derive(Debug)]
pub enum Start {
    /// The whole list, newest group first, read piece by piece as the client takes it.
    Snapshot(Box<dyn List>),
    /// Exactly the user's missed changes, inside their intervals, in the log's order.
    Resumed(Vec<Delivery>),
}

/// A user's groups at the read point of an [`Opening`], newest first. A client may take it slowly, so it should hold little memory.
#[async_trait]
pub trait List: Send + fmt::Debug {
    /// The next piece. Every group is as it was at the read point, however late it is read. Of an empty list, one empty piece.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read any more; the client is closed with 1012 and comes again.
    async fn next(&mut self, max: PieceMax) -> Result<ListPiece, SourceError>;
}

/// How long a piece may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceMax {
    /// Its groups.
    pub groups: usize,
    /// Its bytes as JSON, about. A piece has at least one group.
    pub bytes: usize,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPiece {
    /// Its groups, with the user's role.
    pub groups: Vec<(Group, Role)>,
    /// Whether this is not the last one.
    pub more: bool,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(String);

impl SourceError {
    /// With a reason for the log.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
