//! What is read from the store.

use groups_domain::{Change, Group, GroupId, Membership, Role, Timestamp, UserId, Version};

use crate::{LogEntry, Position, ReadPoint};

/// One page of somebody's groups, newest first, that is, by descending id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPage {
    /// The groups, each with the user's role.
    pub groups: Vec<(Group, Role)>,
    /// What to ask for next, where there is more.
    pub next: Option<GroupId>,
    /// The position in the log at which this page was read.
    pub cursor: Position,
}

/// A member with the name they go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The membership.
    pub membership: Membership,
    /// The display name last heard of.
    pub name: Option<String>,
}

/// One page of a group's members, in joining order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPage {
    /// The members.
    pub members: Vec<MemberRow>,
    /// What to ask for next, where there is more.
    pub next: Option<MemberKey>,
    /// The group's version at which this page was read.
    pub version: Version,
}

/// A place in the joining order of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberKey {
    /// The version with which the member came in.
    pub joined_version: Version,
    /// Their place among those who came in with it.
    pub ordinal: u32,
}

/// The most people whom one user may block.
pub const BLOCKS_MAX: u32 = 10_000;

/// Somebody by whom a user does not want to be added to groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Who is blocked.
    pub user_id: UserId,
    /// Since when.
    pub at: Timestamp,
}

/// One page of the people whom a user has blocked, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockPage {
    /// The people.
    pub blocks: Vec<Block>,
    /// What to ask for next, where there is more.
    pub next: Option<UserId>,
}

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// It is there, now or already.
    Done,
    /// The user has blocked [`BLOCKS_MAX`] others.
    TooMany,
}

/// A page of a group's history, for those who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// There is no such group, or the user is not in it.
    NotFound,
    /// The user is a member, but neither admin nor owner.
    Forbidden,
    /// The changes.
    Page {
        /// Oldest first. Changes older than the kept log are gone.
        changes: Vec<Change>,
        /// After which version to ask next, where there is more.
        next: Option<Version>,
    },
}

/// When a reader gets what it missed, and when the whole list.
///
/// Missed changes are replayed only if that is cheaper: not if there are more of them than `events_max` or the user has groups (100
/// are always allowed), and not if they take up more than `bytes_max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayRule {
    /// The most changes that are ever replayed; above it the reader gets the list. Default: 1,000.
    pub events_max: u32,
    /// The most bytes of them, as the log stores them; above it the reader gets the list. Default: 512 KiB.
    pub bytes_max: usize,
}

impl ReplayRule {
    /// So many changes are replayed however few groups the user has.
    pub const EVENTS_FREE: u32 = 100;

    /// The most changes that are replayed to somebody with so many groups.
    pub fn events_max_for(self, groups: usize) -> u32 {
        u32::try_from(groups).unwrap_or(u32::MAX).max(Self::EVENTS_FREE).min(self.events_max)
    }
}

impl Default for ReplayRule {
    fn default() -> Self {
        Self { events_max: 1_000, bytes_max: 512 * 1024 }
    }
}

/// Where somebody's stream begins: everything in it was read at one point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// Which commits the reading has seen. What a [`Tail`](crate::Tail) brings of them is known already.
    pub seen: ReadPoint,
    /// The groups that the user is in.
    pub groups: Vec<GroupId>,
    /// The list, or what was missed.
    pub start: Start,
    /// From where to resume later.
    pub cursor: Position,
}

/// How a stream begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the user's groups, newest first.
    Snapshot(GroupList),
    /// With exactly the missed changes of the times in which the user was a member, in the order of the log.
    Resumed(Vec<LogEntry>),
}

/// Somebody's groups as they were at one point in time, newest first, to be read piece by piece with
/// [`Store::next_groups`](crate::Store::next_groups). It holds 25 bytes for each group and no connection of the database.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupList {
    index: Vec<Listed>,
    /// How many were read.
    read: usize,
}

impl GroupList {
    pub(crate) fn new(index: Vec<Listed>) -> Self {
        Self { index, read: 0 }
    }

    /// How many groups are still to be read.
    pub fn remaining(&self) -> usize {
        self.index.len() - self.read
    }

    /// The next ones.
    pub(crate) fn ahead(&self, groups_max: usize) -> &[Listed] {
        let ahead = &self.index[self.read..];
        &ahead[..ahead.len().min(groups_max.max(1))]
    }

    pub(crate) fn advance(&mut self, groups: usize) {
        self.read = self.index.len().min(self.read + groups);
    }
}

impl std::fmt::Debug for GroupList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupList").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

/// A group of a list. Aligned to a byte, because a list may be long and is held as long as a client takes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) group_id: GroupId,
    pub(crate) role: Role,
    version: [u8; 8],
}

impl Listed {
    pub(crate) fn new(group_id: GroupId, version: i64, role: Role) -> Self {
        Self { group_id, role, version: version.to_ne_bytes() }
    }

    /// As it is stored.
    pub(crate) fn version(&self) -> i64 {
        i64::from_ne_bytes(self.version)
    }
}

/// How many bytes of JSON a page takes up, about; with the row that would exceed it, the next page begins. A page has at least one row.
pub const PAGE_BYTES_MAX: usize = 256 * 1024;

/// How many bytes of JSON a group takes up, about: what JSON escapes is not counted.
pub(crate) fn group_bytes(group: &Group) -> usize {
    const FIXED_BYTES: usize = 350;
    FIXED_BYTES + group.name.as_str().len() + group.description.as_str().len()
}

/// What a step of [`trim`](crate::Store::prune) has forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Changes of the log.
    pub changes: u32,
    /// Memberships that ended before the kept log begins.
    pub memberships: u32,
    /// Groups that were deleted before the kept log begins.
    pub groups: u32,
    /// Idempotency keys older than 24 hours.
    pub keys: u32,
    /// Counts of the daily quotas, of users on days before yesterday.
    pub usage: u32,
}

impl Pruned {
    /// Whether nothing was left to forget.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::Listed;

    #[test]
    fn a_group_of_a_list_takes_up_25_bytes() {
        assert_eq!(size_of::<Listed>(), 25);
    }
}
