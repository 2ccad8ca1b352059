//! An event about a group, as a watch returns it.

use groups_domain::{GroupId, Role, UserId, Version};
use groups_protocol::EventBody;
use serde::Deserialize;

use crate::body::Group;

/// An event about one of the user's groups: one new version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupEvent {
    /// The group.
    pub group_id: GroupId,
    /// The version of the group after the change.
    pub version: Version,
    /// The time of the change, RFC 3339.
    pub at: String,
    /// The user who made the change.
    pub actor_id: UserId,
    /// The display name of that user, if the server shows it to all receivers.
    pub actor_name: Option<String>,
    /// Whether that user acted as an operator of the service.
    pub operator: bool,
    /// How the event changes the list.
    pub effect: Effect,
    /// The event with its details; `None` if it has a detail that this version of the library does not know.
    pub body: Option<EventBody<'static>>,
    /// The JSON text of the event, as the server sent it.
    pub json: String,
    pub(super) cursor: String,
}

/// How an event changes the list of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The user is a member now, with this role.
    Entered {
        /// The group after the change.
        group: Box<Group>,
        /// The user's role.
        role: Role,
    },
    /// The group has changed, but not the user's role.
    Updated {
        /// The group after the change.
        group: Box<Group>,
    },
    /// The user's role has changed.
    RoleChanged {
        /// The group after the change.
        group: Box<Group>,
        /// The user's role.
        role: Role,
    },
    /// The user is not a member any more, or the group was deleted.
    Left {
        /// The name of the group.
        group_name: String,
    },
}

/// The fields that every event has, and those that change the list. The rest may have values that this version does not know.
#[derive(Deserialize)]
struct Raw {
    r#type: String,
    group_id: GroupId,
    version: Version,
    cursor: String,
    at: String,
    actor_id: UserId,
    actor_name: Option<String>,
    #[serde(default)]
    operator: bool,
    role: Option<Role>,
    group: Option<Box<Group>>,
    #[serde(default)]
    group_name: String,
}

impl GroupEvent {
    /// Parses an event of one of the six types.
    pub(super) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        use serde::de::Error;
        let raw: Raw = serde_json::from_str(json)?;
        let Raw { group_id, version, cursor, at, actor_id, actor_name, operator, .. } = raw;
        if raw.group.as_ref().is_some_and(|group| (group.group_id, group.version) != (group_id, version)) {
            return Err(Error::custom("the event and its group contradict each other"));
        }
        let group = raw.group.ok_or_else(|| Error::missing_field("group"));
        let role = raw.role.ok_or_else(|| Error::missing_field("role"));
        let effect = match raw.r#type.as_str() {
            "group_created" | "added_to_group" => Effect::Entered { group: group?, role: role? },
            "group_updated" => Effect::Updated { group: group? },
            "role_changed" => Effect::RoleChanged { group: group?, role: role? },
            _ => Effect::Left { group_name: raw.group_name },
        };
        let body = serde_json::from_str(json).ok();
        Ok(Self { group_id, version, at, actor_id, actor_name, operator, effect, body, json: json.to_owned(), cursor })
    }

    /// The position after this event.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }
}
