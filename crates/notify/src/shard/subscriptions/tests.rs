//! The index against a set of pairs.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::world::group;

#[derive(Clone, Debug)]
enum Step {
    Add(Slot, u128),
    Remove(Slot, u128),
    RemoveGroup(u128),
    SetUser(Slot, BTreeSet<u128>),
    RemoveUser(Slot),
}

const USERS: Slot = 6;
const GROUPS: u128 = 5;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..USERS, 0..GROUPS).prop_map(|(slot, group)| Step::Add(slot, group)),
        2 => (0..USERS, 0..GROUPS).prop_map(|(slot, group)| Step::Remove(slot, group)),
        1 => (0..GROUPS).prop_map(Step::RemoveGroup),
        2 => (0..USERS, proptest::collection::btree_set(0..GROUPS, 0..4)).prop_map(|(slot, groups)| Step::SetUser(slot, groups)),
        1 => (0..USERS).prop_map(Step::RemoveUser),
    ]
}

proptest! {
    #[test]
    fn both_directions_agree_with_a_set_of_pairs(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut index, mut pairs) = (Subscriptions::default(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Add(slot, number) => {
                    index.add(slot, group(number));
                    pairs.insert((number, slot));
                }
                Step::Remove(slot, number) => {
                    index.remove(slot, group(number));
                    pairs.remove(&(number, slot));
                }
                Step::RemoveGroup(number) => {
                    index.remove_group(group(number));
                    pairs.retain(|(other, _)| *other != number);
                }
                Step::SetUser(slot, groups) => {
                    index.set_user(slot, groups.iter().map(|number| group(*number)).collect());
                    pairs.retain(|(_, other)| *other != slot);
                    pairs.extend(groups.into_iter().map(|number| (number, slot)));
                }
                Step::RemoveUser(slot) => {
                    index.remove_user(slot);
                    pairs.retain(|(_, other)| *other != slot);
                }
            }
            for number in 0..GROUPS {
                let slots: Vec<Slot> = pairs.iter().filter(|pair| pair.0 == number).map(|pair| pair.1).collect();
                prop_assert_eq!(index.of_group(group(number)).collect::<Vec<_>>(), slots);
                for slot in 0..USERS {
                    prop_assert_eq!(index.contains(slot, group(number)), pairs.contains(&(number, slot)));
                }
            }
            prop_assert_eq!(index.is_empty(), pairs.is_empty());
        }
    }
}

#[test]
fn a_group_of_a_connected_user_takes_few_bytes() {
    let mut index = Subscriptions::default();
    for slot in 0..1_000 {
        index.set_user(slot, (0..20).map(group).collect());
    }
    let allocated = |sorted: &Sorted| match sorted {
        Sorted::Many(numbers) => numbers.capacity() * size_of::<u32>(),
        Sorted::None | Sorted::One(_) => 0,
    };
    let users: usize = index.users.iter().map(allocated).sum();
    let groups: usize = index.groups.iter().map(|(_, group)| allocated(&group.slots)).sum();
    let bytes = (users + groups) / 1_000;
    assert!(bytes <= 20 * 12, "{bytes} bytes for 20 groups of a user");
}
