//! The index against a set of pairs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::world::group;

const AUDIENCES: [Audience; 4] = [Audience::Managers, Audience::Members, Audience::Invited, Audience::Requested];

#[derive(Clone, Debug)]
enum Step {
    Set(Slot, u128, usize),
    Remove(Slot, u128),
    RemoveGroup(u128),
    SetUser(Slot, BTreeSet<u128>),
    RemoveUser(Slot),
}

const USERS: Slot = 6;
const GROUPS: u128 = 5;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..USERS, 0..GROUPS, 0..4_usize).prop_map(|(slot, group, what)| Step::Set(slot, group, what)),
        2 => (0..USERS, 0..GROUPS).prop_map(|(slot, group)| Step::Remove(slot, group)),
        1 => (0..GROUPS).prop_map(Step::RemoveGroup),
        2 => (0..USERS, proptest::collection::btree_set(0..GROUPS, 0..4)).prop_map(|(slot, groups)| Step::SetUser(slot, groups)),
        1 => (0..USERS).prop_map(Step::RemoveUser),
    ]
}

proptest! {
    #[test]
    fn both_directions_agree_with_a_set_of_pairs(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut index, mut pairs) = (Subscriptions::default(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Set(slot, number, what) => {
                    index.set(slot, group(number), AUDIENCES[what]);
                    pairs.insert((number, slot), AUDIENCES[what]);
                }
                Step::Remove(slot, number) => {
                    index.remove(slot, group(number));
                    pairs.remove(&(number, slot));
                }
                Step::RemoveGroup(number) => {
                    index.remove_group(group(number));
                    pairs.retain(|(other, _), _| *other != number);
                }
                Step::SetUser(slot, groups) => {
                    let all = groups.iter().map(|number| (group(*number), Audience::Members));
                    index.set_user(slot, all.collect());
                    pairs.retain(|(_, other), _| *other != slot);
                    pairs.extend(groups.into_iter().map(|number| ((number, slot), Audience::Members)));
                }
                Step::RemoveUser(slot) => {
                    index.remove_user(slot);
                    pairs.retain(|(_, other), _| *other != slot);
                }
            }
            for number in 0..GROUPS {
                let of_number = pairs.iter().filter(|((of, _), _)| *of == number);
                let slots: Vec<(Slot, Audience)> = of_number.map(|((_, slot), audience)| (*slot, *audience)).collect();
                prop_assert_eq!(index.of_group(group(number)).collect::<Vec<_>>(), slots);
                for slot in 0..USERS {
                    let is_member = pairs.get(&(number, slot)).is_some_and(|audience| audience.is_member());
                    prop_assert_eq!(index.is_member(slot, group(number)), is_member);
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
        index.set_user(slot, (0..20).map(|number| (group(number), Audience::Members)).collect());
    }
    fn allocated<const TAG: u32>(sorted: &Sorted<TAG>) -> usize {
        match sorted {
            Sorted::Many(numbers) => numbers.capacity() * size_of::<u32>(),
            Sorted::None | Sorted::One(_) => 0,
        }
    }
    let users: usize = index.users.iter().map(allocated).sum();
    let groups: usize = index.groups.iter().map(|(_, group)| allocated(&group.slots)).sum();
    let bytes = (users + groups) / 1_000;
    assert!(bytes <= 20 * 12, "{bytes} bytes for 20 groups of a user");
}

#[test]
fn an_array_that_is_mostly_empty_gives_its_memory_back() {
    let mut numbers = Sorted::from_sorted((0..64).collect());
    let capacity = |numbers: &Sorted<0>| match numbers {
        Sorted::Many(numbers) => numbers.capacity(),
        Sorted::None | Sorted::One(_) => 0,
    };
    let sizes: Vec<(u32, usize)> = (0..64)
        .rev()
        .map(|number| {
            numbers.remove(number);
            (number, capacity(&numbers))
        })
        .filter(|(left, _)| [16, 15, 8, 7, 2, 1, 0].contains(left))
        .collect();
    assert_eq!(sizes, [(16, 64), (15, 30), (8, 30), (7, 30), (2, 4), (1, 0), (0, 0)]);
}

#[test]
fn up_to_one_number_needs_no_allocation() {
    assert!(matches!(Sorted::<0>::from_sorted(Vec::new()), Sorted::None));
    assert!(matches!(Sorted::<0>::from_sorted(vec![7]), Sorted::One(7)));
    let mut pair = Sorted::<0>::from_sorted(vec![7, 8]);
    pair.remove(7);
    assert!(matches!(pair, Sorted::One(8)));
}

#[test]
fn the_memory_of_a_user_with_many_groups_is_given_back() {
    let mut subscriptions = Subscriptions::default();
    for (slot, numbers) in [(0, 0..6_000), (1, 6_000..7_999), (2, 7_999..8_000)] {
        subscriptions.set_user(slot, numbers.map(|number| (group(number), Audience::Members)).collect());
    }
    assert!(subscriptions.numbers.capacity() >= 8_000);
    subscriptions.remove_user(0);
    assert_eq!(subscriptions.most_groups, 8_000, "a quarter of it is used");
    subscriptions.remove_user(2);
    assert_eq!(subscriptions.most_groups, 1_999, "less than a quarter of it is used");
    assert!((1_999..4_000).contains(&subscriptions.numbers.capacity()));
    subscriptions.remove_user(1);
    assert_eq!(subscriptions.most_groups, 1_999, "a small table is kept");
}
