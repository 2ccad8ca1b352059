//! What an observer of sent changes learns of each.

use groups_domain::{GroupId, Timestamp, Version};

/// A change that was written to sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentChange {
    /// The group.
    pub group_id: GroupId,
    /// The version that the change has made.
    pub version: Version,
    /// When its request was accepted.
    pub at: Timestamp,
}
