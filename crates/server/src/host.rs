//! Development mode serves nothing under a foreign host name.
//!
//! A page on the internet can let its own name resolve to this machine (DNS rebinding). The browser of
//! a developer who visits it then takes this server for a part of that page, and lets it read every
//! answer. Only the `Host` header tells: it still has the name of the page.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, ResponseError as _};

use crate::groups::Groups;
use crate::identity::is_loopback_name;
use crate::{Code, Problem};

/// Middleware that refuses requests for a foreign host name in development mode, also for WebSocket
/// upgrades and preflights.
pub(crate) async fn refuse_foreign_host<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if Groups::of(request.request())?.development().is_ok() && has_foreign_host(request.request()) {
        let detail = "In development mode the server answers only requests for localhost and loopback addresses. \
                      Set GROUPS_JWT_SECRET or GROUPS_JWKS to serve other host names.";
        let refused = Problem::new(Code::MisdirectedRequest, detail).error_response();
        return Ok(request.into_response(refused).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Browsers always send a host. Programs that send none have resolved no name.
fn has_foreign_host(request: &HttpRequest) -> bool {
    let hosts = request.headers().get_all(header::HOST);
    hosts.into_iter().any(|host| !host.to_str().is_ok_and(is_loopback_name))
}
