//! The authenticated caller of a request. Extracted before anything else is read from the request.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use groups_domain::Actor;

use super::{Access, Principal};
use crate::groups::Groups;
use crate::limiter::charge_for_read;
use crate::{Code, Problem};

/// The caller, as determined by the service's [`Identity`](super::Identity).
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    principal: Principal,
    actor: Actor,
}

impl std::ops::Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
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
    /// A caller who acts as an operator.
    pub(super) fn operator(principal: Principal) -> Self {
        Self { actor: Actor::Operator(principal.user_id), principal }
    }

    /// In which capacity the caller acts: below `/v1/admin` as an operator, elsewhere as a user,
    /// whatever the scopes of the token are.
    pub(crate) fn actor(&self) -> Actor {
        self.actor
    }

    async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        // Below `/v1/admin` the caller is already known.
        if let Some(known) = request.extensions().get::<Self>() {
            return Ok(known.clone());
        }
        let groups = Groups::of(request)?;
        let principal = groups.identify(request).await?;
        if principal.access == Access::ReadOnly && !request.method().is_safe() {
            return Err(Problem::new(
                Code::Forbidden,
                "This token only allows reading: its scope is `groups:read`. Use a token without that scope.",
            ));
        }
        let actor = Actor::Member(principal.user_id);
        charge_for_read(request, groups, actor)?;
        groups.learn_name(&principal);
        Ok(Self { principal, actor })
    }
}
