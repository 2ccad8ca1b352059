//! `GET /v1/me`: who the caller is, and whether their token is good.

use actix_web::HttpResponse;
use notify::wire::rfc3339;
use serde_json::json;

use crate::identity::Caller;

pub(super) async fn respond(caller: Caller) -> HttpResponse {
    let mut body = json!({"user_id": caller.user_id.to_string(), "expires_at": rfc3339(caller.expires_at)});
    if let Some(name) = caller.name {
        body["name"] = name.into();
    }
    HttpResponse::Ok().json(body)
}
