//! `GET /v1/me`: the caller's identity. Also serves as a token check.

use actix_web::HttpResponse;
use groups_protocol::{AccessBody, MeBody};

use crate::identity::{Access, Caller};

pub(super) async fn respond(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(MeBody {
        user_id: caller.user_id,
        subject: caller.subject.clone().unwrap_or_else(|| caller.user_id.to_string()),
        name: caller.name.clone(),
        expires_at: caller.expires_at.to_string(),
        access: match caller.access {
            Access::ReadOnly => AccessBody::Read,
            Access::User => AccessBody::Write,
            Access::Operator => AccessBody::Admin,
        },
    })
}
