//! The authenticated caller of a request. Extracted before anything else is read from the request.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::Principal;
use crate::Problem;
use crate::groups::Groups;
use crate::limiter::charge_for_read;

/// The caller, as determined by the service's [`Identity`](super::Identity).
#[derive(Clone, Debug)]
pub(crate) struct Caller(Principal);

impl std::ops::Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

impl Caller {
    async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let groups = Groups::of(request)?;
        let principal = groups.identify(request).await?;
        charge_for_read(request, groups, principal.user_id)?;
        groups.learn_name(&principal);
        Ok(Self(principal))
    }
}
