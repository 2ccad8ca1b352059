//! The results of reads.

use groups_domain::{Audience, Change, Group, GroupId, Pending, Preview, ReadPoint, Role, Timestamp, UserId, Version};

use uuid::Uuid;

use crate::row::GroupRow;
use crate::{LogEntry, MemberKey, MemberRow, Position};

/// One page of a user's groups, newest first, that is, by descending id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPage {
    /// The groups, each with the user's role.
    pub groups: Vec<(Group, Role)>,
    /// The start of the next page, if there are more.
    pub next: Option<GroupId>,
    /// The position in the log at which this page was read.
    pub cursor: Position,
}

/// One page of groups found by name, ordered by name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundGroups {
    /// The groups.
    pub groups: Vec<Group>,
    /// The start of the next page, if there may be more.
    pub next: Option<NameKey>,
}

/// The place of a group in the order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameKey {
    /// The name with ASCII letters in lower case.
    pub name: String,
    /// The id of the group.
    pub id: Uuid,
}

impl NameKey {
    pub(crate) fn of(row: &GroupRow) -> Self {
        Self { name: row.name.to_ascii_lowercase(), id: row.id.0 }
    }
}

/// One page of a group's members, in joining order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPage {
    /// The members.
    pub members: Vec<MemberRow>,
    /// The start of the next page, if there are more.
    pub next: Option<MemberKey>,
    /// The group's version at which this page was read.
    pub version: Version,
}

/// Maximum number of people that one user may block.
pub const BLOCKS_MAX: u32 = 10_000;

/// A person whom a user has blocked from adding them to groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The blocked person.
    pub user_id: UserId,
    /// When the block was created.
    pub at: Timestamp,
}

/// One page of the people that a user has blocked, ordered by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockPage {
    /// The people.
    pub blocks: Vec<Block>,
    /// The start of the next page, if there are more.
    pub next: Option<UserId>,
}

/// The result of blocking somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// The block exists, newly created or from before.
    Done,
    /// The user has blocked [`BLOCKS_MAX`] others.
    TooMany,
}

/// One page of the directory, ordered by name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPreviews {
    /// The groups.
    pub groups: Vec<Preview>,
    /// The start of the next page, if there may be more.
    pub next: Option<NameKey>,
}

/// A page of a group's history, or why the user may not see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// The group does not exist, or the user is not a member.
    NotFound,
    /// The user is a member, but neither admin nor owner.
    Forbidden,
    /// The changes.
    Page {
        /// Oldest first. Pruned changes are missing.
        changes: Vec<Change>,
        /// The version after which the next page starts, if there are more.
        next: Option<Version>,
    },
}

/// Decides whether a reader gets the changes it missed or the whole list.
///
/// Missed changes are replayed only if that is cheaper: not if there are more of them than
/// `events_max` or than the user has groups (up to 100 are always replayed), and not if they exceed
/// `bytes_max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayRule {
    /// Maximum number of replayed changes; above it the reader gets the list. Default: 1,000.
    pub events_max: u32,
    /// Maximum size of the replayed changes in bytes, as stored in the log; above it the reader
    /// gets the list. Default: 512 KiB.
    pub bytes_max: usize,
}

impl ReplayRule {
    /// This many changes are replayed even if the user has fewer groups.
    pub const EVENTS_FREE: u32 = 100;

    /// Maximum number of changes that are replayed to a user with this many groups.
    pub fn events_max_for(self, groups: usize) -> u32 {
        u32::try_from(groups).unwrap_or(u32::MAX).max(Self::EVENTS_FREE).min(self.events_max)
    }
}

impl Default for ReplayRule {
    fn default() -> Self {
        Self { events_max: 1_000, bytes_max: 512 * 1024 }
    }
}

/// The result of [`open_stream`](crate::Store::open_stream), read at one point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedStream {
    /// Which commits this read has seen. Entries of these commits from a [`Tail`](crate::Tail) are
    /// already included.
    pub seen: ReadPoint,
    /// The groups to which the user is something, and what.
    pub groups: Vec<(GroupId, Audience)>,
    /// The user's invitations and requests to join, newest first.
    pub pending: Vec<Pending>,
    /// The list, or the missed changes.
    pub start: StreamStart,
    /// The position from which to resume later.
    pub cursor: Position,
}

/// The start of a user's stream: the list, or the missed changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamStart {
    /// The user's groups, newest first.
    Snapshot(GroupList),
    /// The changes that the user missed.
    Resumed {
        /// Exactly these changes, in log order: those from the times in which the user was a member, and those
        /// that concern an invitation or a request to join.
        missed: Vec<LogEntry>,
        /// The groups to which the user is something, and the deleted ones to which they were something when
        /// they were deleted. Ascending.
        with_deleted: Vec<(GroupId, Audience)>,
    },
}

/// A user's groups as of one point in time, newest first. Read in chunks with
/// [`Store::next_groups`](crate::Store::next_groups). It holds 25 bytes per group and no database
/// connection.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupList {
    index: Vec<Listed>,
    /// Number of groups already read.
    read: usize,
}

impl GroupList {
    pub(crate) fn new(index: Vec<Listed>) -> Self {
        Self { index, read: 0 }
    }

    /// Number of groups not read yet.
    pub fn remaining(&self) -> usize {
        self.index.len() - self.read
    }

    /// The next groups of the index, at least one if any is left.
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

/// A group of a list. Aligned to one byte, because a list may be long and is held until the client
/// has received it.
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

    /// The version as stored in the database.
    pub(crate) fn version(&self) -> i64 {
        i64::from_ne_bytes(self.version)
    }
}

/// Approximate maximum size of a page, in bytes of JSON. The row that would exceed it starts the
/// next page. A page has at least one row.
pub const PAGE_BYTES_MAX: usize = 256 * 1024;

/// Approximate size of a group in bytes of JSON. JSON escapes are not counted.
pub(crate) fn group_bytes(group: &Group) -> usize {
    const FIXED_BYTES: usize = 350;
    FIXED_BYTES + group.name.as_str().len() + group.description.as_str().len()
}

/// Number of rows deleted by one call of [`prune`](crate::Store::prune).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Changes of the log.
    pub changes: u32,
    /// Memberships that ended before the retention period.
    pub memberships: u32,
    /// Invitations, requests to join and bans that ended before the retention period.
    pub standings: u32,
    /// Links of groups that were deleted before the retention period.
    pub links: u32,
    /// Groups that were deleted before the retention period.
    pub groups: u32,
    /// Idempotency keys older than 24 hours.
    pub keys: u32,
    /// Daily quota counters from days before yesterday.
    pub usage: u32,
    /// Revocations of tokens that have ended.
    pub revocations: u32,
    /// Attempts to deliver to webhooks that are
    /// [too old](crate::WEBHOOK_ATTEMPT_KEPT).
    pub webhook_attempts: u32,
}

impl Pruned {
    /// Whether there was nothing left to delete.
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
