//! A connection as the body of its own 101 response, for servers that only have actix-web.
//!
//! The HTTP/1 dispatcher polls the body whenever bytes arrive or there is room to write. Two
//! safeguards are needed:
//!
//! * Long frames are sent in [`slices`](super::slices).
//! * [`socket`](super::socket) shuts down the socket of a client that reads nothing, because actix
//!   does not poll a body while its write buffer is full.
//!
//! The server must be built with `.on_connect(notify::on_connect)`, `.tcp_nodelay(true)`,
//! `.h1_write_buffer_size(7 * 1024)` and `.client_disconnect_timeout(Duration::ZERO)`; the last one
//! closes TCP immediately after the close handshake, instead of a second later.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use bytes::Bytes;
use futures_util::Stream as _;

use super::any_peer::AnyPeer;
use super::peer::Peer as _;
use super::slices::Slices;
use crate::decoder::Decoder;
use crate::session::Transmit;

/// Number of pieces to read from one client before yielding to other tasks.
const READS_PER_TURN: usize = 4;

/// The body of an upgraded response.
pub(super) struct Body {
    peer: AnyPeer,
    payload: Payload,
    decoder: Decoder,
    /// The unsent rest of a frame.
    unsent: Slices,
    /// The client sends nothing more.
    ended: bool,
}

impl Body {
    pub(super) fn new(peer: AnyPeer, payload: Payload, message_bytes_max: usize) -> Self {
        Self { peer, payload, decoder: Decoder::new(message_bytes_max), unsent: Slices::default(), ended: false }
    }

    fn read(&mut self, cx: &mut Context<'_>) {
        for _ in 0..READS_PER_TURN {
            match Pin::new(&mut self.payload).poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => {
                    let mut piece = &piece[..];
                    while let Some(input) = self.decoder.next(&mut piece) {
                        self.peer.receive(input);
                    }
                }
                Poll::Ready(Some(Err(_)) | None) => {
                    self.ended = true;
                    return;
                }
                Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }
}

impl MessageBody for Body {
    type Error = actix_web::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.unsent.is_empty() {
            // Input first, so that a client that downloads a long list can still send.
            this.read(cx);
            if this.ended {
                return Poll::Ready(None);
            }
            match this.peer.transmit() {
                Transmit::Frame(frame) => this.unsent.set(frame),
                Transmit::End => return Poll::Ready(None),
                Transmit::Wait => {
                    this.peer.set_waker(cx.waker());
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Some(Ok(this.unsent.next())))
    }
}
