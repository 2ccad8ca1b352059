//! Webhooks: URLs that get the changes of the log.

use std::fmt;
use std::time::Duration;

use groups_domain::Timestamp;
use uuid::Uuid;

use crate::Position;

/// Maximum number of webhooks. Further ones are rejected.
pub const WEBHOOKS_MAX: u32 = 100;

/// Maximum length of a webhook's URL in bytes. The caller checks it.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2_048;

/// How long the previous secret of a webhook also signs after a rotation.
pub const PREVIOUS_SECRET_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Maximum number of attempts that are kept of each webhook. The newest are kept.
pub const WEBHOOK_ATTEMPTS_MAX: u32 = 500;

/// How long an attempt is kept.
pub const WEBHOOK_ATTEMPT_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A key that signs the messages of a webhook. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret([u8; 32]);

impl WebhookSecret {
    /// A secret of random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the key, for a signature or for the operator who configures the receiver.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// The keys of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSecrets {
    /// The key that signs.
    pub current: WebhookSecret,
    /// The key before the last rotation, which also signs for a while.
    pub previous: Option<PreviousSecret>,
}

/// The key before a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    /// The key.
    pub secret: WebhookSecret,
    /// From then on it no longer signs. It may still be stored.
    pub until: Timestamp,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The id of the webhook.
    pub webhook_id: Uuid,
    /// Starts at 1. Grows with each change of the settings and with each automatic pause.
    pub version: u64,
    /// The address of the receiver.
    pub url: String,
    /// The types of messages that it gets. `None`: every change.
    pub types: Option<Vec<String>>,
    /// A text for operators.
    pub description: String,
    /// Whether it is delivered to.
    pub state: WebhookState,
    /// The keys that sign its messages.
    pub secrets: WebhookSecrets,
    /// Every change up to here was delivered.
    pub position: Position,
    /// Starts at 1. Grows with each replay: progress of an earlier generation is refused.
    pub generation: u64,
    /// Since when the oldest undelivered message fails; `None` if it has not failed.
    pub failing_since: Option<Timestamp>,
    /// Why the last delivery failed; `None` if it has succeeded. At most 500 characters.
    pub last_error: Option<String>,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// The time of the last change of its version.
    pub updated_at: Timestamp,
}

impl Webhook {
    pub(crate) fn key(&self) -> WebhookKey {
        WebhookKey { created_at: self.created_at, webhook_id: self.webhook_id }
    }
}

/// Whether a webhook is delivered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WebhookState {
    /// Changes are delivered.
    Active,
    /// Nothing is delivered. The position stays.
    Paused(PauseReason),
}

/// Why a webhook is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseReason {
    /// An operator has paused it.
    Operator,
    /// Deliveries have failed for too long.
    Failed,
    /// The receiver has answered that it is gone for good.
    Gone,
    /// The log no longer has all changes after the position.
    LogExpired,
}

/// A webhook to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// The id of the webhook.
    pub webhook_id: Uuid,
    /// A digest of the request, to tell a retry from a different request with the same `webhook_id`.
    pub fingerprint: [u8; 32],
    /// The address of the receiver.
    pub url: String,
    /// The types of messages that it gets. `None`: every change.
    pub types: Option<Vec<String>>,
    /// A text for operators.
    pub description: String,
    /// The key that signs.
    pub secret: WebhookSecret,
    /// The current time.
    pub at: Timestamp,
}

/// The result of creating a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookCreated {
    /// It is new.
    Created(Box<Webhook>),
    /// A webhook with this id exists, made by the same request.
    Repeated(Box<Webhook>),
    /// A webhook with this id exists, made by a different request.
    IdReused,
    /// There are [`WEBHOOKS_MAX`] webhooks.
    TooMany,
}

/// New settings of a webhook. `None` keeps a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookChange {
    /// The address of the receiver. A new one ends [`Webhook::failing_since`].
    pub url: Option<String>,
    /// The types of messages, or `None` for every change.
    pub types: Option<Option<Vec<String>>>,
    /// A text for operators.
    pub description: Option<String>,
    /// Whether it is delivered to. Activating a webhook also ends [`Webhook::failing_since`].
    /// Pausing one that is paused keeps its reason.
    pub active: Option<bool>,
    /// The next secret. A no-op if it is one of the two that the webhook has, so that a repetition
    /// does not rotate again.
    pub secret: Option<WebhookSecret>,
}

/// The result of changing a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookChanged {
    /// The webhook afterwards. Its version is the same if nothing was different.
    Changed(Box<Webhook>),
    /// There is no such webhook.
    NotFound,
    /// It has this version, which is not the expected one. Nothing was changed.
    VersionMismatch(u64),
}

/// The result of deleting a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookDeleted {
    /// It is deleted, with its attempts.
    Deleted,
    /// There is no such webhook.
    NotFound,
    /// It has this version, which is not the expected one. Nothing was deleted.
    VersionMismatch(u64),
}

/// The place of a webhook in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebhookKey {
    /// The time of its creation.
    pub created_at: Timestamp,
    /// The webhook.
    pub webhook_id: Uuid,
}

/// One page of the webhooks, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookPage {
    /// The webhooks.
    pub webhooks: Vec<Webhook>,
    /// The start of the next page, if there are more.
    pub next: Option<WebhookKey>,
}

/// How far the delivery to a webhook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookProgress {
    /// The webhook.
    pub webhook_id: Uuid,
    /// [`Webhook::generation`] when the delivery began.
    pub generation: u64,
    /// Every change up to here was delivered.
    pub position: Position,
    /// Since when the oldest undelivered message fails.
    pub failing_since: Option<Timestamp>,
    /// Why the last delivery failed. Cut after 500 characters.
    pub last_error: Option<String>,
    /// New attempts, oldest first. Of these and the earlier ones the newest
    /// [`WEBHOOK_ATTEMPTS_MAX`] are kept.
    pub attempts: Vec<WebhookAttempt>,
    /// Also pauses the webhook, unless it is paused already.
    pub pause: Option<PauseReason>,
}

/// One attempt to deliver a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAttempt {
    /// The id of the message, the same for each attempt.
    pub message_id: String,
    /// The type of the message.
    pub event_type: String,
    /// The time at which it began.
    pub at: Timestamp,
    /// The number of the attempt, from 1 on.
    pub attempt: u32,
    /// The status of the response, if there was one.
    pub status: Option<u16>,
    /// Why it failed; `None` if it has succeeded. Cut after 500 characters.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The start of the body of the response. Cut after 1,000 characters.
    pub response: Option<String>,
}

/// The place of an attempt in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptKey(
    /// Its number among the attempts of the webhook.
    pub i64,
);

/// One page of the attempts of a webhook, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptPage {
    /// The attempts.
    pub attempts: Vec<WebhookAttempt>,
    /// The start of the next page, if there are more.
    pub next: Option<AttemptKey>,
}
