//! `POST /v1/admin/webhooks/{webhook_id}/test`: send a message to the receiver now.

use actix_web::{HttpResponse, web};
use groups_protocol::TestResultBody;

use super::answer;
use crate::Problem;
use crate::groups::Groups;
use crate::input::CommandRequest;
use crate::webhooks::TestResult;

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    _command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let id = answer::id(&path)?;
    let webhook = groups.store().webhook(id).await?.ok_or_else(answer::not_found)?;
    let TestResult { delivered, status, error, duration_ms, response } = groups.webhooks().send_test(&webhook).await;
    Ok(HttpResponse::Ok().json(TestResultBody { delivered, status, error, duration_ms, response }))
}
