//! What many clients need from the database in order to resume from memory.

use groups_domain::{Audience, GroupId, ReadPoint, UserId};

use crate::Position;

/// Somebody who resumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumer {
    /// The user.
    pub user_id: UserId,
    /// What the client has received.
    pub from: Position,
}

/// The result of [`resume_points`](crate::Store::resume_points), read at one point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumePoints {
    /// Which commits this read has seen.
    pub seen: ReadPoint,
    /// The position from which to resume later.
    pub cursor: Position,
    /// Commits in the log that this read has seen but the caller did not know. The read is of use
    /// once the caller has received them from its [`Tail`](crate::Tail).
    pub newer: Vec<u64>,
    /// In the order of the resumers. `None` if that one must
    /// [open a stream](crate::Store::open_stream): the position is not valid here, changes after it
    /// may have been pruned, or the user has too many groups.
    pub memberships: Vec<Option<OpenMemberships>>,
}

/// The memberships, invitations and requests to join of a user that have not ended, at one point in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenMemberships {
    /// The groups to which the user is something, and what. Ascending.
    pub groups: Vec<(GroupId, Audience)>,
    /// These groups, and the deleted ones to which the user was something when they were deleted.
    /// Ascending.
    pub with_deleted: Vec<(GroupId, Audience)>,
}
