//! Which of the users connected to this worker are in which group.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use groups_domain::GroupId;
use slab::Slab;

/// Index of a user on the shard while they have a connection on it.
pub(super) type Slot = usize;

/// The groups of one user, while they are read.
pub(super) type GroupSet = HashSet<GroupId, RandomState>;

/// An index in both directions, of sorted arrays: 8 bytes for each user in each group, apart from
/// the spare room of growing arrays.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Each group gets a number, which the users' arrays contain instead of its id.
    numbers: HashMap<GroupId, u32, RandomState>,
    groups: Slab<Group>,
    /// The most groups since memory was last released. The capacity of a hash table does not tell,
    /// because it does not count the places of removed entries.
    most_groups: usize,
    /// The groups of each user, by slot.
    users: Vec<Sorted>,
}

#[derive(Debug)]
struct Group {
    id: GroupId,
    slots: Sorted,
}

/// Distinct numbers in ascending order. A single number needs no allocation, because many groups
/// have one user on a worker.
#[derive(Debug, Default)]
enum Sorted {
    #[default]
    None,
    One(u32),
    Many(Vec<u32>),
}

impl Sorted {
    fn as_slice(&self) -> &[u32] {
        match self {
            Self::None => &[],
            Self::One(number) => std::slice::from_ref(number),
            Self::Many(numbers) => numbers,
        }
    }

    fn add(&mut self, number: u32) {
        let Err(at) = self.as_slice().binary_search(&number) else { return };
        match self {
            Self::None => *self = Self::One(number),
            Self::One(other) => {
                let pair = if at == 0 { vec![number, *other] } else { vec![*other, number] };
                *self = Self::Many(pair);
            }
            // Usually at the end, because new users get the highest slots.
            Self::Many(numbers) => numbers.insert(at, number),
        }
    }

    fn remove(&mut self, number: u32) {
        let Ok(at) = self.as_slice().binary_search(&number) else { return };
        match self {
            Self::None | Self::One(_) => *self = Self::None,
            Self::Many(numbers) => {
                numbers.remove(at);
                match numbers[..] {
                    [last] => *self = Self::One(last),
                    _ if numbers.len() < numbers.capacity() / 4 => numbers.shrink_to(2 * numbers.len()),
                    _ => {}
                }
            }
        }
    }

    fn from_sorted(mut numbers: Vec<u32>) -> Self {
        match numbers[..] {
            [] => Self::None,
            [number] => Self::One(number),
            _ => {
                numbers.shrink_to_fit();
                Self::Many(numbers)
            }
        }
    }
}

impl Subscriptions {
    pub(super) fn add(&mut self, slot: Slot, group_id: GroupId) {
        let number = self.add_to_group(slot, group_id);
        self.user(slot).add(number);
    }

    pub(super) fn remove(&mut self, slot: Slot, group_id: GroupId) {
        if let Some(&number) = self.numbers.get(&group_id) {
            self.user(slot).remove(number);
            self.remove_from_group(slot, number);
        }
    }

    pub(super) fn remove_group(&mut self, group_id: GroupId) {
        let Some(number) = self.numbers.remove(&group_id) else { return };
        for slot in self.groups.remove(number as usize).slots.as_slice() {
            self.user(*slot as usize).remove(number);
        }
    }

    /// Replaces the groups of a user.
    pub(super) fn set_user(&mut self, slot: Slot, groups: GroupSet) {
        self.remove_user(slot);
        let mut numbers: Vec<u32> = groups.into_iter().map(|group_id| self.add_to_group(slot, group_id)).collect();
        numbers.sort_unstable();
        *self.user(slot) = Sorted::from_sorted(numbers);
    }

    pub(super) fn remove_user(&mut self, slot: Slot) {
        for number in std::mem::take(self.user(slot)).as_slice() {
            self.remove_from_group(slot, *number);
        }
        // Releases the memory that a user with many groups needed.
        if self.most_groups > 4 * self.numbers.len().max(1_024) {
            self.numbers.shrink_to_fit();
            self.groups.shrink_to_fit();
            self.most_groups = self.numbers.len();
        }
    }

    pub(super) fn contains(&self, slot: Slot, group_id: GroupId) -> bool {
        self.slots(group_id).binary_search(&narrow(slot)).is_ok()
    }

    /// The users of a group, in ascending order.
    pub(super) fn of_group(&self, group_id: GroupId) -> impl Iterator<Item = Slot> {
        self.slots(group_id).iter().map(|slot| *slot as usize)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let nobody = self.users.iter().all(|groups| groups.as_slice().is_empty());
        self.numbers.is_empty() && self.groups.is_empty() && nobody
    }

    fn slots(&self, group_id: GroupId) -> &[u32] {
        match self.numbers.get(&group_id) {
            Some(number) => self.groups[*number as usize].slots.as_slice(),
            None => &[],
        }
    }

    fn user(&mut self, slot: Slot) -> &mut Sorted {
        if self.users.len() <= slot {
            self.users.resize_with(slot + 1, Sorted::default);
        }
        &mut self.users[slot]
    }

    fn add_to_group(&mut self, slot: Slot, group_id: GroupId) -> u32 {
        let groups = &mut self.groups;
        let number = *self
            .numbers
            .entry(group_id)
            .or_insert_with(|| narrow(groups.insert(Group { id: group_id, slots: Sorted::None })));
        groups[number as usize].slots.add(narrow(slot));
        self.most_groups = self.most_groups.max(self.numbers.len());
        number
    }

    fn remove_from_group(&mut self, slot: Slot, number: u32) {
        let group = &mut self.groups[number as usize];
        group.slots.remove(narrow(slot));
        if group.slots.as_slice().is_empty() {
            let Group { id, .. } = self.groups.remove(number as usize);
            self.numbers.remove(&id);
        }
    }
}

/// Slots and numbers are dense, and there is memory for far fewer than 2^32 users or groups.
fn narrow(index: usize) -> u32 {
    index as u32
}
