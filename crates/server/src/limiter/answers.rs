//! Charges reads for the size of their response, once it is known.

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};
use groups_domain::Actor;

use super::{Work, price};
use crate::Problem;
use crate::groups::Groups;

/// The caller who is charged for a response.
struct PaidBy(Actor);

/// Charges the entry price of a GET. Other methods have their own prices.
///
/// # Errors
/// [`Code::RateLimited`](crate::Code::RateLimited), with the time to wait.
pub(crate) fn charge_for_read(request: &HttpRequest, groups: &Groups, actor: Actor) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD) && groups.limiter().limits_users() {
        groups.limiter().charge(actor, Work::Read, price::request(0))?;
        request.extensions_mut().insert(PaidBy(actor));
    }
    Ok(())
}

/// Middleware that charges responses by their length.
pub(crate) async fn charge_for_answers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let response = next.call(request).await?;
    let paid_by = response.request().extensions().get::<PaidBy>().map(|paid_by| paid_by.0);
    if let (Some(actor), BodySize::Sized(bytes)) = (paid_by, response.response().body().size()) {
        Groups::of(response.request())?.limiter().charge_afterwards(actor, Work::Read, price::answer(bytes));
    }
    Ok(response)
}
