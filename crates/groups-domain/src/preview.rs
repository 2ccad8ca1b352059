//! What people who are not members see of a group.

use crate::{Description, Group, GroupId, GroupName, JoinPolicy};

/// A group as outsiders see it: in the directory, with a link, or with an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Preview {
    /// The id of the group.
    pub group_id: GroupId,
    /// Its name.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
    pub name: GroupName,
    /// Its description.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
    pub description: Description,
    /// The number of its members.
    pub member_count: u32,
    /// How outsiders can join.
    pub join_policy: JoinPolicy,
}

impl From<&Group> for Preview {
    fn from(group: &Group) -> Self {
        Self {
            group_id: group.group_id,
            name: group.name.clone(),
            description: group.description.clone(),
            member_count: group.member_count,
            join_policy: group.join_policy,
        }
    }
}
