//! `GET /v1/me`: who the caller is, and whether their token is good.

use actix_web::HttpResponse;
use groups_protocol::{MeBody, rfc3339};

use crate::identity::Caller;

pub(super) async fn respond(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(MeBody {
        user_id: caller.user_id,
        name: caller.name.clone(),
        expires_at: rfc3339(caller.expires_at),
    })
}
