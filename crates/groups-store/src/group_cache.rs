//! Groups that were read recently, each with the text into which it was encoded.
//!
//! A list is read as an index of groups and versions. The content of a group at a version never
//! changes, so a group of exactly the version in the index needs no further read.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use groups_domain::{Group, GroupId, Role};
use uuid::Uuid;

use crate::Position;
use crate::page::{Listed, group_bytes};
use crate::row::to_stored;

/// A group at one version. All readers of this version share it, so cloning is cheap.
#[derive(Clone, Debug)]
pub struct SharedGroup(Arc<Entry>);

#[derive(Debug)]
struct Entry {
    group: Group,
    text: OnceLock<Box<str>>,
}

impl SharedGroup {
    pub(crate) fn new(group: Group) -> Self {
        Self(Arc::new(Entry { group, text: OnceLock::new() }))
    }

    /// The text into which `encode` converts the group. It is encoded once for all readers of this
    /// version, except if it is longer than usual because of escapes: then each time.
    ///
    /// All callers in a process must encode a group in the same way.
    pub fn text(&self, encode: impl FnOnce(&Group) -> String) -> Cow<'_, str> {
        if let Some(text) = self.0.text.get() {
            return Cow::Borrowed(text);
        }
        let text = encode(&self.0.group);
        if text.len() > group_bytes(&self.0.group) {
            return Cow::Owned(text);
        }
        Cow::Borrowed(self.0.text.get_or_init(|| text.into_boxed_str()))
    }

    /// The memory that it needs in a cache, at most.
    fn bytes_max(&self) -> usize {
        // Its place in a map that is half empty, and what the allocator adds to each allocation.
        const PLACE_BYTES: usize = 2 * (size_of::<GroupId>() + size_of::<SharedGroup>()) + 4 * 16;
        let group = &self.0.group;
        let strings = group.name.as_str().len() + group.description.as_str().len();
        PLACE_BYTES + size_of::<Entry>() + strings + group_bytes(group)
    }

    pub(crate) fn is_at(&self, listed: &Listed) -> bool {
        to_stored(self.0.group.version.get()) == listed.version()
    }
}

impl Deref for SharedGroup {
    type Target = Group;

    fn deref(&self) -> &Group {
        &self.0.group
    }
}

impl PartialEq for SharedGroup {
    fn eq(&self, other: &Self) -> bool {
        self.0.group == other.0.group
    }
}

impl Eq for SharedGroup {}

/// One page of a user's groups like [`GroupPage`](crate::GroupPage), without copies of groups that others have read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedGroupPage {
    /// The groups, each with the user's role.
    pub groups: Vec<(SharedGroup, Role)>,
    /// The start of the next page, if there are more.
    pub next: Option<GroupId>,
    /// The position in the log at which this page was read.
    pub cursor: Position,
}

/// The groups that were read most recently, one version of each. Clones share one cache.
#[derive(Clone, Debug)]
pub(crate) struct GroupCache(Arc<Mutex<Groups>>);

/// Groups move to the young generation when they are read. When that is full, it replaces the old
/// one, whose groups were not read meanwhile.
#[derive(Debug)]
struct Groups {
    /// The database to whose history the versions belong.
    database: Uuid,
    generation_bytes_max: usize,
    young: Generation,
    old: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    groups: HashMap<GroupId, SharedGroup>,
    bytes: usize,
}

impl GroupCache {
    /// A cache that uses at most so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let (young, old) = Default::default();
        let groups = Groups { database: Uuid::nil(), generation_bytes_max: bytes_max / 2, young, old };
        Self(Arc::new(Mutex::new(groups)))
    }

    /// Forgets all groups.
    pub(crate) fn clear(&self) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (groups.young, groups.old) = Default::default();
    }

    /// The listed groups at exactly the listed versions, as far as they are in the cache.
    pub(crate) fn find(&self, database: Uuid, listed: &[Listed]) -> Vec<Option<SharedGroup>> {
        let mut replaced = Vec::new();
        self.of(database, |groups| listed.iter().map(|listed| groups.find(listed, &mut replaced)).collect())
    }

    /// Adds groups as they were read from this database.
    pub(crate) fn insert(&self, database: Uuid, read: impl IntoIterator<Item = SharedGroup>) {
        let mut replaced = Vec::new();
        self.of(database, |groups| read.into_iter().for_each(|group| groups.insert(group, &mut replaced)));
    }

    /// Works on the groups of one database. Those of another one, or of a history that was replaced,
    /// are forgotten first.
    fn of<T>(&self, database: Uuid, work: impl FnOnce(&mut Groups) -> T) -> T {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if groups.database != database {
            groups.database = database;
            (groups.young, groups.old) = Default::default();
        }
        work(&mut groups)
    }
}

impl Groups {
    /// `replaced` gets what was removed from the cache, which takes time to drop.
    fn find(&mut self, listed: &Listed, replaced: &mut Vec<Generation>) -> Option<SharedGroup> {
        if let Some(group) = self.young.groups.get(&listed.group_id) {
            return group.is_at(listed).then(|| group.clone());
        }
        let group = self.old.groups.get(&listed.group_id).filter(|group| group.is_at(listed))?.clone();
        self.insert(group.clone(), replaced);
        Some(group)
    }

    fn insert(&mut self, group: SharedGroup, replaced: &mut Vec<Generation>) {
        let (bytes, id) = (group.bytes_max(), group.group_id);
        let is_newer = |known: &SharedGroup| known.version > group.version;
        if bytes > self.generation_bytes_max || self.young.groups.get(&id).is_some_and(is_newer) {
            return;
        }
        self.old.remove(id);
        self.young.remove(id);
        if self.young.bytes + bytes > self.generation_bytes_max {
            replaced.push(std::mem::replace(&mut self.old, std::mem::take(&mut self.young)));
        }
        self.young.bytes += bytes;
        self.young.groups.insert(id, group);
    }
}

impl Generation {
    fn remove(&mut self, id: GroupId) {
        if let Some(group) = self.groups.remove(&id) {
            self.bytes -= group.bytes_max();
        }
    }
}
