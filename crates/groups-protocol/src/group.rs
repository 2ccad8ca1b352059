//! The wire form of a group, used by all responses and events.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use groups_domain::{Group, GroupId, JoinPolicy, Preview, Role, UserId, Version};
use serde::{Deserialize, Serialize};

/// A group on the wire. `role` is the receiver's own role. Events do not have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), schemars(rename = "Group"))]
pub struct GroupBody<'a> {
    /// The id of the group, a UUIDv7. Newer groups have greater ids.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub group_id: GroupId,
    /// The name: 1 to 100 characters, trimmed.
    #[cfg_attr(test, schemars(length(min = 1, max = 100)))]
    pub name: Cow<'a, str>,
    /// The description: at most 1,000 characters.
    #[cfg_attr(test, schemars(length(max = 1_000)))]
    pub description: Cow<'a, str>,
    /// The owner of the group.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub admin_id: UserId,
    /// How outsiders can join.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "JoinPolicy"), schemars(with = "crate::schema::JoinPolicy"))]
    pub join_policy: JoinPolicy,
    /// The number of members, including the owner.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub member_count: u32,
    /// The version: 1 at creation, incremented by exactly 1 with every change of the group or its memberships.
    #[cfg_attr(test, ts(type = "number"), schemars(with = "crate::schema::Version"))]
    pub version: Version,
    /// The time at which the group was created.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub created_at: String,
    /// The time of the last change.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub updated_at: String,
    /// The receiver's own role. Absent in events, and if the receiver is not a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Role"), schemars(with = "Option<crate::schema::Role>"))]
    pub role: Option<Role>,
}

impl<'a> GroupBody<'a> {
    /// The wire form of a group. `role` is the receiver's role; `None` omits it.
    pub fn new(group: &'a Group, role: Option<Role>) -> Self {
        Self {
            group_id: group.group_id,
            name: group.name.as_str().into(),
            description: group.description.as_str().into(),
            admin_id: group.owner_id,
            join_policy: group.join_policy,
            member_count: group.member_count,
            version: group.version,
            created_at: group.created_at.to_string(),
            updated_at: group.updated_at.to_string(),
            role,
        }
    }
}

/// A group as people see it who are not members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Preview"), schemars(rename = "Preview"))]
pub struct PreviewBody<'a> {
    /// The id of the group.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub group_id: GroupId,
    /// The name.
    #[cfg_attr(test, schemars(length(min = 1, max = 100)))]
    pub name: Cow<'a, str>,
    /// The description.
    #[cfg_attr(test, schemars(length(max = 1_000)))]
    pub description: Cow<'a, str>,
    /// The number of members, including the owner.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub member_count: u32,
    /// How outsiders can join.
    #[cfg_attr(test, ts(type = "JoinPolicy"), schemars(with = "crate::schema::JoinPolicy"))]
    pub join_policy: JoinPolicy,
}

impl<'a> PreviewBody<'a> {
    /// The wire form of a preview.
    pub fn new(preview: &'a Preview) -> Self {
        Self {
            group_id: preview.group_id,
            name: preview.name.as_str().into(),
            description: preview.description.as_str().into(),
            member_count: preview.member_count,
            join_policy: preview.join_policy,
        }
    }
}

/// A group as JSON without a role: the part of its wire form that is the same for all receivers.
pub fn group_text(group: &Group) -> String {
    #[expect(clippy::expect_used, reason = "our own types serialize to memory without I/O or non-string map keys")]
    serde_json::to_string(&GroupBody::new(group, None)).expect("a group serializes to JSON")
}

/// Groups as the elements of a JSON array, each with the receiver's role. They are made from groups that
/// are already [encoded](group_text).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupTexts(String);

impl GroupTexts {
    /// Adds a group.
    pub fn push(&mut self, group: &str, role: Role) {
        let Self(text) = self;
        if !text.is_empty() {
            text.push(',');
        }
        push_with_role(text, group, role);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> FromIterator<(T, Role)> for GroupTexts {
    fn from_iter<I: IntoIterator<Item = (T, Role)>>(groups: I) -> Self {
        let mut texts = Self::default();
        groups.into_iter().for_each(|(group, role)| texts.push(group.as_ref(), role));
        // It may wait for a slow client.
        texts.0.shrink_to_fit();
        texts
    }
}

/// A [`GroupPage`](crate::GroupPage) as JSON, from groups that are already [encoded](group_text),
/// each with the receiver's role.
pub fn group_page_text<T: AsRef<str>>(
    groups: impl IntoIterator<Item = (T, Role)>,
    next: Option<GroupId>,
    cursor: &str,
) -> String {
    // Most pages fit at once.
    const BYTES: usize = 64 * 1024;
    let mut page = String::with_capacity(BYTES);
    page.push_str("{\"groups\":[");
    for (number, (group, role)) in groups.into_iter().enumerate() {
        if number > 0 {
            page.push(',');
        }
        push_with_role(&mut page, group.as_ref(), role);
    }
    page.push_str("],\"next\":");
    match next {
        Some(next) => page.push_str(&format!("\"{next}\"")),
        None => page.push_str("null"),
    }
    page.push_str(",\"cursor\":");
    page.push_str(&serde_json::Value::from(cursor).to_string());
    page.push('}');
    page
}

/// Appends a group with the receiver's role.
fn push_with_role(text: &mut String, group: &str, role: Role) {
    text.push_str(group.strip_suffix('}').unwrap_or(group));
    text.push_str(",\"role\":\"");
    text.push_str(role.as_str());
    text.push_str("\"}");
}
