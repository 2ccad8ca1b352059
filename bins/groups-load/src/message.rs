//! WebSocket messages of the server, as far as the checks need them.

use std::borrow::Cow;

use serde::Deserialize;
use uuid::Uuid;

/// A message of the server.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    Welcome {
        resumed: bool,
    },
    Snapshot {
        groups: Vec<Listed>,
        more: bool,
    },
    Ready {
        cursor: Cow<'a, str>,
    },
    Event(Event<'a>),
    /// An ephemeral message, or one of an unknown type.
    Other,
}

/// A group in a list.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Listed {
    pub(crate) group_id: Uuid,
    pub(crate) version: u64,
}

/// An event, which moves a group from one version to the next.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) step: Step,
    pub(crate) group_id: Uuid,
    pub(crate) version: u64,
    pub(crate) cursor: Cow<'a, str>,
    /// The group's new name, if it was changed.
    pub(crate) renamed: Option<Cow<'a, str>>,
}

/// The effect of an event on the reader's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Enters,
    Stays,
    Leaves,
}

/// Why a message violates the contract.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error("not a valid message: {0}")]
    Json(#[from] serde_json::Error),
    #[error("'{0}' lacks a required field")]
    Incomplete(String),
    #[error("an event with version {event} around a group with version {group}")]
    Contradiction { event: u64, group: u64 },
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    resumed: Option<bool>,
    more: Option<bool>,
    groups: Option<Vec<Listed>>,
    #[serde(borrow)]
    cursor: Option<Cow<'a, str>>,
    group_id: Option<Uuid>,
    version: Option<u64>,
    #[serde(borrow)]
    action: Option<Cow<'a, str>>,
    #[serde(borrow)]
    group: Option<RawGroup<'a>>,
}

#[derive(Deserialize)]
struct RawGroup<'a> {
    version: u64,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl<'a> Message<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, MessageError> {
        let raw: Raw<'a> = serde_json::from_str(text)?;
        let incomplete = || MessageError::Incomplete(raw.r#type.to_string());
        let step = match raw.r#type.as_ref() {
            "welcome" => return Ok(Self::Welcome { resumed: raw.resumed.ok_or_else(incomplete)? }),
            "snapshot" => {
                let (groups, more) = raw.groups.zip(raw.more).ok_or_else(incomplete)?;
                return Ok(Self::Snapshot { groups, more });
            }
            "ready" => return Ok(Self::Ready { cursor: raw.cursor.ok_or_else(incomplete)? }),
            "group_created" | "added_to_group" => Step::Enters,
            "group_updated" | "role_changed" => Step::Stays,
            "removed_from_group" | "group_deleted" => Step::Leaves,
            _ => return Ok(Self::Other),
        };
        let (Some(group_id), Some(version), Some(cursor)) = (raw.group_id, raw.version, raw.cursor) else {
            return Err(incomplete());
        };
        match &raw.group {
            Some(group) if group.version != version => {
                return Err(MessageError::Contradiction { event: version, group: group.version });
            }
            None if step != Step::Leaves => return Err(MessageError::Incomplete(raw.r#type.into_owned())),
            _ => {}
        }
        let renamed = raw.group.filter(|_| raw.action.as_deref() == Some("settings_changed")).map(|group| group.name);
        Ok(Self::Event(Event { step, group_id, version, cursor, renamed }))
    }
}
