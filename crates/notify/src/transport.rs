//! The only module that depends on actix: the handshake, the response body that sends frames, and
//! input.
//!
//! `actix_ws::handle_with_protocols` answers the handshake and decodes client messages. Its
//! response body is replaced: the HTTP/1 dispatcher polls [`Body`], which first checks for input
//! and then yields encoded frames, as many as fit into one write. A connection needs no task and no
//! channel. The original body is kept but never polled, because dropping it ends the message
//! stream.
//!
//! Three safeguards are needed:
//!
//! * [`Frames`] feeds the decoder one frame at a time. Otherwise the decoder decodes everything
//!   received before it yields the first message, and buffers a frame of any announced length
//!   before it rejects it.
//! * Long frames are sent in slices of [`SLICE_BYTES`], so that the dispatcher's write buffer never
//!   outgrows its initial 8 KiB, given `h1_write_buffer_size(7 * 1024)`. The buffer never shrinks
//!   during the life of the connection.
//! * [`socket`] shuts down the socket of a client that reads nothing, because actix does not poll a
//!   body while its write buffer is full.
//!
//! The server must be built with `.on_connect(notify::on_connect)`, `.tcp_nodelay(true)`,
//! `.h1_write_buffer_size(7 * 1024)` and `.client_disconnect_timeout(Duration::ZERO)`; the last one
//! closes TCP immediately after the close handshake, instead of a second later.

mod echo;
mod frames;
mod socket;

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_http::BoxedPayloadStream;
use actix_http::error::PayloadError;
use actix_http::ws::{CloseReason, Item, Message, ProtocolError as WsError};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, dev, web};
use bytes::Bytes;
use futures_util::{FutureExt as _, Stream as _};

pub use echo::echo;
use frames::{Frames, Tap};
pub use socket::on_connect;

use crate::conn::Conn;
use crate::hub::Entry;
use crate::session::{Input, ProtocolError, Transmit};
use crate::worker::Worker;
use crate::{Client, Hub};

/// The subprotocol in the contract.
const SUBPROTOCOL: &str = "groups.v1";

/// Maximum number of bytes of a frame passed to the dispatcher at once.
const SLICE_BYTES: usize = 1_024;

/// Number of frames to read from one client before yielding to other tasks.
const INPUTS_PER_TURN: usize = 64;

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
        upgrade(request, payload, &[SUBPROTOCOL], || {
            let (worker, conn) = self.connect(client, place, socket::of(request));
            let message_bytes_max = worker.limits().message_bytes_max;
            (Member { worker, conn }, message_bytes_max)
        })
    }
}

/// Answers a handshake and connects it to a peer, which is created with the maximum message size in
/// bytes.
fn upgrade<P: Peer>(
    request: &HttpRequest,
    payload: web::Payload,
    protocols: &[&str],
    connect: impl FnOnce() -> (P, usize),
) -> Result<HttpResponse, actix_web::Error> {
    let frames = Rc::new(RefCell::new(Frames::new(payload.into_inner())));
    // The only way to create a custom `web::Payload`.
    let tap: BoxedPayloadStream = Box::pin(Tap(Rc::clone(&frames)));
    let mut tapped = dev::Payload::Stream { payload: tap };
    let tapped = match web::Payload::from_request(request, &mut tapped).now_or_never() {
        Some(tapped) => tapped?,
        None => return Err(actix_web::error::ErrorInternalServerError("the payload is not there")),
    };
    let (response, _session, stream) = actix_ws::handle_with_protocols(request, tapped, protocols)?;
    let (peer, message_bytes_max) = connect();
    frames.borrow_mut().set_max(message_bytes_max);
    let stream = stream.max_frame_size(message_bytes_max);
    Ok(response.map_body(|_, original| {
        BoxBody::new(Body {
            peer,
            message_bytes_max,
            stream,
            frames,
            _original: original,
            fragments: None,
            unsent: Bytes::new(),
            reading: Reading::Messages,
        })
    }))
}

/// The application side of a connection.
trait Peer: Unpin + 'static {
    fn receive(&mut self, input: Input<'_>);
    fn transmit(&mut self) -> Transmit;
    fn set_waker(&mut self, waker: &Waker);
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
}

impl Drop for Member {
    /// The body is dropped before the socket, so the descriptor has not been reused by another
    /// connection yet.
    fn drop(&mut self) {
        self.worker.disconnect(&self.conn);
    }
}

/// Which input is still read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Messages,
    /// After a protocol violation: only the close frame is awaited.
    CloseOnly,
    /// The client sends nothing more.
    Ended,
}

/// The body of an upgraded response.
struct Body<P> {
    peer: P,
    message_bytes_max: usize,
    stream: actix_ws::MessageStream,
    /// Shared with the message stream.
    frames: Rc<RefCell<Frames>>,
    _original: BoxBody,
    fragments: Option<Box<Fragments>>,
    /// The unsent rest of a frame.
    unsent: Bytes,
    reading: Reading,
}

/// The fragments of an incomplete message.
struct Fragments {
    text: bool,
    message: Vec<u8>,
    /// Number of bytes checked to be UTF-8.
    checked: usize,
}

impl<P: Peer> MessageBody for Body<P> {
    type Error = actix_web::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.unsent.is_empty() {
            // Input first, so that a client that downloads a long list can still send.
            this.read(cx);
            if this.reading == Reading::Ended {
                return Poll::Ready(None);
            }
            match this.peer.transmit() {
                Transmit::Frame(frame) => this.unsent = frame,
                Transmit::End => return Poll::Ready(None),
                Transmit::Wait => {
                    this.peer.set_waker(cx.waker());
                    return Poll::Pending;
                }
            }
        }
        let slice = this.unsent.split_to(this.unsent.len().min(SLICE_BYTES));
        if this.unsent.is_empty() {
            // Releases the shared frame.
            this.unsent = Bytes::new();
        }
        Poll::Ready(Some(Ok(slice)))
    }
}

impl<P: Peer> Body<P> {
    fn read(&mut self, cx: &mut Context<'_>) {
        for _ in 0..INPUTS_PER_TURN {
            match self.reading {
                Reading::Ended => return,
                Reading::CloseOnly => {
                    match self.frames.borrow_mut().poll_close(cx) {
                        Poll::Pending => {}
                        Poll::Ready(true) => self.peer.receive(Input::Close(None)),
                        Poll::Ready(false) => self.reading = Reading::Ended,
                    }
                    return;
                }
                Reading::Messages => match Pin::new(&mut self.stream).poll_next(cx) {
                    Poll::Pending => return,
                    Poll::Ready(Some(Ok(message))) => self.message(message),
                    Poll::Ready(Some(Err(error))) => match protocol_error_of(&error) {
                        Some(fault) => self.fault(fault),
                        None => self.reading = Reading::Ended,
                    },
                    Poll::Ready(None) => self.reading = Reading::Ended,
                },
            }
        }
        cx.waker().wake_by_ref();
    }

    fn fault(&mut self, fault: ProtocolError) {
        self.fragments = None;
        self.reading = Reading::CloseOnly;
        self.peer.receive(Input::ProtocolError(fault));
        if self.frames.borrow().close_seen() {
            // The close frame itself was invalid, so no other will follow.
            self.peer.receive(Input::Close(None));
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Text(text) => self.peer.receive(Input::Text(&text)),
            Message::Binary(bytes) => self.peer.receive(Input::Binary(&bytes)),
            Message::Ping(payload) => self.peer.receive(Input::Ping(&payload)),
            Message::Pong(_) => self.peer.receive(Input::Pong),
            Message::Nop => {}
            Message::Close(reason) => {
                let code = reason.map(|CloseReason { code, .. }| u16::from(code));
                self.peer.receive(Input::Close(code));
            }
            Message::Continuation(item) => {
                if let Err(fault) = self.fragment(item) {
                    self.fault(fault);
                }
            }
        }
    }

    fn fragment(&mut self, item: Item) -> Result<(), ProtocolError> {
        let (bytes, last) = match item {
            Item::FirstText(bytes) => {
                self.fragments = Some(Box::new(Fragments::new(true)));
                (bytes, false)
            }
            Item::FirstBinary(bytes) => {
                self.fragments = Some(Box::new(Fragments::new(false)));
                (bytes, false)
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        let Some(fragments) = &mut self.fragments else { return Err(ProtocolError::Protocol) };
        fragments.add(&bytes, last, self.message_bytes_max)?;
        if !last {
            self.peer.receive(Input::Fragment);
        } else if let Some(fragments) = self.fragments.take() {
            match std::str::from_utf8(&fragments.message) {
                Ok(text) if fragments.text => self.peer.receive(Input::Text(text)),
                Err(_) if fragments.text => return Err(ProtocolError::InvalidUtf8),
                _ => self.peer.receive(Input::Binary(&fragments.message)),
            }
        }
        Ok(())
    }
}

impl Fragments {
    fn new(text: bool) -> Self {
        Self { text, message: Vec::new(), checked: 0 }
    }

    /// Rejects invalid UTF-8 as early as possible, not at the end of the message.
    fn add(&mut self, bytes: &[u8], last: bool, message_bytes_max: usize) -> Result<(), ProtocolError> {
        if self.message.len() + bytes.len() > message_bytes_max {
            return Err(ProtocolError::TooLong);
        }
        self.message.extend_from_slice(bytes);
        if !self.text {
            return Ok(());
        }
        match std::str::from_utf8(&self.message[self.checked..]) {
            Ok(_) => self.checked = self.message.len(),
            Err(error) if last || error.error_len().is_some() => return Err(ProtocolError::InvalidUtf8),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(())
    }
}

/// The protocol violation of the client; `None` if it disconnected.
fn protocol_error_of(error: &WsError) -> Option<ProtocolError> {
    let WsError::Io(error) = error else {
        return Some(match error {
            WsError::Overflow => ProtocolError::TooLong,
            _ => ProtocolError::Protocol,
        });
    };
    let cause = error.get_ref();
    if cause.is_some_and(|cause| cause.is::<std::str::Utf8Error>()) {
        return Some(ProtocolError::InvalidUtf8);
    }
    match cause.and_then(|cause| cause.downcast_ref::<PayloadError>()) {
        Some(PayloadError::Overflow) => Some(ProtocolError::TooLong),
        Some(_) => None,
        // actix reports reserved bits as invalid data.
        None => (error.kind() == std::io::ErrorKind::InvalidData).then_some(ProtocolError::Protocol),
    }
}
