//! Operators: callers whose token opens `/v1/admin`.

use std::pin::Pin;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use groups_domain::Actor;

use super::{Access, Caller};
use crate::groups::Groups;
use crate::limiter::charge_for_read;
use crate::{Code, Problem};

/// A caller with [`Access::Operator`], who acts as an operator. Anybody else gets 403.
#[derive(Clone, Debug)]
pub(crate) struct Operator(Caller);

impl std::ops::Deref for Operator {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

impl Operator {
    async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if let Some(known) = request.extensions().get::<Caller>().filter(|known| known.actor().is_operator()) {
            return Ok(Self(known.clone()));
        }
        let groups = Groups::of(request)?;
        let principal = groups.identify(request).await?;
        if principal.access != Access::Operator {
            let detail = "This requires a token with the scope `groups:admin`.";
            return Err(Problem::new(Code::Forbidden, detail));
        }
        charge_for_read(request, groups, Actor::Operator(principal.user_id))?;
        groups.learn_name(&principal);
        Ok(Self(Caller::operator(principal)))
    }
}

/// Middleware that admits only operators. Every [`Caller`] of a request behind it acts as an
/// operator, so the handlers of ordinary users serve operators too.
pub(crate) async fn operators_only<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match request.extract::<Operator>().await {
        Ok(Operator(caller)) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(refusal) => Ok(request.into_response(refusal.error_response()).map_into_right_body()),
    }
}
