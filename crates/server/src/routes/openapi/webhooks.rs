//! The operations of webhooks.

use actix_web::http::Method;
use serde_json::json;

use super::operation::Operation;
use super::parameters::Parameter::*;
use crate::Code;

pub(super) fn operations(tag: &'static str) -> Vec<Operation> {
    let (all, one) = ("/v1/admin/webhooks", "/v1/admin/webhooks/{webhook_id}");
    let (test, deliveries) = ("/v1/admin/webhooks/{webhook_id}/test", "/v1/admin/webhooks/{webhook_id}/deliveries");
    let replay = "/v1/admin/webhooks/{webhook_id}/replay";
    let settings = [Code::InvalidUrl, Code::InvalidEventType, Code::InvalidDescription];
    let of_one = |operation: Operation| operation.takes(&[WebhookId]).codes(&[Code::WebhookNotFound]);
    let get = of_one(Operation::reads(one, "adminGetWebhook", tag, "Read a webhook"));
    let get = get.json(200, "The webhook.", &["ETag"], "Webhook");
    let operations = [
        Operation::reads(all, "adminListWebhooks", tag, "List the webhooks")
            .described("Oldest first.")
            .takes(&[Limit, After])
            .json(200, "A page.", &[], "WebhookPage"),
        Operation::changes(Method::POST, all, "adminCreateWebhook", tag, "Create a webhook")
            .described(
                "It gets the changes from now on. The answer has the secret, which no later `GET` has. A repetition with \
                 the same key has the same secret, also after 24 hours.",
            )
            .with_body("NewWebhook", true, json!({"url": "https://receiver.example/groups", "types": ["group.member_added"]}))
            .idempotent()
            .codes(&settings)
            .codes(&[Code::TooManyWebhooks])
            .json(201, "The webhook.", &["Location", "ETag", "Idempotency-Replayed"], "WebhookWithSecret")
            .linked(&get, "webhook_id"),
        get,
        of_one(Operation::changes(Method::PATCH, one, "adminUpdateWebhook", tag, "Change a webhook"))
            .described(
                "A repetition with the same key makes no further secret. A new URL or state forgets the failures before.",
            )
            .with_body("WebhookSettings", true, json!({"state": "active"}))
            .takes(&[IdempotencyKey])
            .versioned()
            .codes(&settings)
            .json(200, "The webhook, with its secret if that is new.", &["ETag"], "WebhookWithSecret"),
        of_one(Operation::changes(Method::DELETE, one, "adminDeleteWebhook", tag, "Delete a webhook"))
            .versioned()
            .empty(204, "There is no webhook.", &[]),
        of_one(Operation::changes(Method::POST, test, "adminTestWebhook", tag, "Send a test to the receiver"))
            .described("Now, whatever the state of the webhook. Takes up to 15 seconds.")
            .json(200, "What has happened.", &[], "TestResult"),
        of_one(Operation::reads(deliveries, "adminListDeliveries", tag, "List the attempts to deliver"))
            .described("Newest first: the last 500 of the last 7 days.")
            .takes(&[Limit, After])
            .json(200, "A page.", &[], "DeliveryPage"),
        of_one(Operation::changes(Method::POST, replay, "adminReplayWebhook", tag, "Deliver again from a cursor on"))
            .described("Makes the webhook active.")
            .with_body("Replay", true, json!({"after": "Zm9v"}))
            .codes(&[Code::CursorExpired])
            .json(200, "The webhook.", &["ETag"], "Webhook"),
    ];
    operations.into_iter().map(Operation::operators).collect()
}
