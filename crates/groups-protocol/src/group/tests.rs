//! A page of encoded groups is the page that serde would encode.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use groups_domain::{Description, GroupName, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::GroupPage;

fn any_group() -> impl Strategy<Value = Group> {
    (any::<u128>(), ".{0,20}", ".{0,40}", any::<u32>(), 1..=u64::MAX, any::<u32>()).prop_map(
        |(id, name, description, member_count, version, millis)| Group {
            group_id: GroupId::new(Uuid::from_u128(id)),
            owner_id: UserId::new(Uuid::from_u128(!id)),
            join_policy: JoinPolicy::Request,
            member_count,
            version: Version::new(version),
            created_at: Timestamp::from_unix_millis(0),
            updated_at: Timestamp::from_unix_millis(millis.into()),
            name: GroupName::from_stored(name),
            description: Description::from_stored(description),
        },
    )
}

proptest! {
    #[test]
    fn a_page_of_encoded_groups_is_the_page_that_serde_encodes(
        groups in vec((any_group(), 0_usize..3), 0..5),
        next in proptest::option::of(any::<u128>()),
        cursor in ".{0,20}",
    ) {
        let groups: Vec<_> = groups.into_iter().map(|(group, role)| (group, Role::ALL[role])).collect();
        let next = next.map(|id| GroupId::new(Uuid::from_u128(id)));
        let text = group_page_text(groups.iter().map(|(group, role)| (group_text(group), *role)), next, &cursor);
        let page = GroupPage {
            groups: groups.iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect(),
            next: next.map(|next| next.to_string()),
            cursor,
        };
        prop_assert_eq!(text, serde_json::to_string(&page).unwrap());
    }
}
