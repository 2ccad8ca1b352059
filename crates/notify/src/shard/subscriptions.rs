//! Which of the users connected to this worker are in which group.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use groups_domain::GroupId;

/// Index of a user on the shard while they have a connection on it.
pub(super) type Slot = usize;

/// The groups of one user.
pub(super) type GroupSet = HashSet<GroupId, RandomState>;

/// An index in both directions: adding a user to a group and removing them take constant time.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    users: HashMap<GroupId, Slots, RandomState>,
    groups: HashMap<Slot, GroupSet, RandomState>,
}

/// The users of one group. On one worker most groups have few users, and a user may be in many
/// groups, so a single user needs no allocation.
#[derive(Debug)]
#[expect(
    clippy::box_collection,
    reason = "a user may be the only one in many groups: each takes 16 bytes instead of 40"
)]
enum Slots {
    One(Slot),
    Many(Box<HashSet<Slot, RandomState>>),
}

impl Slots {
    fn add(&mut self, slot: Slot) {
        match self {
            Self::One(known) if *known == slot => {}
            Self::One(known) => *self = Self::Many(Box::new([*known, slot].into_iter().collect())),
            Self::Many(slots) => {
                slots.insert(slot);
            }
        }
    }

    /// Removes a user. Returns whether the group is now empty.
    fn remove(&mut self, slot: Slot) -> bool {
        match self {
            Self::One(known) => *known == slot,
            Self::Many(slots) => {
                slots.remove(&slot);
                slots.is_empty()
            }
        }
    }

    fn contains(&self, slot: Slot) -> bool {
        match self {
            Self::One(known) => *known == slot,
            Self::Many(slots) => slots.contains(&slot),
        }
    }

    fn iter(&self) -> impl Iterator<Item = Slot> {
        let (one, many) = match self {
            Self::One(slot) => (Some(*slot), None),
            Self::Many(slots) => (None, Some(slots)),
        };
        one.into_iter().chain(many.into_iter().flat_map(|slots| slots.iter().copied()))
    }
}

impl Subscriptions {
    pub(super) fn add(&mut self, slot: Slot, group_id: GroupId) {
        self.groups.entry(slot).or_default().insert(group_id);
        self.add_to_group(slot, group_id);
    }

    pub(super) fn remove(&mut self, slot: Slot, group_id: GroupId) {
        if let Some(groups) = self.groups.get_mut(&slot) {
            groups.remove(&group_id);
            if groups.is_empty() {
                self.groups.remove(&slot);
            }
        }
        self.remove_from_group(slot, group_id);
    }

    pub(super) fn remove_group(&mut self, group_id: GroupId) {
        let Some(slots) = self.users.remove(&group_id) else { return };
        for slot in slots.iter() {
            if let Some(groups) = self.groups.get_mut(&slot) {
                groups.remove(&group_id);
                if groups.is_empty() {
                    self.groups.remove(&slot);
                }
            }
        }
    }

    /// Replaces the groups of a user.
    pub(super) fn set_user(&mut self, slot: Slot, groups: GroupSet) {
        self.remove_user(slot);
        for group_id in &groups {
            self.add_to_group(slot, *group_id);
        }
        if !groups.is_empty() {
            self.groups.insert(slot, groups);
        }
    }

    pub(super) fn remove_user(&mut self, slot: Slot) {
        for group_id in self.groups.remove(&slot).unwrap_or_default() {
            self.remove_from_group(slot, group_id);
        }
        // Releases the memory that a user with many groups needed.
        if self.users.capacity() > 4 * self.users.len().max(1_024) {
            self.users.shrink_to_fit();
        }
    }

    pub(super) fn contains(&self, slot: Slot, group_id: GroupId) -> bool {
        self.users.get(&group_id).is_some_and(|users| users.contains(slot))
    }

    /// The users of a group.
    pub(super) fn of_group(&self, group_id: GroupId) -> impl Iterator<Item = Slot> {
        self.users.get(&group_id).into_iter().flat_map(Slots::iter)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty()
    }

    fn add_to_group(&mut self, slot: Slot, group_id: GroupId) {
        self.users.entry(group_id).and_modify(|users| users.add(slot)).or_insert(Slots::One(slot));
    }

    fn remove_from_group(&mut self, slot: Slot, group_id: GroupId) {
        if self.users.get_mut(&group_id).is_some_and(|users| users.remove(slot)) {
            self.users.remove(&group_id);
        }
    }
}
