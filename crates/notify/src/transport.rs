//! The only module that depends on actix: the handshake, and the bytes of a connection.
//!
//! `actix_ws` answers the handshake. There are two transports behind it, which share the decoder and
//! the session:
//!
//! * [`body`]: the connection is the body of its 101 response and works in every actix-web
//!   application. The HTTP/1 dispatcher keeps its two buffers of 8 KiB as long as the connection.
//! * [`direct`]: the connection owns its socket, which the server has only [lent](lend) to the
//!   dispatcher. An idle connection has no buffers.
//!
//! Where WebSockets are blocked, the same session answers a plain request: [`event_stream`] with
//! server-sent events on the same two transports, [`catch_up`] with one JSON document.

mod any_peer;
mod body;
mod catch_up;
mod client_stream;
mod direct;
mod echo;
mod event_stream;
mod handshake;
mod lend;
mod member;
mod messages;
mod peer;
mod send_buffer;
mod slices;
mod socket;
mod stream_response;

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::UserId;

use self::any_peer::AnyPeer;
pub use self::catch_up::CatchUpError;
pub use self::client_stream::ClientStream;
pub use self::direct::Upgraded;
use self::echo::Echo;
use self::handshake::upgrade;
pub use self::lend::{Handover, Lender, Lent, lend};
use self::member::Member;
use self::messages::Messages;
pub use self::send_buffer::SendBuffer;
pub use self::socket::{on_connect, set_socket_options};
use crate::conn::Socket;
use crate::hub::{ConnectionPermit, Entry};
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
            return Ok(Refusal::Unavailable { seconds }.respond());
        }
        let permit = match self.enter(client.user_id) {
            Entry::Admitted(permit) | Entry::Excess(permit) => permit,
            Entry::Refused(wait) => return Ok(Refusal::TooMany { wait }.respond()),
        };
        upgrade(request, payload, &[SUBPROTOCOL], |socket| {
            let (worker, conn) = self.connect(client, permit, socket);
            let message_bytes_max = worker.limits().message_bytes_max;
            (AnyPeer::Member(Member { worker, conn }), message_bytes_max)
        })
    }

    /// Serves a client with server-sent events (the section of that name in the HTML standard): the
    /// messages of a WebSocket session, in the same order and with the same limits. Each has the
    /// type of its message as `event`, its cursor as `id`, and its JSON as `data`. A heartbeat is a
    /// comment. The last event is `close`, with the code and the reason of the close frame; after
    /// 1012 with `retry` before it.
    ///
    /// There is no answer to a heartbeat, so a client that is gone is noticed by TCP. The stream
    /// ends with the token, because a client cannot renew it.
    ///
    /// During a drain the response is 503 with `Retry-After`. If a user has too many connections, it
    /// is 429 with `Retry-After`. These responses have no body.
    ///
    /// # Panics
    /// Outside a Tokio local set. Every actix worker runs in one.
    pub fn event_stream(&self, request: &HttpRequest, client: Client) -> HttpResponse {
        let retry_seed = client.connection_id.as_bytes()[15];
        match self.admit(client.user_id) {
            Ok(permit) => stream_response::respond(request, retry_seed, |socket| self.messages(client, permit, socket)),
            Err(refusal) => refusal.respond(),
        }
    }

    /// Answers with what a client has missed, as one JSON document: at once if there is anything,
    /// and otherwise when something happens, at most after `wait`. Without a usable cursor, the
    /// document has the whole list, which is read as the client takes it.
    ///
    /// The session lasts as long as the request. Nothing is lost between two requests, because the
    /// next one resumes with the cursor of this answer. Cancellation-safe.
    ///
    /// The refusals are those of [`event_stream`](Self::event_stream).
    ///
    /// # Errors
    /// [`CatchUpError`] if the session ended before the first message.
    ///
    /// # Panics
    /// Outside a Tokio local set. Every actix worker runs in one.
    pub async fn catch_up(
        &self,
        request: &HttpRequest,
        client: Client,
        wait: Duration,
    ) -> Result<HttpResponse, CatchUpError> {
        match self.admit(client.user_id) {
            Ok(permit) => catch_up::respond(self.messages(client, permit, socket::of(request)), wait).await,
            Err(refusal) => Ok(refusal.respond()),
        }
    }

    fn admit(&self, user_id: UserId) -> Result<ConnectionPermit, Refusal> {
        if let Some(seconds) = self.refuses() {
            return Err(Refusal::Unavailable { seconds });
        }
        match self.enter(user_id) {
            Entry::Admitted(permit) => Ok(permit),
            Entry::Excess(_) => Err(Refusal::TooMany { wait: Duration::ZERO }),
            Entry::Refused(wait) => Err(Refusal::TooMany { wait }),
        }
    }

    fn messages(&self, client: Client, permit: ConnectionPermit, socket: Box<dyn Socket>) -> Messages {
        let (worker, conn) = self.connect(client, permit, socket);
        Messages::of(Member { worker, conn })
    }
}

/// Why a client is not admitted.
enum Refusal {
    /// The hub is draining. The client retries after so many seconds.
    Unavailable { seconds: u64 },
    /// The user has too many connections.
    TooMany { wait: Duration },
}

impl Refusal {
    fn respond(self) -> HttpResponse {
        let (mut response, seconds) = match self {
            Self::Unavailable { seconds } => (HttpResponse::ServiceUnavailable(), seconds),
            Self::TooMany { wait } => (HttpResponse::TooManyRequests(), wait.as_secs() + 1),
        };
        response.insert_header((header::RETRY_AFTER, seconds)).finish()
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
