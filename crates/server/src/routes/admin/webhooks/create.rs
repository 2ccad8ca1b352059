//! `POST /v1/admin/webhooks`: create a webhook.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use groups_store::{ExecuteError, NewWebhook, WEBHOOKS_MAX, WebhookCreated};
use serde::Deserialize;

use super::{answer, secret};
use crate::groups::Groups;
use crate::input::CommandRequest;
use crate::{Code, Problem, clock, output};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewWebhook"))]
pub(in crate::routes) struct Body {
    /// The address of the receiver.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::UrlInput"))]
    url: String,
    /// The types of messages that it gets. Default: `group.*`.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::EventTypesInput>"))]
    types: Option<Vec<String>>,
    /// A text for operators. Default: empty.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::DescriptionInput>"))]
    description: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let body: Body = command_request.json()?;
    let store = groups.store();
    let types = body.types.as_deref().map(answer::types).transpose()?;
    let description = answer::description(body.description.as_deref().unwrap_or_default())?;
    let (webhook_id, fingerprint) = command_request.derived_id();
    // A repetition has the same answer, whatever its URL has become since.
    if store.webhook(webhook_id).await?.is_none() {
        groups.webhooks().check_url(&body.url).await.map_err(answer::url_refused)?;
    }
    let secret = secret::of_request(&command_request, store)?;
    let new = NewWebhook { webhook_id, fingerprint, url: body.url, types, description, secret, at: clock::now() };
    let (webhook, replayed) = match store.create_webhook(new).await? {
        WebhookCreated::Created(webhook) => {
            groups.webhooks().changed();
            (webhook, false)
        }
        WebhookCreated::Repeated(webhook) => (webhook, true),
        WebhookCreated::IdReused => return Err(ExecuteError::IdempotencyKeyReused.into()),
        WebhookCreated::TooMany => {
            let detail = format!("There are {WEBHOOKS_MAX} webhooks, the most that may be. Delete one first.");
            return Err(Problem::new(Code::TooManyWebhooks, detail));
        }
    };
    let mut response = HttpResponse::Created();
    // Relative to the request URL.
    response.insert_header((header::LOCATION, format!("webhooks/{}", webhook.webhook_id)));
    Ok(output::mark_replayed(answer::with_secret(response, store, &webhook), replayed))
}
