//! Values that a watch returns.

use std::time::Duration;

use groups_domain::{GroupId, UserId};

use super::event::GroupEvent;
use crate::access::{Invitation, JoinRequest};
use crate::body::Group;

/// One step of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// The state of the connection has changed.
    Status(Status),
    /// The whole list was read, and replaces what was known. Versions may have been skipped.
    Snapshot(Snapshot),
    /// A group has changed. For each group of which the user is a member, the versions of events follow each other without gaps,
    /// until the next snapshot. Otherwise events come only for the changes of the user's own invitation or request to join.
    Event(Box<GroupEvent>),
    /// A member of a group is typing, or has stopped.
    Typing(Typing),
}

/// The whole list, newest group first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The groups.
    pub groups: Vec<Group>,
    /// The user's invitations. Programs compare their expiry with the clock: no event comes at that moment.
    pub invitations: Vec<Invitation>,
    /// The user's requests to join.
    pub requests: Vec<JoinRequest>,
}

/// The state of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It is being opened.
    Connecting,
    /// The list is up to date.
    Live,
    /// It was lost, or could not be opened.
    Waiting {
        /// Why, for people.
        reason: String,
        /// How long the watch waits until it connects again.
        retry_in: Duration,
    },
}

/// A member of a group is typing, or has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Typing {
    /// The group.
    pub group_id: GroupId,
    /// The member.
    pub user_id: UserId,
    /// Whether they are typing.
    pub typing: bool,
    /// When to drop the indicator, if nothing else arrives.
    pub expires_in: Duration,
}
