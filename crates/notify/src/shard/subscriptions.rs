//! Which users, of those connected to this worker, are in which group.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use groups_domain::GroupId;

/// A user's place on the shard, as long as they have a connection on it.
pub(super) type Slot = usize;

/// Groups of one user.
pub(super) type GroupSet = HashSet<GroupId, RandomState>;

/// The index in both directions: a user comes into and goes out of a group in constant time.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    users: HashMap<GroupId, Slots, RandomState>,
    groups: HashMap<Slot, GroupSet, RandomState>,
}

/// The users of one group. Most groups of a worker have few, and a user may be in many: a lone one needs no memory of its own.
#[derive(Debug)]
#[expect(
    clippy::box_collection,
    reason = "a user may be in many groups alone: so each takes up 16 bytes instead of 40"
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

    /// Whether nobody is left.
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

    /// Puts a user into exactly these groups.
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
        // Give back what a user of many groups took.
        if self.users.capacity() > 4 * self.users.len().max(1_024) {
            self.users.shrink_to_fit();
        }
    }

    pub(super) fn contains(&self, slot: Slot, group_id: GroupId) -> bool {
        self.users.get(&group_id).is_some_and(|users| users.contains(slot))
    }

    /// Who is in the group.
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
