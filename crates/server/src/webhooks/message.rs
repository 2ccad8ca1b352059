//! The messages about changes.

use groups_domain::{GroupId, Timestamp, UserId, Version};
use groups_protocol::{ChangeBody, WebhookMessage};
use groups_store::{Cursors, LogEntry};
use uuid::Uuid;

use super::event_types::include;
use super::sender::Message;

/// The message about a change, if the types of the webhook include it.
pub(crate) fn of_change(entry: &LogEntry, cursors: &Cursors, types: Option<&[String]>) -> Option<Message> {
    let change = &entry.change;
    if !include(types, ChangeBody::new(change).action.webhook_type()) {
        return None;
    }
    let id = format!("{}.{}", change.group_id(), change.version());
    let cursor = cursors.token(&entry.position);
    Some(message(id, change.at(), &WebhookMessage::group(change, &cursor)))
}

/// The message that a user has something new. The change is the first one that it stands for.
pub(crate) fn of_catch_up(user_id: UserId, (group_id, version): (GroupId, Version), at: Timestamp) -> Message {
    let id = format!("catch_up.{user_id}.{group_id}.{version}");
    message(id, at, &WebhookMessage::catch_up(user_id, at.to_string()))
}

/// The message that shows whether a webhook works.
pub(crate) fn of_test(webhook_id: Uuid, test: Uuid, at: Timestamp) -> Message {
    message(format!("test.{test}"), at, &WebhookMessage::test(webhook_id, at.to_string()))
}

fn message(id: String, at: Timestamp, message: &WebhookMessage<'_>) -> Message {
    // The bodies have only text keys, so this does not fail.
    let body = serde_json::to_string(message).unwrap_or_default();
    Message { id, event_type: message.message_type().to_owned(), at, body }
}
