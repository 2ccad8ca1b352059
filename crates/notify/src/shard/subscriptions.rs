//! Which users, of those connected to this worker, are in which group.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use groups_domain::GroupId;

/// A user's place on the shard, as long as they have a connection on it.
pub(super) type Slot = usize;

/// The index in both directions: a user comes into and goes out of a group in constant time.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    users: HashMap<GroupId, HashSet<Slot, RandomState>, RandomState>,
    groups: HashMap<Slot, HashSet<GroupId, RandomState>, RandomState>,
}

impl Subscriptions {
    pub(super) fn add(&mut self, slot: Slot, group_id: GroupId) {
        self.users.entry(group_id).or_default().insert(slot);
        self.groups.entry(slot).or_default().insert(group_id);
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
        for slot in self.users.remove(&group_id).unwrap_or_default() {
            if let Some(groups) = self.groups.get_mut(&slot) {
                groups.remove(&group_id);
                if groups.is_empty() {
                    self.groups.remove(&slot);
                }
            }
        }
    }

    pub(super) fn remove_user(&mut self, slot: Slot) {
        for group_id in self.groups.remove(&slot).unwrap_or_default() {
            self.remove_from_group(slot, group_id);
        }
    }

    pub(super) fn contains(&self, slot: Slot, group_id: GroupId) -> bool {
        self.users.get(&group_id).is_some_and(|users| users.contains(&slot))
    }

    /// Who is in the group.
    pub(super) fn of_group(&self, group_id: GroupId) -> impl Iterator<Item = Slot> {
        self.users.get(&group_id).into_iter().flatten().copied()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty()
    }

    fn remove_from_group(&mut self, slot: Slot, group_id: GroupId) {
        if let Some(users) = self.users.get_mut(&group_id) {
            users.remove(&slot);
            if users.is_empty() {
                self.users.remove(&group_id);
            }
        }
    }
}
