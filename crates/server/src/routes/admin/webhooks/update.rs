//! `PATCH /v1/admin/webhooks/{webhook_id}`: change the settings of a webhook, or rotate its secret.

use actix_web::{HttpResponse, web};
use groups_store::{WebhookChange, WebhookChanged};
use serde::{Deserialize, Deserializer};

use super::{answer, secret};
use crate::groups::Groups;
use crate::input::CommandRequest;
use crate::{Problem, clock};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "WebhookSettings"))]
pub(in crate::routes) struct Body {
    /// The address of the receiver. Default: no change.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::UrlInput>"))]
    url: Option<String>,
    /// The types of messages that it gets; `null` for `group.*`. Default: no change.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::EventTypesInput>"))]
    types: Option<Option<Vec<String>>>,
    /// A text for operators. Default: no change.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::DescriptionInput>"))]
    description: Option<String>,
    /// `paused` stops the deliveries, and `active` continues where they stopped. Default: no change.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::WebhookStateInput>"))]
    state: Option<String>,
    /// Whether to make a new secret. The one before also signs for 24 hours.
    rotate_secret: Option<bool>,
}

/// A field that is present, and may be `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Vec<String>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let id = answer::id(&path)?;
    let body: Body = command_request.json()?;
    let store = groups.store();
    let types = body.types.map(|types| types.as_deref().map(answer::types).transpose()).transpose()?;
    let description = body.description.as_deref().map(answer::description).transpose()?;
    let active = body.state.as_deref().map(is_active).transpose()?;
    let rotates = body.rotate_secret.unwrap_or_default();
    let secret = rotates.then(|| secret::of_request(&command_request, store)).transpose()?;
    if let Some(url) = &body.url {
        groups.webhooks().check_url(url).await.map_err(answer::url_refused)?;
    }
    let change = WebhookChange { url: body.url, types, description, active, secret };
    loop {
        let known = store.webhook(id).await?.ok_or_else(answer::not_found)?;
        if change.secret.as_ref().is_some_and(|secret| *secret == known.secrets.current) {
            // A repetition with the same key: the version that it expects was before the rotation.
            return Ok(answer::with_secret(HttpResponse::Ok(), store, &known));
        }
        let expected = command_request.expected_of(known.version).map_err(|()| answer::mismatch(known.version))?;
        match store.change_webhook(id, expected, change.clone(), clock::now()).await? {
            WebhookChanged::Changed(webhook) => {
                groups.webhooks().changed();
                return Ok(match rotates {
                    true => answer::with_secret(HttpResponse::Ok(), store, &webhook),
                    false => answer::webhook(HttpResponse::Ok(), store, &webhook),
                });
            }
            WebhookChanged::NotFound => return Err(answer::not_found()),
            // It has changed since it was read. Versions only increase, so the loop ends.
            WebhookChanged::VersionMismatch(_) => {}
        }
    }
}

fn is_active(state: &str) -> Result<bool, Problem> {
    match state {
        "active" => Ok(true),
        "paused" => Ok(false),
        _ => Err(Problem::malformed("`state` must be `active` or `paused`.")),
    }
}
