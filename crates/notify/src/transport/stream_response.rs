//! The response to a client that wants a stream of events.
//!
//! The two transports are those of a WebSocket. A connection that owns its socket sends the events
//! after the head of the response, whose body ends with the connection. Otherwise they are the body
//! of the response, in [`slices`](super::slices), so that a client that does not read is noticed by its
//! queue.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{self as actix_body, BodySize, MessageBody};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;

use super::any_peer::AnyPeer;
use super::direct::Upgraded;
use super::event_stream::EventStream;
use super::lend::Handover;
use super::messages::Messages;
use super::peer::Peer as _;
use super::slices::Slices;
use super::socket;
use crate::conn::Socket;
use crate::session::Transmit;

/// Answers with a stream of events. `retry_seed` spreads the times at which the clients reconnect.
pub(super) fn respond(
    request: &HttpRequest,
    retry_seed: u8,
    connect: impl FnOnce(Box<dyn Socket>) -> Messages,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // nginx then passes the events on at once, whatever its settings are.
        .insert_header(("x-accel-buffering", "no"));
    let Some(handover) = request.conn_data::<Handover>() else {
        let events = EventStream::new(connect(socket::of(request)), retry_seed);
        return response.body(Body { events, unsent: Slices::default() });
    };
    let events = EventStream::new(connect(Box::new(socket::Owned)), retry_seed);
    handover.put(Upgraded::new(AnyPeer::EventStream(Box::new(events)), 0));
    response.force_close().body(actix_body::None::new())
}

struct Body {
    events: EventStream,
    /// The unsent rest of an event.
    unsent: Slices,
}

impl MessageBody for Body {
    type Error = actix_web::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.unsent.is_empty() {
            match this.events.transmit() {
                Transmit::Frame(event) => this.unsent.set(event),
                Transmit::End => return Poll::Ready(None),
                Transmit::Wait => {
                    this.events.set_waker(cx.waker());
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Some(Ok(this.unsent.next())))
    }
}
