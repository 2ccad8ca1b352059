//! The one place that knows actix: the handshake, the body that a connection's frames go out through, and what comes in.
//!
//! `actix_ws::handle_with_protocols` answers the handshake and decodes what clients send. Its response body is replaced by
//! ours: the HTTP/1 dispatcher polls [`Body`], which first looks for input and then yields frames that are encoded already, as
//! many as fit into one write. No task and no channel is made for a connection. The original body is kept unpolled,
//! because its drop ends the message stream.
//!
//! Three guards stand around it:
//!
//! * [`Frames`] feeds the decoder frame by frame. Else it decodes all that has come before it yields the first message, and
//!   collects a frame of any announced length before it refuses it.
//! * Long frames go out in slices of [`SLICE_BYTES`], so that the dispatcher's write buffer never outgrows its first 8 KiB, given
//!   `h1_write_buffer_size(7 * 1024)`; it would keep the peak for the life of the connection.
//! * [`socket`] shuts down the socket of a client that takes nothing: actix does not poll a body while its write buffer
//!   is full.
//!
//! The server has to be built with `.on_connect(notify::on_connect)`, `.tcp_nodelay(true)`, `.h1_write_buffer_size(7 * 1024)` and
//! `.client_disconnect_timeout(Duration::ZERO)` (a close handshake ends TCP at once, instead of a second later).

mod echo;
mod frames;
mod socket;

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_http::BoxedPayloadStream;
use actix_http::error::PayloadError;
use actix_http::ws::{CloseReason, Item, Message, ProtocolError};
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
use crate::session::{Fault, Input, Transmit};
use crate::worker::Worker;
use crate::{Client, Hub};

/// The subprotocol of the contract.
const SUBPROTOCOL: &str = "groups.v1";

/// The most of a frame that is handed to the dispatcher at once.
const SLICE_BYTES: usize = 1_024;

/// Frames that are taken from one client before other tasks have their turn.
const INPUTS_PER_TURN: usize = 64;

impl Hub {
    /// Answers the handshake and begins the session, on the worker thread that calls it; starts that worker's part of the
    /// hub on first use. Who the client is and whether it may come in was decided before; `groups.v1` is
    /// selected where the client offers it, and nothing else that it offers is ever echoed.
    ///
    /// During a drain the answer is 503 with `Retry-After`, before any upgrade. A user who has too many connections open is told so by
    /// the close code 4502, at a low rate; beyond it the answer is 429 with `Retry-After`.
    ///
    /// # Errors
    /// Where the request is no handshake (RFC 6455, section 4.2.1); it answers itself with a status.
    ///
    /// # Panics
    /// Outside of a Tokio local set, such as every actix worker is.
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

/// Answers a handshake and gives the connection to a peer; the peer is made with the longest message that it takes, in bytes.
fn upgrade<P: Peer>(
    request: &HttpRequest,
    payload: web::Payload,
    protocols: &[&str],
    connect: impl FnOnce() -> (P, usize),
) -> Result<HttpResponse, actix_web::Error> {
    let frames = Rc::new(RefCell::new(Frames::new(payload.into_inner())));
    // The one way to make a `web::Payload` of one's own.
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

/// Who is behind a connection.
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
    /// The body is dropped before the socket, so nobody shuts down a descriptor that is another's by now.
    fn drop(&mut self) {
        self.worker.disconnect(&self.conn);
    }
}

/// How far the client is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Messages,
    /// After a fault: until its close frame only.
    CloseOnly,
    /// It says no more.
    Ended,
}

/// The body of an upgraded response.
struct Body<P> {
    peer: P,
    message_bytes_max: usize,
    stream: actix_ws::MessageStream,
    /// The same that the stream reads from.
    frames: Rc<RefCell<Frames>>,
    _original: BoxBody,
    fragments: Option<Box<Fragments>>,
    /// What of a frame was not handed out yet.
    unsent: Bytes,
    reading: Reading,
}

/// The fragments of a message that has not ended.
struct Fragments {
    text: bool,
    message: Vec<u8>,
    /// How much of it is known to be UTF-8.
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
            // Input comes first: a client that downloads a long list must be heard meanwhile.
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
            // Let go of the shared frame.
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
                    Poll::Ready(Some(Err(error))) => match fault_of(&error) {
                        Some(fault) => self.fault(fault),
                        None => self.reading = Reading::Ended,
                    },
                    Poll::Ready(None) => self.reading = Reading::Ended,
                },
            }
        }
        cx.waker().wake_by_ref();
    }

    fn fault(&mut self, fault: Fault) {
        self.fragments = None;
        self.reading = Reading::CloseOnly;
        self.peer.receive(Input::Fault(fault));
        if self.frames.borrow().close_seen() {
            // It was the close frame that is at fault: no other will come.
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

    fn fragment(&mut self, item: Item) -> Result<(), Fault> {
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
        let Some(fragments) = &mut self.fragments else { return Err(Fault::Protocol) };
        fragments.add(&bytes, last, self.message_bytes_max)?;
        if !last {
            self.peer.receive(Input::Fragment);
        } else if let Some(fragments) = self.fragments.take() {
            match std::str::from_utf8(&fragments.message) {
                Ok(text) if fragments.text => self.peer.receive(Input::Text(text)),
                Err(_) if fragments.text => return Err(Fault::BadUtf8),
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

    /// Bad UTF-8 is refused as soon as it is certain, not at the end of the message.
    fn add(&mut self, bytes: &[u8], last: bool, message_bytes_max: usize) -> Result<(), Fault> {
        if self.message.len() + bytes.len() > message_bytes_max {
            return Err(Fault::TooLong);
        }
        self.message.extend_from_slice(bytes);
        if !self.text {
            return Ok(());
        }
        match std::str::from_utf8(&self.message[self.checked..]) {
            Ok(_) => self.checked = self.message.len(),
            Err(error) if last || error.error_len().is_some() => return Err(Fault::BadUtf8),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(())
    }
}

/// What the client did wrong; `None` where it is gone.
fn fault_of(error: &ProtocolError) -> Option<Fault> {
    let ProtocolError::Io(error) = error else {
        return Some(match error {
            ProtocolError::Overflow => Fault::TooLong,
            _ => Fault::Protocol,
        });
    };
    let cause = error.get_ref();
    if cause.is_some_and(|cause| cause.is::<std::str::Utf8Error>()) {
        return Some(Fault::BadUtf8);
    }
    match cause.and_then(|cause| cause.downcast_ref::<PayloadError>()) {
        Some(PayloadError::Overflow) => Some(Fault::TooLong),
        Some(_) => None,
        // Reserved bits are reported as invalid data.
        None => (error.kind() == std::io::ErrorKind::InvalidData).then_some(Fault::Protocol),
    }
}
