//! The outcome of a request.

use crate::{Change, ChangeKind, Group, Rejection, Request};

/// The outcome of an accepted request. Deliberately exhaustive: there is no third one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The group changes.
    Change(Change),
    /// The request is a no-op: no new version, no event, and no error.
    Unchanged,
}

pub(crate) type Outcome = Result<Decision, Rejection>;

impl Decision {
    /// The next version of a group.
    pub(crate) fn next(group: &Group, request: &Request, kind: ChangeKind, edit: impl FnOnce(&mut Group)) -> Self {
        let mut group = group.clone();
        edit(&mut group);
        group.version = group.version.next();
        // Server clocks differ, but the times of a group's changes never go back.
        group.updated_at = group.updated_at.max(request.at);
        Self::Change(Change { group, actor: request.actor, kind })
    }
}
