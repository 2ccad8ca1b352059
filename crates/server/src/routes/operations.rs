//! `GET /healthz`, `GET /readyz`: for operators and their load balancers.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::groups::Groups;
use crate::{Code, Problem};

/// The process runs.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// The process can serve: its database answers, and it is not about to stop.
pub(super) async fn ready(groups: web::Data<Groups>) -> Result<HttpResponse, Problem> {
    if groups.is_stopping() {
        return Err(Problem::new(Code::Unavailable, "the server is stopping").retry_after(1));
    }
    groups.store().ping().await?;
    Ok(HttpResponse::Ok().json(json!({"status": "ready", "connections": groups.hub().connections()})))
}
