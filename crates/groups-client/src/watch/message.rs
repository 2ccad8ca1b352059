//! Messages from the server, as far as this version knows them.

use std::time::Duration;

use groups_domain::{GroupId, UserId};
use serde::Deserialize;

use super::event::GroupEvent;
use super::update::Typing;
use crate::access::{Invitation, JoinRequest};
use crate::body::Group;

/// A message from the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Welcome {
        user_id: UserId,
        resumed: bool,
        heartbeat: Duration,
    },
    Snapshot(Box<Piece>),
    Ready {
        cursor: String,
    },
    Event(Box<GroupEvent>),
    Typing(Typing),
    /// The token of the connection expires within a minute.
    TokenExpiring,
    /// It changes nothing, or belongs to a later version of the contract.
    Other,
}

/// A piece of the list.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Piece {
    pub(super) groups: Vec<Group>,
    /// Only in the last piece.
    #[serde(default)]
    pub(super) invitations: Vec<Invitation>,
    #[serde(default)]
    pub(super) requests: Vec<JoinRequest>,
    pub(super) more: bool,
    pub(super) cursor: String,
}

#[derive(Deserialize)]
struct Head {
    r#type: String,
}

#[derive(Deserialize)]
struct Welcome {
    user_id: UserId,
    resumed: bool,
    heartbeat_seconds: u64,
}

#[derive(Deserialize)]
struct Ready {
    cursor: String,
}

#[derive(Deserialize)]
struct RawTyping {
    group_id: GroupId,
    user_id: UserId,
    typing: bool,
    expires_in_seconds: u64,
}

impl Message {
    /// Parses a text message.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let Head { r#type } = serde_json::from_str(text)?;
        Ok(match r#type.as_str() {
            "welcome" => {
                let Welcome { user_id, resumed, heartbeat_seconds } = serde_json::from_str(text)?;
                Self::Welcome { user_id, resumed, heartbeat: Duration::from_secs(heartbeat_seconds) }
            }
            "snapshot" => Self::Snapshot(Box::new(serde_json::from_str(text)?)),
            "ready" => Self::Ready { cursor: serde_json::from_str::<Ready>(text)?.cursor },
            "group_created" | "added_to_group" | "group_updated" | "role_changed" | "removed_from_group"
            | "group_deleted" | "invited_to_group" | "invitation_ended" | "join_requested" | "join_request_ended" => {
                Self::Event(Box::new(GroupEvent::parse(&r#type, text)?))
            }
            "typing" => {
                let RawTyping { group_id, user_id, typing, expires_in_seconds } = serde_json::from_str(text)?;
                let expires_in = Duration::from_secs(expires_in_seconds);
                Self::Typing(Typing { group_id, user_id, typing, expires_in })
            }
            "token_expiring" => Self::TokenExpiring,
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use groups_domain::Role;
    use serde_json::{Value, json};

    use super::super::event::Effect;
    use super::*;

    const ID: &str = "01a206fc-a3f1-74f8-961b-09bfcaf893aa";

    fn group(version: u64) -> Value {
        json!({"group_id": ID, "name": "Team", "description": "", "admin_id": ID, "member_count": 2, "version": version,
            "created_at": "2026-11-23T05:59:10.065Z", "updated_at": "2026-11-23T05:59:10.065Z", "join_policy": "open"})
    }

    fn event(r#type: &str, version: u64, further: &Value) -> Result<GroupEvent, serde_json::Error> {
        let mut event = json!({"type": r#type, "group_id": ID, "version": version, "cursor": "c",
            "at": "2026-11-23T05:59:10.065Z", "actor_id": ID});
        for (name, value) in further.as_object().unwrap() {
            event[name] = value.clone();
        }
        match Message::parse(&event.to_string())? {
            Message::Event(event) => Ok(*event),
            other => panic!("{other:?} is not an event"),
        }
    }

    #[test]
    fn an_action_of_a_later_version_still_updates_the_group() {
        let event = event("group_updated", 7, &json!({"action": "muted", "user_id": ID, "group": group(7)})).unwrap();
        assert_eq!(event.body, None);
        assert!(matches!(&event.effect, Effect::Updated { group } if group.version.get() == 7));
    }

    #[test]
    fn a_reason_of_a_later_version_still_removes_the_group() {
        let event = event("removed_from_group", 7, &json!({"group_name": "Team", "removed_by": ID, "reason": "moved"}));
        let event = event.unwrap();
        assert_eq!((event.body, event.effect), (None, Effect::Left { group_name: "Team".to_owned() }));
    }

    #[test]
    fn a_known_event_is_typed() {
        let further = json!({"group_name": "Team", "added_by": ID, "actor_name": "Ada", "role": "admin", "via": "link",
            "group": group(2)});
        let event = event("added_to_group", 2, &further).unwrap();
        assert_eq!(event.actor_name.as_deref(), Some("Ada"));
        assert!(matches!(event.effect, Effect::Entered { role: Role::Admin, .. }));
        assert!(event.body.is_some());
    }

    #[test]
    fn events_about_invitations_and_requests_are_typed() {
        let preview =
            json!({"group_id": ID, "name": "Team", "description": "", "member_count": 2, "join_policy": "closed"});
        let further = json!({"group": preview, "role": "admin", "invited_by": ID, "expires_at": null});
        let invited = event("invited_to_group", 3, &further).unwrap();
        let Effect::Invited { invitation } = invited.effect else { panic!("{:?}", invited.effect) };
        assert_eq!((invitation.role, invitation.version.get(), &*invitation.group.name), (Role::Admin, 3, "Team"));
        let asked = event("join_requested", 3, &json!({"group": preview, "message": "Hello"})).unwrap();
        let Effect::JoinRequested { request } = asked.effect else { panic!("{:?}", asked.effect) };
        assert_eq!((request.message.as_deref(), request.version.get()), (Some("Hello"), 3));
        let ended = json!({"group_name": "Team", "reason": "a later reason"});
        let group_name = "Team".to_owned();
        let effects = ["invitation_ended", "join_request_ended"].map(|r#type| event(r#type, 4, &ended).unwrap().effect);
        let expected =
            [Effect::InvitationEnded { group_name: group_name.clone() }, Effect::JoinRequestEnded { group_name }];
        assert_eq!(effects, expected);
        assert!(event("invited_to_group", 3, &json!({"group": preview})).is_err());
    }

    #[test]
    fn an_event_without_what_it_changes_is_an_error() {
        assert!(event("group_updated", 2, &json!({"action": "settings_changed"})).is_err());
        assert!(event("role_changed", 2, &json!({"group": group(2)})).is_err());
        assert!(event("group_updated", 3, &json!({"action": "settings_changed", "group": group(2)})).is_err());
    }

    #[test]
    fn messages_of_later_versions_are_ignored() {
        for text in [r#"{"type":"muted_in_group","version":1}"#, r#"{"type":"pong"}"#, r#"{"type":"authenticated"}"#] {
            assert_eq!(Message::parse(text).unwrap(), Message::Other);
        }
        assert_eq!(Message::parse(r#"{"type":"token_expiring","expires_at":"x"}"#).unwrap(), Message::TokenExpiring);
        assert!(Message::parse("[]").is_err() && Message::parse("{}").is_err());
    }
}
