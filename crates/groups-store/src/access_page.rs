//! The lists of invitations, requests to join, bans and links.

use groups_domain::{DisplayName, GroupId, Link, LinkId, Pending, UserId, Version};

/// A list of a group that only its admins, its owner and operators read, or why the user may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminRead<T> {
    /// The group does not exist, or the user is not a member.
    NotFound,
    /// The user is a member, but neither admin nor owner.
    Forbidden,
    /// The list.
    Found(T),
}

/// A user with a standing in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingEntry<S> {
    /// The user.
    pub user_id: UserId,
    /// Their display name, if it is known and the reader may see it.
    pub name: Option<DisplayName>,
    /// The version of the group that made the standing.
    pub since_version: Version,
    /// The invitation, the request to join or the ban.
    pub standing: S,
}

impl<S> StandingEntry<S> {
    pub(crate) fn key(&self) -> StandingKey {
        StandingKey { since_version: self.since_version, user_id: self.user_id }
    }
}

/// The place of a user in the order of a group's standings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StandingKey {
    /// The version of the group that made the standing.
    pub since_version: Version,
    /// The user.
    pub user_id: UserId,
}

/// One page of the invitations, requests to join or bans of a group, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingPage<S> {
    /// The users.
    pub rows: Vec<StandingEntry<S>>,
    /// The start of the next page, if there are more.
    pub next: Option<StandingKey>,
}

/// The place of a link in the order of a group's links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkKey {
    /// The version of the group that made the link.
    pub created_version: Version,
    /// The link.
    pub link_id: LinkId,
}

/// One page of the links of a group, oldest first, including those that have expired or are used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPage {
    /// The links.
    pub links: Vec<Link>,
    /// The start of the next page, if there are more.
    pub next: Option<LinkKey>,
}

/// One page of a user's own invitations or requests to join, by descending id of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingPage {
    /// The invitations or requests.
    pub pending: Vec<Pending>,
    /// The start of the next page, if there are more.
    pub next: Option<GroupId>,
}
