//! Messages from the server, as far as this version knows them.

use std::time::Duration;

use groups_domain::{GroupId, UserId};
use serde::Deserialize;

use super::event::GroupEvent;
use super::update::Typing;
use crate::body::Group;

/// A message from the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Welcome {
        user_id: UserId,
        resumed: bool,
        heartbeat: Duration,
    },
    Snapshot(Piece),
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
            "snapshot" => Self::Snapshot(serde_json::from_str(text)?),
            "ready" => Self::Ready { cursor: serde_json::from_str::<Ready>(text)?.cursor },
            "group_created" | "added_to_group" | "group_updated" | "role_changed" | "removed_from_group"
            | "group_deleted" => Self::Event(Box::new(GroupEvent::parse(text)?)),
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
        let event = event("group_updated", 7, &json!({"action": "banned", "user_id": ID, "group": group(7)})).unwrap();
        assert_eq!(event.body, None);
        assert!(matches!(&event.effect, Effect::Updated { group } if group.version.get() == 7));
    }

    #[test]
    fn a_reason_of_a_later_version_still_removes_the_group() {
        let event =
            event("removed_from_group", 7, &json!({"group_name": "Team", "removed_by": ID, "reason": "banned"}));
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
    fn an_event_without_what_it_changes_is_an_error() {
        assert!(event("group_updated", 2, &json!({"action": "settings_changed"})).is_err());
        assert!(event("role_changed", 2, &json!({"group": group(2)})).is_err());
        assert!(event("group_updated", 3, &json!({"action": "settings_changed", "group": group(2)})).is_err());
    }

    #[test]
    fn messages_of_later_versions_are_ignored() {
        for text in [r#"{"type":"invited_to_group","version":1}"#, r#"{"type":"pong"}"#, r#"{"type":"authenticated"}"#]
        {
            assert_eq!(Message::parse(text).unwrap(), Message::Other);
        }
        assert_eq!(Message::parse(r#"{"type":"token_expiring","expires_at":"x"}"#).unwrap(), Message::TokenExpiring);
        assert!(Message::parse("[]").is_err() && Message::parse("{}").is_err());
    }
}
