//! `GET /v1/admin/webhooks`, and `GET` and `DELETE /v1/admin/webhooks/{webhook_id}`.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::Timestamp;
use groups_protocol::WebhookPage;
use groups_store::{WebhookDeleted, WebhookKey};

use super::answer;
use crate::groups::Groups;
use crate::input::{self, CommandRequest, Paging, Reading};
use crate::{Problem, clock};

pub(super) async fn list(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Paging { limit, after } = Paging::of(&request)?;
    let after = after.map(|after| parse(&after).ok_or_else(Paging::not_ours)).transpose()?;
    let store = groups.store();
    let page = store.webhooks(after, limit).await?;
    let now = clock::now();
    let webhooks = page.webhooks.iter().map(|webhook| answer::body(store, webhook, now)).collect();
    Ok(reading.answer(HttpResponse::Ok().json(WebhookPage { webhooks, next: page.next.map(print) })))
}

/// The text of `next`.
fn print(WebhookKey { created_at, webhook_id }: WebhookKey) -> String {
    format!("{}-{webhook_id}", created_at.unix_millis())
}

fn parse(text: &str) -> Option<WebhookKey> {
    let (at, id) = text.split_once('-')?;
    Some(WebhookKey { created_at: Timestamp::from_unix_millis(at.parse().ok()?), webhook_id: input::uuid(id)? })
}

pub(super) async fn get(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = answer::id(&path)?;
    let webhook = groups.store().webhook(id).await?.ok_or_else(answer::not_found)?;
    Ok(reading.answer(answer::webhook(HttpResponse::Ok(), groups.store(), &webhook)))
}

pub(super) async fn remove(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let id = answer::id(&path)?;
    let store = groups.store();
    loop {
        let known = store.webhook(id).await?.ok_or_else(answer::not_found)?;
        let expected = command_request.expected_of(known.version).map_err(|()| answer::mismatch(known.version))?;
        match store.delete_webhook(id, expected).await? {
            WebhookDeleted::Deleted => {
                groups.webhooks().changed();
                return Ok(HttpResponse::NoContent().finish());
            }
            WebhookDeleted::NotFound => return Err(answer::not_found()),
            // It has changed since it was read. Versions only increase, so the loop ends.
            WebhookDeleted::VersionMismatch(_) => {}
        }
    }
}
