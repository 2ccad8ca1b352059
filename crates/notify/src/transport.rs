//! The only module that depends on actix: the handshake, and the bytes of a connection.
//!
//! `actix_ws` answers the handshake. There are two transports behind it, which share the decoder and
//! the session:
//!
//! * [`body`]: the connection is the body of its 101 response and works in every actix-web
//!   application. The HTTP/1 dispatcher keeps its two buffers of 8 KiB as long as the connection.
//! * [`direct`]: the connection owns its socket, which the server has only [lent](lend) to the
//!   dispatcher. An idle connection has no buffers.

mod body;
mod direct;
mod echo;
mod lend;
mod socket;

use std::rc::Rc;
use std::task::Waker;

use actix_web::body::{self as actix_body, BoxBody};
use actix_web::http::header;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};

use body::Body;
pub use direct::Upgraded;
use echo::Echo;
pub use echo::echo;
pub use lend::{Handover, Lender, Lent, lend};
pub use socket::{on_connect, set_socket_options};

use crate::conn::{Conn, Socket};
use crate::hub::Entry;
use crate::session::{Input, Transmit};
use crate::worker::Worker;
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

/// Answers a handshake and connects it to a peer, which is created with the maximum message size in
/// bytes.
fn upgrade(
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

/// The application side of a connection.
trait Peer {
    fn receive(&mut self, input: Input<'_>);
    fn transmit(&mut self) -> Transmit;
    fn set_waker(&mut self, waker: &Waker);
    /// Whether the connection must end without sending anything more.
    fn is_shut_down(&self) -> bool;
}

/// Every kind of peer.
enum AnyPeer {
    Member(Member),
    Echo(Box<Echo>),
}

impl Peer for AnyPeer {
    fn receive(&mut self, input: Input<'_>) {
        match self {
            Self::Member(member) => member.receive(input),
            Self::Echo(echo) => echo.receive(input),
        }
    }

    fn transmit(&mut self) -> Transmit {
        match self {
            Self::Member(member) => member.transmit(),
            Self::Echo(echo) => echo.transmit(),
        }
    }

    fn set_waker(&mut self, waker: &Waker) {
        match self {
            Self::Member(member) => member.set_waker(waker),
            Self::Echo(echo) => echo.set_waker(waker),
        }
    }

    fn is_shut_down(&self) -> bool {
        match self {
            Self::Member(member) => member.is_shut_down(),
            Self::Echo(echo) => echo.is_shut_down(),
        }
    }
}

/// A client of the hub.
struct Member {
    worker: Rc<Worker>,
    conn: Rc<Conn>,
}

impl Peer for Member {
    fn receive(&mut self, input: Input<'_>) {
        self.worker.receive(&self.conn, input);
    }

    fn transmit(&mut self) -> Transmit {
        self.worker.transmit(&self.conn)
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.conn.set_waker(waker);
    }

    fn is_shut_down(&self) -> bool {
        self.conn.is_shut_down()
    }
}

impl Drop for Member {
    /// The body is dropped before the socket, so the descriptor has not been reused by another
    /// connection yet.
    fn drop(&mut self) {
        self.worker.disconnect(&self.conn);
    }
}
