//! Which of the users connected to this worker are in which group.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use foldhash::fast::RandomState;
use groups_domain::{Audience, GroupId};
use slab::Slab;

/// Index of a user on the shard while they have a connection on it.
pub(super) type Slot = usize;

/// What one user is to groups, while they are read.
pub(super) type GroupSet = HashMap<GroupId, Audience, RandomState>;

/// Bits of an entry of a group that say what the user is to the group.
const AUDIENCE_BITS: u32 = 2;

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
    users: Vec<Sorted<0>>,
}

#[derive(Debug)]
struct Group {
    id: GroupId,
    /// The slots of the users, each with what the user is to the group.
    slots: Sorted<AUDIENCE_BITS>,
}

/// Numbers in ascending order, which are distinct without their last `TAG` bits. A single number needs no
/// allocation, because many groups have one user on a worker.
#[derive(Debug, Default)]
enum Sorted<const TAG: u32> {
    #[default]
    None,
    One(u32),
    Many(Vec<u32>),
}

impl<const TAG: u32> Sorted<TAG> {
    fn as_slice(&self) -> &[u32] {
        match self {
            Self::None => &[],
            Self::One(number) => std::slice::from_ref(number),
            Self::Many(numbers) => numbers,
        }
    }

    /// Where a number is, whatever its tag, or would be.
    fn find(&self, key: u32) -> Result<usize, usize> {
        self.as_slice().binary_search_by_key(&key, |number| number >> TAG)
    }

    /// Adds a number, or replaces the one that has another tag.
    fn set(&mut self, number: u32) {
        let at = match self.find(number >> TAG) {
            Err(at) => at,
            Ok(at) => {
                match self {
                    Self::None => {}
                    Self::One(known) => *known = number,
                    Self::Many(numbers) => numbers[at] = number,
                }
                return;
            }
        };
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

    fn remove(&mut self, key: u32) {
        let Ok(at) = self.find(key) else { return };
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
    /// Sets what a user is to a group.
    pub(super) fn set(&mut self, slot: Slot, group_id: GroupId, audience: Audience) {
        let number = self.set_in_group(slot, group_id, audience);
        self.user(slot).set(number);
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
            self.user((slot >> AUDIENCE_BITS) as usize).remove(number);
        }
    }

    /// Replaces everything that a user is.
    pub(super) fn set_user(&mut self, slot: Slot, groups: GroupSet) {
        self.remove_user(slot);
        let mut numbers: Vec<u32> =
            groups.into_iter().map(|(group_id, audience)| self.set_in_group(slot, group_id, audience)).collect();
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

    pub(super) fn is_member(&self, slot: Slot, group_id: GroupId) -> bool {
        let slots = self.slots(group_id);
        let found = slots.binary_search_by_key(&narrow(slot), |tagged| tagged >> AUDIENCE_BITS);
        found.is_ok_and(|at| audience_in(slots[at]).is_member())
    }

    /// The users who are something to a group, in ascending order, and what they are.
    pub(super) fn of_group(&self, group_id: GroupId) -> impl Iterator<Item = (Slot, Audience)> {
        self.slots(group_id).iter().map(|tagged| ((tagged >> AUDIENCE_BITS) as usize, audience_in(*tagged)))
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

    fn user(&mut self, slot: Slot) -> &mut Sorted<0> {
        if self.users.len() <= slot {
            self.users.resize_with(slot + 1, Sorted::default);
        }
        &mut self.users[slot]
    }

    fn set_in_group(&mut self, slot: Slot, group_id: GroupId, audience: Audience) -> u32 {
        let groups = &mut self.groups;
        let number = *self
            .numbers
            .entry(group_id)
            .or_insert_with(|| narrow(groups.insert(Group { id: group_id, slots: Sorted::None })));
        groups[number as usize].slots.set(tagged(slot, audience));
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

fn tagged(slot: Slot, audience: Audience) -> u32 {
    let audience = match audience {
        Audience::Managers => 0,
        Audience::Members => 1,
        Audience::Invited => 2,
        Audience::Requested => 3,
    };
    narrow(slot) << AUDIENCE_BITS | audience
}

fn audience_in(tagged: u32) -> Audience {
    match tagged % (1 << AUDIENCE_BITS) {
        0 => Audience::Managers,
        1 => Audience::Members,
        2 => Audience::Invited,
        _ => Audience::Requested,
    }
}

/// Slots and numbers are dense, and there is memory for far fewer than 2^30 users or groups.
fn narrow(index: usize) -> u32 {
    index as u32
}
