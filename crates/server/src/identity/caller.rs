//! The caller of a request, taken from its token before anything else is looked at.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use groups_domain::{Timestamp, UserId};

use super::token::bearer;
use crate::connection::Connection;
use crate::groups::Groups;
use crate::limiter::charge_for_read;
use crate::{Code, Problem, edge};

/// Who is calling, with a good token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) user_id: UserId,
    pub(crate) name: Option<String>,
    pub(crate) expires_at: Timestamp,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl Caller {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let groups = Groups::of(request)?;
        let token = bearer(request.headers())
            .ok_or_else(|| Problem::new(Code::Unauthenticated, "The header `Authorization: Bearer …` is missing."))?;
        let claims = groups.tokens().check(token, edge::now())?;
        if let Some(connection) = request.conn_data::<Connection>() {
            connection.authenticated();
        }
        charge_for_read(request, groups, claims.user_id)?;
        groups.learn_name(&claims);
        Ok(Self { user_id: claims.user_id, name: claims.name, expires_at: claims.expires_at })
    }
}
