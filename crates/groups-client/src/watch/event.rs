//! An event about a group, as a watch returns it.

use groups_domain::{GroupId, Role, UserId, Version};
use groups_protocol::EventBody;
use serde::Deserialize;

use crate::access::{Invitation, JoinRequest, Preview};
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
    /// The user is a member now, with this role. Their invitation or request to join has ended.
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
    /// The user is invited.
    Invited {
        /// The invitation.
        invitation: Box<Invitation>,
    },
    /// The user's invitation has ended without a membership.
    InvitationEnded {
        /// The name of the group.
        group_name: String,
    },
    /// The user has asked to join.
    JoinRequested {
        /// The request.
        request: Box<JoinRequest>,
    },
    /// The user's request to join has ended without a membership.
    JoinRequestEnded {
        /// The name of the group.
        group_name: String,
    },
}

impl Effect {
    /// Whether the group is neither in the list nor in the invitations and requests any more.
    pub(super) fn is_end(&self) -> bool {
        matches!(self, Self::Left { .. } | Self::InvitationEnded { .. } | Self::JoinRequestEnded { .. })
    }
}

/// The fields that every event has, and those that change the list. The rest may have values that this version does not know.
/// `G` is what the receiver sees of the group.
#[derive(Deserialize)]
struct Raw<G> {
    group_id: GroupId,
    version: Version,
    cursor: String,
    at: String,
    actor_id: UserId,
    actor_name: Option<String>,
    #[serde(default)]
    operator: bool,
    role: Option<Role>,
    group: Option<G>,
    #[serde(default)]
    group_name: String,
    expires_at: Option<String>,
    message: Option<String>,
}

impl GroupEvent {
    /// Parses an event of one of the known types.
    pub(super) fn parse(r#type: &str, json: &str) -> Result<Self, serde_json::Error> {
        match r#type {
            "invited_to_group" | "join_requested" => {
                let mut raw: Raw<Preview> = serde_json::from_str(json)?;
                let group = raw.group.take().ok_or_else(|| missing("group"))?;
                if group.group_id != raw.group_id {
                    return Err(contradiction());
                }
                let (at, version) = (raw.at.clone(), raw.version);
                let effect = if r#type == "join_requested" {
                    let message = raw.message.take().map(Into::into);
                    Effect::JoinRequested { request: Box::new(JoinRequest { group, message, at, version }) }
                } else {
                    let role = raw.role.ok_or_else(|| missing("role"))?;
                    let (invited_by, expires_at) = (raw.actor_id, raw.expires_at.take());
                    let invitation = Invitation { group, role, invited_by, at, expires_at, version };
                    Effect::Invited { invitation: Box::new(invitation) }
                };
                Ok(Self::new(raw, effect, json))
            }
            _ => {
                let mut raw: Raw<Group> = serde_json::from_str(json)?;
                let known = raw.group.take();
                if known.as_ref().is_some_and(|group| (group.group_id, group.version) != (raw.group_id, raw.version)) {
                    return Err(contradiction());
                }
                let group = known.map(Box::new).ok_or_else(|| missing("group"));
                let role = raw.role.ok_or_else(|| missing("role"));
                let group_name = std::mem::take(&mut raw.group_name);
                let effect = match r#type {
                    "group_created" | "added_to_group" => Effect::Entered { group: group?, role: role? },
                    "group_updated" => Effect::Updated { group: group? },
                    "role_changed" => Effect::RoleChanged { group: group?, role: role? },
                    "invitation_ended" => Effect::InvitationEnded { group_name },
                    "join_request_ended" => Effect::JoinRequestEnded { group_name },
                    _ => Effect::Left { group_name },
                };
                Ok(Self::new(raw, effect, json))
            }
        }
    }

    fn new<G>(raw: Raw<G>, effect: Effect, json: &str) -> Self {
        let Raw { group_id, version, cursor, at, actor_id, actor_name, operator, .. } = raw;
        let body = serde_json::from_str(json).ok();
        Self { group_id, version, at, actor_id, actor_name, operator, effect, body, json: json.to_owned(), cursor }
    }

    /// The position after this event.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }
}

fn missing(field: &'static str) -> serde_json::Error {
    serde::de::Error::missing_field(field)
}

fn contradiction() -> serde_json::Error {
    serde::de::Error::custom("the event and its group contradict each other")
}
