//! The only module that depends on actix: the handshake, and the bytes of a connection.
//!
//! `actix_ws` answers the handshake. There are two transports behind it, which share the decoder and
//! the session:
//!
//! * [`body`]: the connection is the body of its 101 response and works in every actix-web
//!   application. The HTTP/1 dispatcher keeps its two buffers of 8 KiB as long as the connection.
//! * [`direct`]: the connection owns its socket, which the server has only [lent](lend) to the
//!   dispatcher. An idle connection has no buffers.

mod any_peer;
mod body;
mod client_stream;
mod direct;
mod echo;
mod handshake;
mod lend;
mod member;
mod peer;
mod send_buffer;
mod socket;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use self::any_peer::AnyPeer;
pub use self::client_stream::ClientStream;
pub use self::direct::Upgraded;
use self::echo::Echo;
use self::handshake::upgrade;
pub use self::lend::{Handover, Lender, Lent, lend};
use self::member::Member;
pub use self::send_buffer::SendBuffer;
pub use self::socket::{on_connect, set_socket_options};
use crate::hub::Entry;
use crate::{Client, Hub};

/// The subprotocol in the contract.
const SUBPROTOCOL: &str = "groups.v1";

impl Hub {
    /// Answers the handshake and starts the session on the current worker thread, starting this
    /// thread's part of the hub on first use. The caller has already authenticated the client and
    /// decided to admit it. The subprotocol `groups.v1` is selected if the client offers it; no
    /// other is ever echoed.
    ///
    /// During a drain the response is 503 with `Retry-After`, without an upgrade. If a user has too
    /// many connections, the connection is accepted and closed with 4502, up to a low rate; beyond
    /// that rate, the response is 429 with `Retry-After`.
    ///
    /// # Errors
    /// If the request is not a valid handshake (RFC 6455, section 4.2.1). The error converts into a
    /// response.
    ///
    /// # Panics
    /// Outside a Tokio local set. Every actix worker runs in one.
    pub fn accept(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        client: Client,
    ) -> Result<HttpResponse, actix_web::Error> {
        if let Some(seconds) = self.refuses() {
            return Ok(HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, seconds)).finish());
        }
        let place = match self.enter(client.user_id) {
            Entry::Admitted(place) => Some(place),
            Entry::Excess => None,
            Entry::Refused(wait) => {
                let seconds = wait.as_secs() + 1;
                return Ok(HttpResponse::TooManyRequests().insert_header((header::RETRY_AFTER, seconds)).finish());
            }
        };
        upgrade(request, payload, &[SUBPROTOCOL], |socket| {
            let (worker, conn) = self.connect(client, place, socket);
            let message_bytes_max = worker.limits().message_bytes_max;
            (AnyPeer::Member(Member { worker, conn }), message_bytes_max)
        })
    }
}

/// Upgrades the request to a connection that echoes every message, for the conformance suite. Its
/// limits are high enough for the suite, and it has no deadlines.
///
/// # Errors
/// If the request is not a valid handshake.
#[doc(hidden)]
pub fn echo(
    request: &HttpRequest,
    payload: web::Payload,
    message_bytes_max: usize,
) -> Result<HttpResponse, actix_web::Error> {
    upgrade(request, payload, &[], |_| (AnyPeer::Echo(Box::new(Echo::new(message_bytes_max))), message_bytes_max))
}
