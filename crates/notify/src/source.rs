//! Reads the initial state of a connecting client: its list or its missed events.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use groups_domain::{Audience, GroupId, Pending, ReadPoint, UserId, View};
use groups_protocol::GroupTexts;

use crate::Delivery;

/// Reads the initial state of clients.
#[async_trait]
pub trait Source: Send + Sync {
    /// Performs one consistent read for one user. An invalid cursor is treated as no cursor. If the
    /// client disconnects, the future is dropped, and the read should stop.
    ///
    /// # Errors
    /// [`SourceError`] if the state cannot be read now. The client is closed with 1012 and
    /// reconnects.
    async fn open(&self, user: UserId, cursor: Option<&str>) -> Result<InitialState, SourceError>;
}

/// The initial state of a client.
#[derive(Debug)]
pub struct InitialState {
    /// The commits that the read has seen.
    pub seen: ReadPoint,
    /// The groups to which the user is something at the read point, and what.
    pub groups: Vec<(GroupId, Audience)>,
    /// What the client receives first.
    pub content: InitialContent,
    /// The position of the read, from which the client can resume.
    pub cursor: String,
}

/// What a client receives first: its list, or the changes that it missed.
#[derive(Debug)]
pub enum InitialContent {
    /// The whole list, newest group first, read in pieces as the client takes it.
    Snapshot(Box<dyn List>),
    /// Exactly the changes that the user missed, in log order, each with how the user sees it: see
    /// [`with_views`](crate::with_views).
    Resumed(Vec<(Arc<Delivery>, View)>),
}

/// A user's groups at the read point of an [`InitialState`], newest first. The client may read slowly,
/// so an implementation should hold little memory.
#[async_trait]
pub trait List: Send + fmt::Debug {
    /// Reads the next piece. Every group is as it was at the read point, however late it is read.
    /// An empty list is one empty piece.
    ///
    /// # Errors
    /// [`SourceError`] if the list can no longer be read. The client is closed with 1012 and
    /// reconnects.
    async fn next(&mut self, max: PieceMax) -> Result<ListPiece, SourceError>;
}

/// Maximum size of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceMax {
    /// Number of groups.
    pub groups: usize,
    /// Approximate size as JSON in bytes. A piece has at least one group, however large.
    pub bytes: usize,
}

/// A piece of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPiece {
    /// The groups, with the user's role in each. Those that other users read as well need not be
    /// encoded again.
    pub groups: GroupTexts,
    /// The user's invitations and requests to join. All of them are in the last piece, and none in the
    /// others.
    pub pending: Vec<Pending>,
    /// Whether more pieces follow.
    pub more: bool,
}

/// Why the source could not be read: a text, or another error.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SourceError(Box<dyn std::error::Error + Send + Sync>);

impl SourceError {
    /// Creates an error from a text or another error.
    pub fn new(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}
