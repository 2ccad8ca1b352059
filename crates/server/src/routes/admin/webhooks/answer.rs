//! How webhooks are shown, and what is wrong with requests about them.

use actix_web::http::header::{ETag, EntityTag};
use actix_web::{HttpResponse, HttpResponseBuilder};
use groups_domain::{Description, Timestamp};
use groups_protocol::{CreatedWebhookBody, PauseReasonBody, WebhookBody, WebhookStateBody};
use groups_store::{PauseReason, Store, Webhook, WebhookState};
use uuid::Uuid;

use super::secret;
use crate::webhooks::{TypesRefused, UrlRefused, check_types};
use crate::{Code, Problem, clock, input};

/// The webhook as operators see it.
pub(super) fn body(store: &Store, webhook: &Webhook, now: Timestamp) -> WebhookBody {
    let (state, reason) = match webhook.state {
        WebhookState::Active => (WebhookStateBody::Active, None),
        WebhookState::Paused(reason) => (WebhookStateBody::Paused, Some(reason_body(reason))),
    };
    let previous = webhook.secrets.previous.as_ref().map(|previous| previous.until);
    WebhookBody {
        webhook_id: webhook.webhook_id,
        version: webhook.version,
        url: webhook.url.clone(),
        types: webhook.types.clone(),
        description: webhook.description.clone(),
        state,
        reason,
        cursor: store.cursors().token(&webhook.position),
        failing_since: webhook.failing_since.map(|at| at.to_string()),
        last_error: webhook.last_error.clone(),
        previous_secret_until: previous.filter(|until| *until > now).map(|until| until.to_string()),
        created_at: webhook.created_at.to_string(),
        updated_at: webhook.updated_at.to_string(),
    }
}

fn reason_body(reason: PauseReason) -> PauseReasonBody {
    match reason {
        PauseReason::Operator => PauseReasonBody::Operator,
        PauseReason::Failed => PauseReasonBody::Failed,
        PauseReason::Gone => PauseReasonBody::Gone,
        PauseReason::LogExpired => PauseReasonBody::LogExpired,
    }
}

/// Responds with a webhook, and its version as the entity tag.
pub(super) fn webhook(mut response: HttpResponseBuilder, store: &Store, webhook: &Webhook) -> HttpResponse {
    response.insert_header(etag(webhook.version)).json(body(store, webhook, clock::now()))
}

/// The same with the current secret, which no other response has.
pub(super) fn with_secret(mut response: HttpResponseBuilder, store: &Store, webhook: &Webhook) -> HttpResponse {
    let secret = Some(secret::text(&webhook.secrets.current));
    let webhook_body = body(store, webhook, clock::now());
    response.insert_header(etag(webhook.version)).json(CreatedWebhookBody { secret, webhook: webhook_body })
}

fn etag(version: u64) -> ETag {
    ETag(EntityTag::new_strong(version.to_string()))
}

/// Parses the webhook id in the path.
pub(super) fn id(text: &str) -> Result<Uuid, Problem> {
    input::uuid(text).ok_or_else(|| Problem::malformed("The webhook id in the path is not a UUID."))
}

/// Parses a description. The same rules as for a group.
pub(super) fn description(text: &str) -> Result<String, Problem> {
    Ok(Description::parse(text).map_err(Problem::description)?.as_str().to_owned())
}

/// Parses the types of messages that a webhook gets.
pub(super) fn types(names: &[String]) -> Result<Vec<String>, Problem> {
    let refused = |refused: TypesRefused| Problem::new(Code::InvalidEventType, refused.to_string());
    check_types(names).map_err(refused)
}

/// The problem for a URL that cannot be that of a webhook.
pub(super) fn url_refused(refused: UrlRefused) -> Problem {
    Problem::new(Code::InvalidUrl, refused.to_string())
}

pub(super) fn not_found() -> Problem {
    Problem::new(Code::WebhookNotFound, "There is no such webhook.")
}

/// The problem for a webhook whose version the request does not accept.
pub(super) fn mismatch(current: u64) -> Problem {
    let detail = format!("The webhook has changed: its entity tag is now `\"{current}\"`.");
    Problem::new(Code::VersionMismatch, detail)
}
