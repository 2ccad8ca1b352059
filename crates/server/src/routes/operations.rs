//! `GET /healthz`, `GET /readyz`: for operators and their load balancers.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::groups::Groups;
use crate::{Code, health};

/// The process runs.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// The process can serve: its database answers and can be written, as was found within the last seconds, all of its parts run, and it is
/// not about to stop. Without its bus it is slower to hear of changes that other servers made, but misses none, and so is ready.
pub(super) async fn ready(groups: web::Data<Groups>) -> HttpResponse {
    let database = groups.health().has_database();
    let components = health::components(database, groups.bus());
    let failure = groups.failure().map(|failure| format!("A part of the server has failed: {}.", failure.task));
    let detail = match (failure, groups.is_stopping(), database) {
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
        // A member beyond those of RFC 9457 is allowed by its section 3.2.
        .json(json!({
            "type": "about:blank",
            "title": code.title(),
            "status": code.status(),
            "detail": detail,
            "code": code.as_str(),
            "components": components,
        }))
}
