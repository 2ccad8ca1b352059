//! The cache returns what was read at a version, and nothing else, within its bytes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use groups_domain::{Description, GroupName, Timestamp, UserId, Version};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const DATABASE: Uuid = Uuid::from_u128(1);

/// The only group with this id and version: its other fields are derived from both.
fn group(id: u8, version: u64) -> Group {
    let long = "x".repeat(usize::from(id) * 10);
    Group {
        group_id: GroupId::new(Uuid::from_u128(id.into())),
        owner_id: UserId::new(Uuid::from_u128(version.into())),
        join_policy: groups_domain::JoinPolicy::Closed,
        member_count: 1,
        version: Version::new(version),
        created_at: Timestamp::from_unix_millis(0),
        updated_at: Timestamp::from_unix_millis(0),
        name: GroupName::from_stored(format!("{id} at {version}")),
        description: Description::from_stored(long),
    }
}

fn listed(id: u8, version: u64) -> Listed {
    Listed::new(GroupId::new(Uuid::from_u128(id.into())), to_stored(version), Role::Member)
}

/// The bytes that the groups in a cache really need, with their texts.
fn bytes(cache: &GroupCache) -> usize {
    let groups = cache.0.lock().unwrap();
    let all = groups.young.groups.values().chain(groups.old.groups.values());
    let text = |group: &SharedGroup| group.0.text.get().map_or(0, |text| text.len());
    let strings = |group: &SharedGroup| group.name.as_str().len() + group.description.as_str().len();
    all.map(|group| size_of::<Entry>() + strings(group) + text(group)).sum()
}

proptest! {
    #[test]
    fn a_cached_group_is_the_one_that_was_read_at_that_version_and_the_cache_stays_within_its_bytes(
        steps in vec((any::<bool>(), 0_u8..40, 1_u64..4, any::<bool>()), 0..300),
        bytes_max in 0_usize..40_000,
    ) {
        let cache = GroupCache::new(bytes_max);
        for (insert, id, version, other) in steps {
            let database = if other { Uuid::from_u128(2) } else { DATABASE };
            if insert {
                cache.insert(database, [SharedGroup::new(group(id, version))]);
            }
            for found in cache.find(database, &[listed(id, version)]).into_iter().flatten() {
                prop_assert_eq!(&*found, &group(id, version));
                let text = found.text(|group| "t".repeat(group_bytes(group) + usize::from(id % 2)));
                prop_assert_eq!(text.len(), group_bytes(&found) + usize::from(id % 2));
            }
            prop_assert!(bytes(&cache) <= bytes_max);
        }
    }
}

#[test]
fn an_older_version_does_not_replace_a_newer_one_and_another_history_replaces_all() {
    let cache = GroupCache::new(1_000_000);
    cache.insert(DATABASE, [SharedGroup::new(group(1, 3)), SharedGroup::new(group(1, 2))]);
    assert_eq!(cache.find(DATABASE, &[listed(1, 2), listed(1, 3)]), [None, Some(SharedGroup::new(group(1, 3)))]);
    assert_eq!(cache.find(Uuid::from_u128(2), &[listed(1, 3)]), [None]);
    assert_eq!(cache.find(DATABASE, &[listed(1, 3)]), [None]);
}

#[test]
fn groups_that_are_read_again_and_again_stay_while_others_come_and_go() {
    let one = SharedGroup::new(group(0, 1)).bytes_max();
    let cache = GroupCache::new(one * 10);
    cache.insert(DATABASE, [SharedGroup::new(group(0, 1))]);
    for version in 1..100 {
        assert!(cache.find(DATABASE, &[listed(0, 1)])[0].is_some());
        cache.insert(DATABASE, [SharedGroup::new(group(1, version)), SharedGroup::new(group(2, version))]);
    }
}

#[test]
fn a_text_is_encoded_once_unless_escapes_make_it_longer_than_expected() {
    let shared = SharedGroup::new(group(1, 1));
    assert_eq!(shared.text(|_| "long".repeat(1_000)).len(), 4_000);
    assert_eq!(shared.text(|_| "first".to_owned()), "first");
    assert_eq!(shared.clone().text(|_| "second".to_owned()), "first");
}
