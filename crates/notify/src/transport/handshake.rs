//! The handshake, which connects a request to a peer.

use actix_web::body::{self as actix_body, BoxBody};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};

use super::any_peer::AnyPeer;
use super::body::Body;
use super::direct::Upgraded;
use super::lend::Handover;
use super::socket;
use crate::conn::Socket;

/// Answers a handshake and connects it to a peer, which is created with the maximum message size in
/// bytes.
pub(super) fn upgrade(
    request: &HttpRequest,
    payload: web::Payload,
    protocols: &[&str],
    connect: impl FnOnce(Box<dyn Socket>) -> (AnyPeer, usize),
) -> Result<HttpResponse, actix_web::Error> {
    // The decoder of actix-ws gets no input.
    let no_payload = web::Payload::extract(request).into_inner()?;
    let (response, ..) = actix_ws::handle_with_protocols(request, no_payload, protocols)?;
    let body = if let Some(handover) = request.conn_data::<Handover>() {
        let (peer, message_bytes_max) = connect(Box::new(socket::Owned));
        handover.put(Upgraded::new(peer, message_bytes_max));
        BoxBody::new(actix_body::None::new())
    } else {
        let (peer, message_bytes_max) = connect(socket::of(request));
        BoxBody::new(Body::new(peer, payload.into_inner(), message_bytes_max))
    };
    Ok(response.map_body(|_, _| body))
}
