//! How webhooks and their deliveries are shown.

use std::io;

use groups_client::{CreatedWebhook, Delivery, PauseReason, TestResult, Webhook, WebhookState};

use crate::output::Format;

pub(in crate::commands) fn webhooks(webhooks: &[Webhook], format: Format) -> io::Result<()> {
    format.list(webhooks, ["WEBHOOK", "STATE", "FAILING SINCE", "URL", "TYPES"], |webhook| {
        [
            webhook.webhook_id.to_string(),
            state(webhook),
            text(webhook.failing_since.as_deref()),
            webhook.url.clone(),
            types(webhook),
        ]
    })
}

pub(in crate::commands) fn webhook(webhook: &Webhook, format: Format) -> io::Result<()> {
    format.one(webhook, fields(webhook))
}

/// With its secret first, which cannot be shown again.
pub(in crate::commands) fn with_secret(created: &CreatedWebhook, format: Format) -> io::Result<()> {
    let [id, url, types, description, state, since, error, previous, version, cursor] = fields(&created.webhook);
    let secret = ("secret (shown only now)", text(created.secret.as_deref()));
    format.one(created, [secret, id, url, types, description, state, since, error, previous, version, cursor])
}

fn fields(webhook: &Webhook) -> [(&'static str, String); 10] {
    [
        ("webhook", webhook.webhook_id.to_string()),
        ("url", webhook.url.clone()),
        ("types", types(webhook)),
        ("description", webhook.description.clone()),
        ("state", state(webhook)),
        ("failing since", text(webhook.failing_since.as_deref())),
        ("last error", text(webhook.last_error.as_deref())),
        ("previous secret until", text(webhook.previous_secret_until.as_deref())),
        ("version", webhook.version.to_string()),
        ("cursor", webhook.cursor.clone()),
    ]
}

/// The JSON has the whole response of the receiver.
pub(in crate::commands) fn deliveries(deliveries: &[Delivery], format: Format) -> io::Result<()> {
    format.list(deliveries, ["MESSAGE", "TYPE", "AT", "ATTEMPT", "STATUS", "MS", "ERROR"], |delivery| {
        [
            delivery.message_id.clone(),
            delivery.r#type.clone(),
            delivery.at.clone(),
            delivery.attempt.to_string(),
            status(delivery.status),
            delivery.duration_ms.to_string(),
            text(delivery.error.as_deref()),
        ]
    })
}

pub(in crate::commands) fn test(result: &TestResult, format: Format) -> io::Result<()> {
    format.one(
        result,
        [
            ("delivered", if result.delivered { "yes" } else { "no" }.to_owned()),
            ("status", status(result.status)),
            ("error", text(result.error.as_deref())),
            ("milliseconds", result.duration_ms.to_string()),
            ("response", text(result.response.as_deref())),
        ],
    )
}

fn state(webhook: &Webhook) -> String {
    let reason = webhook.reason.map(|reason| match reason {
        PauseReason::Operator => "by an operator",
        PauseReason::Failed => "deliveries have failed for too long",
        PauseReason::Gone => "the receiver has answered 410",
        PauseReason::LogExpired => "the log no longer has the next change",
    });
    match (webhook.state, reason) {
        (WebhookState::Active, _) => "active".to_owned(),
        (WebhookState::Paused, None) => "paused".to_owned(),
        (WebhookState::Paused, Some(reason)) => format!("paused: {reason}"),
    }
}

fn types(webhook: &Webhook) -> String {
    webhook.types.as_ref().map_or_else(|| "group.*".to_owned(), |types| types.join(","))
}

fn status(status: Option<u16>) -> String {
    status.map_or_else(|| "-".to_owned(), |status| status.to_string())
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}
