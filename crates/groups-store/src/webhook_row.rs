//! Rows of webhooks and of their attempts. Every row is validated.

use diesel::prelude::{Insertable, Queryable, Selectable};
use groups_domain::Timestamp;

use crate::column::Id;
use crate::row::to_stored;
use crate::schema::{webhook_attempts, webhooks};
use crate::{
    PauseReason, Position, PreviousSecret, StoreError, Webhook, WebhookAttempt, WebhookSecret, WebhookSecrets,
    WebhookState,
};

/// Maximum length of a stored error, in characters.
const ERROR_CHARS_MAX: usize = 500;

/// Maximum length of a stored response, in characters.
const RESPONSE_CHARS_MAX: usize = 1_000;

/// A webhook's row.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhooks)]
pub(crate) struct WebhookRow {
    pub(crate) id: Id,
    pub(crate) version: i64,
    pub(crate) url: String,
    pub(crate) types: Option<String>,
    pub(crate) description: String,
    pub(crate) paused: Option<i16>,
    pub(crate) secret: Vec<u8>,
    pub(crate) previous_secret: Option<Vec<u8>>,
    pub(crate) previous_until: Option<i64>,
    pub(crate) position: String,
    pub(crate) generation: i64,
    pub(crate) failing_since: Option<i64>,
    pub(crate) last_error: Option<String>,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl WebhookRow {
    pub(crate) fn new(webhook: &Webhook, fingerprint: &[u8]) -> Self {
        let previous = webhook.secrets.previous.as_ref();
        Self {
            id: Id(webhook.webhook_id),
            version: to_stored(webhook.version),
            url: webhook.url.clone(),
            types: webhook.types.as_deref().map(stored_types),
            description: webhook.description.clone(),
            paused: paused_number(webhook.state),
            secret: webhook.secrets.current.as_bytes().to_vec(),
            previous_secret: previous.map(|previous| previous.secret.as_bytes().to_vec()),
            previous_until: previous.map(|previous| previous.until.unix_millis()),
            position: webhook.position.stored(),
            generation: to_stored(webhook.generation),
            failing_since: webhook.failing_since.map(Timestamp::unix_millis),
            last_error: webhook.last_error.clone(),
            fingerprint: fingerprint.to_vec(),
            created_at: webhook.created_at.unix_millis(),
            updated_at: webhook.updated_at.unix_millis(),
        }
    }

    pub(crate) fn webhook(self) -> Result<Webhook, StoreError> {
        let id = self.id;
        let corrupt = |detail: String| StoreError::Corrupt { table: "webhooks", id: id.0.to_string(), detail };
        let secret = |bytes: Vec<u8>| {
            // The error would show the bytes.
            let bytes: Result<[u8; 32], _> = bytes.try_into();
            bytes.map(WebhookSecret::new).map_err(|_| corrupt("a secret has not 32 bytes".to_owned()))
        };
        let previous = match (self.previous_secret, self.previous_until) {
            (Some(bytes), Some(until)) => {
                Some(PreviousSecret { secret: secret(bytes)?, until: Timestamp::from_unix_millis(until) })
            }
            _ => None,
        };
        let types = self.types.as_deref().map(serde_json::from_str::<Vec<String>>).transpose();
        let position = Position::from_stored(&self.position);
        Ok(Webhook {
            webhook_id: id.0,
            version: u64::try_from(self.version).unwrap_or_default(),
            url: self.url,
            types: types.map_err(|error| corrupt(format!("types: {error}")))?,
            description: self.description,
            state: state(self.paused).map_err(corrupt)?,
            secrets: WebhookSecrets { current: secret(self.secret)?, previous },
            position: position.ok_or_else(|| corrupt(format!("{:?} is not a position", self.position)))?,
            generation: u64::try_from(self.generation).unwrap_or_default(),
            failing_since: self.failing_since.map(Timestamp::from_unix_millis),
            last_error: self.last_error,
            created_at: Timestamp::from_unix_millis(self.created_at),
            updated_at: Timestamp::from_unix_millis(self.updated_at),
        })
    }
}

/// A list of types in a column: JSON.
pub(crate) fn stored_types(types: &[String]) -> String {
    serde_json::Value::from(types).to_string()
}

fn state(paused: Option<i16>) -> Result<WebhookState, String> {
    Ok(match paused {
        None => WebhookState::Active,
        Some(1) => WebhookState::Paused(PauseReason::Operator),
        Some(2) => WebhookState::Paused(PauseReason::Failed),
        Some(3) => WebhookState::Paused(PauseReason::Gone),
        Some(4) => WebhookState::Paused(PauseReason::LogExpired),
        Some(unknown) => return Err(format!("unknown reason {unknown} of a pause")),
    })
}

fn paused_number(state: WebhookState) -> Option<i16> {
    match state {
        WebhookState::Active => None,
        WebhookState::Paused(reason) => Some(reason_number(reason)),
    }
}

/// The number of a reason.
pub(crate) fn reason_number(reason: PauseReason) -> i16 {
    match reason {
        PauseReason::Operator => 1,
        PauseReason::Failed => 2,
        PauseReason::Gone => 3,
        PauseReason::LogExpired => 4,
    }
}

/// An error in a column.
pub(crate) fn stored_error(error: &str) -> String {
    shortened(error, ERROR_CHARS_MAX)
}

/// The start of a text, without NUL characters, which PostgreSQL does not store.
fn shortened(text: &str, chars_max: usize) -> String {
    text.chars().filter(|char| *char != '\0').take(chars_max).collect()
}

/// An attempt's row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_attempts)]
pub(crate) struct AttemptRow {
    pub(crate) webhook_id: Id,
    pub(crate) seq: i64,
    pub(crate) message_id: String,
    pub(crate) event_type: String,
    pub(crate) at: i64,
    pub(crate) attempt: i64,
    pub(crate) status: Option<i16>,
    pub(crate) error: Option<String>,
    pub(crate) duration_ms: i64,
    pub(crate) response: Option<String>,
}

impl AttemptRow {
    pub(crate) fn new(webhook_id: Id, seq: i64, attempt: WebhookAttempt) -> Self {
        Self {
            webhook_id,
            seq,
            message_id: attempt.message_id,
            event_type: attempt.event_type,
            at: attempt.at.unix_millis(),
            attempt: i64::from(attempt.attempt),
            status: attempt.status.and_then(|status| i16::try_from(status).ok()),
            error: attempt.error.as_deref().map(stored_error),
            duration_ms: i64::from(attempt.duration_ms),
            response: attempt.response.as_deref().map(|text| shortened(text, RESPONSE_CHARS_MAX)),
        }
    }

    pub(crate) fn attempt(self) -> WebhookAttempt {
        WebhookAttempt {
            message_id: self.message_id,
            event_type: self.event_type,
            at: Timestamp::from_unix_millis(self.at),
            attempt: u32::try_from(self.attempt).unwrap_or(u32::MAX),
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            error: self.error,
            duration_ms: u32::try_from(self.duration_ms).unwrap_or(u32::MAX),
            response: self.response,
        }
    }
}
