//! `GET /healthz`, `GET /readyz`, `GET /metrics`: for operators, load balancers and Prometheus.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::groups::Groups;
use crate::metrics::Format;
use crate::request_id::RequestId;
use crate::{Code, Problem, health, metrics};

/// Liveness: the process is running.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// Readiness: the last health check found the database reachable and writable, all tasks are
/// running, and the server is not shutting down. Without its bus the server receives other servers'
/// changes later but misses none, so it is still ready.
pub(super) async fn ready(groups: web::Data<Groups>) -> HttpResponse {
    let database = groups.health().has_database();
    let components = health::components(database, groups.bus());
    let failure = groups.failure().map(|failure| format!("A part of the server has failed: {}.", failure.task));
    let detail = match (failure, groups.is_leaving() || groups.is_stopping(), database) {
        (Some(failure), _, _) => failure,
        (None, true, _) => "The server is stopping.".to_owned(),
        (None, false, false) => "The database does not answer or cannot be written.".to_owned(),
        (None, false, true) => {
            let connections = groups.hub().connections();
            return HttpResponse::Ok()
                .json(json!({"status": "ready", "connections": connections, "components": components}));
        }
    };
    let code = Code::Unavailable;
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, 1))
        .insert_header((header::CONTENT_TYPE, "application/problem+json"))
        // RFC 9457 section 3.2 allows extension members.
        .json(json!({
            "type": "about:blank",
            "title": code.title(),
            "status": code.status(),
            "detail": detail,
            "code": code.as_str(),
            "request_id": RequestId::current().map(|id| id.as_str().to_owned()),
            "components": components,
        }))
}

/// All metrics, in the text format that the client accepts.
pub(super) async fn metrics(groups: web::Data<Groups>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let format = Format::accepted_by(request.headers());
    let text = metrics::text(groups.registry(), format).map_err(|error| {
        tracing::error!(%error, "the metrics could not be encoded");
        Problem::new(Code::Internal, "The metrics cannot be encoded.")
    })?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, format.content_type())).body(text))
}
