//! `GET /v1/admin/webhooks/{webhook_id}/deliveries`: the newest attempts to deliver something.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::{AttemptBody, DeliveryPage};
use groups_store::{AttemptKey, WebhookAttempt};

use super::answer;
use crate::Problem;
use crate::groups::Groups;
use crate::input::{Paging, Reading};

pub(super) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = answer::id(&path)?;
    let Paging { limit, after } = Paging::of(&request)?;
    let key = |text: String| text.parse().map(AttemptKey).map_err(|_| Paging::not_ours());
    let after = after.map(key).transpose()?;
    let page = groups.store().webhook_attempts(id, after, limit).await?.ok_or_else(answer::not_found)?;
    let deliveries = page.attempts.into_iter().map(attempt).collect();
    let next = page.next.map(|AttemptKey(number)| number.to_string());
    Ok(reading.answer(HttpResponse::Ok().json(DeliveryPage { deliveries, next })))
}

fn attempt(attempt: WebhookAttempt) -> AttemptBody {
    AttemptBody {
        message_id: attempt.message_id,
        r#type: attempt.event_type,
        at: attempt.at.to_string(),
        attempt: attempt.attempt,
        status: attempt.status,
        error: attempt.error,
        duration_ms: attempt.duration_ms,
        response: attempt.response,
    }
}
