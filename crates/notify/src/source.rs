//! Where a connecting client's list and missed events are read.

use async_trait::async_trait;
use groups_domain::{Group, GroupId, Role, UserId};

use crate::{Delivery, ReadPoint};

/// Reads what a client begins with.
#[async_trait]
pub trait Source: Send + Sync {
    /// One consistent read for one user. A cursor that is not one of ours is treated as none.
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
    /// The whole list, newest group first.
    Snapshot(Vec<(Group, Role)>),
    /// Exactly the user's missed changes, inside their intervals, in the log's order.
    Resumed(Vec<Delivery>),
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
