//! Bodies of requests, and of responses that later servers may extend.

use groups_domain::{JoinPolicy, NewMember, Role, UserId, Version};
use groups_protocol::{AddOutcome, ChangeAction, GroupBody, MemberBody};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A group, as the server describes it.
pub type Group = GroupBody<'static>;
/// A member of a group.
pub type Member = MemberBody;
/// One page of a user's groups.
pub type GroupPage = groups_protocol::GroupPage<'static>;

/// A group to create.
///
/// ```
/// use groups_client::{NewGroup, NewMember, Role, UserId};
///
/// # let (bob, carol): (UserId, UserId) = ("0197f1f0-0000-7000-8000-000000000001".parse()?, "0197f1f0-0000-7000-8000-000000000002".parse()?);
/// let group = NewGroup::new("Project Team")
///     .description("Everything about the project")
///     .member(NewMember::plain(bob))
///     .member(NewMember { user_id: carol, role: Role::Admin });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NewGroup {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<NewMember>,
}

impl NewGroup {
    /// A group with this name: 1 to 100 characters.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets the description: at most 1,000 characters. Default: empty.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Adds an initial member; at most 1,000 join with the creation.
    #[must_use]
    pub fn member(mut self, member: NewMember) -> Self {
        self.members.push(member);
        self
    }

    /// Adds initial members; at most 1,000 join with the creation.
    #[must_use]
    pub fn members(mut self, members: impl IntoIterator<Item = NewMember>) -> Self {
        self.members.extend(members);
        self
    }
}

/// New settings of a group. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The new name: 1 to 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new description: at most 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How outsiders can join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_policy: Option<JoinPolicy>,
}

/// Which part of a list to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Maximum number of entries, up to 500. Default: 100. The server may send fewer.
    pub limit: Option<u32>,
    /// The `next` of the previous page. Default: from the start.
    pub after: Option<String>,
}

impl Page {
    /// The longest page after the one that has returned this `next`.
    pub(crate) fn longest(after: Option<String>) -> Self {
        Self { limit: Some(500), after }
    }
}

/// One page of the members of a group, in order of joining.
pub type MemberPage = groups_protocol::MemberPage;

/// The result of adding users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Added {
    /// The group after the change.
    pub group: Group,
    /// One result for each user, in the order of the request.
    pub results: Vec<AddedUser>,
}

/// The result of adding one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AddedUser {
    /// The user.
    pub user_id: UserId,
    /// `None` for an outcome that this version of the library does not know. It means "not added".
    #[serde(deserialize_with = "if_known")]
    pub outcome: Option<AddOutcome>,
}

/// One page of the history of a group, oldest change first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct History {
    /// The changes.
    pub changes: Vec<ChangeRecord>,
    /// The `after` of the next page; `None` on the last page.
    pub next: Option<String>,
}

/// One change in the history of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangeRecord {
    /// The version of the group after the change.
    #[serde(skip)]
    pub version: Version,
    /// The time of the change, RFC 3339.
    #[serde(skip)]
    pub at: String,
    /// The user who made the change.
    #[serde(skip)]
    pub actor_id: UserId,
    /// Whether that user acted as an operator of the service.
    #[serde(skip)]
    pub operator: bool,
    /// The name of the action, such as `member_added`.
    #[serde(skip)]
    pub name: String,
    /// The action with its details; `None` for one that this version of the library does not know.
    #[serde(skip)]
    pub action: Option<ChangeAction<'static>>,
    /// Everything, as the server sent it.
    #[serde(flatten)]
    pub json: serde_json::Map<String, Value>,
}

impl<'de> Deserialize<'de> for ChangeRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Head {
            version: Version,
            at: String,
            actor_id: UserId,
            #[serde(default)]
            operator: bool,
            action: String,
        }
        let json = serde_json::Map::deserialize(deserializer)?;
        let head = Head::deserialize(Value::Object(json.clone())).map_err(serde::de::Error::custom)?;
        let action = ChangeAction::deserialize(Value::Object(json.clone())).ok();
        let Head { version, at, actor_id, operator, action: name } = head;
        Ok(Self { version, at, actor_id, operator, name, action, json })
    }
}

/// The role in a request.
#[derive(Serialize)]
pub(crate) struct RoleBody {
    pub(crate) role: Role,
}

/// Several users to add.
#[derive(Serialize)]
pub(crate) struct MembersBody<'a> {
    pub(crate) members: &'a [NewMember],
}

/// Whether the caller is typing.
#[derive(Serialize)]
pub(crate) struct TypingBody {
    pub(crate) typing: bool,
}

/// A name.
#[derive(Serialize)]
pub(crate) struct NameBody<'a> {
    pub(crate) name: &'a str,
}

/// A value that later servers may extend; `None` if it is not a known one.
fn if_known<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    const ID: &str = "f7a54a9e-b01a-593f-8b27-0307af030bbc";

    #[test]
    fn a_change_of_a_later_version_is_kept_as_it_is() {
        let text =
            json!({"version": 7, "at": "2026-11-23T05:59:10.065Z", "actor_id": ID, "action": "muted", "user_id": ID});
        let change: ChangeRecord = serde_json::from_value(text.clone()).unwrap();
        assert_eq!((change.version.get(), change.name.as_str(), &change.action), (7, "muted", &None));
        assert_eq!(json!(change), text);
    }

    #[test]
    fn a_known_change_is_typed() {
        let text = json!({"version": 2, "at": "2026-11-23T05:59:10.065Z", "actor_id": ID, "operator": true,
            "action": "member_left", "user_id": ID, "added_later": 1});
        let change: ChangeRecord = serde_json::from_value(text).unwrap();
        let left = ChangeAction::MemberLeft { user_id: ID.parse().unwrap(), new_owner_id: None };
        assert_eq!((change.action, change.operator), (Some(left), true));
    }

    #[test]
    fn an_unknown_outcome_is_not_an_error() {
        let result: AddedUser = serde_json::from_value(json!({"user_id": ID, "outcome": "invited"})).unwrap();
        assert_eq!(result.outcome, None);
        let result: AddedUser = serde_json::from_value(json!({"user_id": ID, "outcome": "added"})).unwrap();
        assert_eq!(result.outcome, Some(AddOutcome::Added));
    }

    #[test]
    fn the_body_of_a_request_has_only_the_set_fields() {
        assert_eq!(json!(NewGroup::new("Team")), json!({"name": "Team"}));
        let member = NewMember::plain(ID.parse().unwrap());
        let group = NewGroup::new("Team").description("About").member(member);
        let members = json!([{"user_id": ID, "role": "member"}]);
        assert_eq!(json!(group), json!({"name": "Team", "description": "About", "members": members}));
        let settings = Settings { description: Some(String::new()), ..Settings::default() };
        assert_eq!(json!(settings), json!({"description": ""}));
        let settings = Settings { join_policy: Some(JoinPolicy::Open), ..Settings::default() };
        assert_eq!(json!(settings), json!({"join_policy": "open"}));
    }
}
