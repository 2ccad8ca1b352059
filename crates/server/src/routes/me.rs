//! `GET /v1/me`: who the caller is, and whether their token is good.

use actix_web::HttpResponse;
use notify::wire::rfc3339;
use serde::Serialize;

use crate::identity::Caller;

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Me"))]
pub(super) struct Body {
    #[cfg_attr(test, ts(type = "Uuid"))]
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    name: Option<String>,
    /// Until when the token is good.
    #[cfg_attr(test, ts(type = "Time"))]
    expires_at: String,
}

pub(super) async fn respond(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(Body {
        user_id: caller.user_id.to_string(),
        name: caller.name,
        expires_at: rfc3339(caller.expires_at),
    })
}
