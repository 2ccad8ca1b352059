//! Charges the address of a request.

use actix_web::Error;
use actix_web::ResponseError as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::AddressWork;
use crate::client::ClientAddress;
use crate::groups::Groups;

/// Middleware that charges every request to the address of its client, before its token is checked.
pub(crate) async fn charge_address<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let limiter = Groups::of(request.request())?.limiter();
    if limiter.limits_addresses(AddressWork::Request) {
        let client = ClientAddress::of(request.request());
        if let Err(refusal) = limiter.charge_address(client, AddressWork::Request) {
            return Ok(request.into_response(refusal.error_response()).map_into_right_body());
        }
    }
    Ok(next.call(request).await?.map_into_left_body())
}
