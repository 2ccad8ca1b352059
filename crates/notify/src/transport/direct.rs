//! A connection that owns its socket, for servers that [lend](super::lend) it to HTTP.
//!
//! The connection is one small future without buffers: input is read into a buffer that all
//! connections of a thread share, and frames are written directly from the queue, several at once.
//! A client that does not read keeps at most [`WRITE_MAX`] and one frame outside its queue; one
//! that does not finish its message, at most that message.

use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use super::any_peer::AnyPeer;
use super::client_stream::ClientStream;
use super::peer::Peer as _;
use super::send_buffer::SendBuffer;
use crate::decoder::Decoder;
use crate::queue::FrameQueue;
use crate::session::{After, BatchMax};

/// Size of the buffer into which the connections of a thread read.
const READ_BYTES: usize = 16 * 1024;

/// Number of reads from one client before yielding to other tasks.
const READS_PER_TURN: usize = 4;

/// How much is written together. A burst of ten events fits.
const WRITE_MAX: BatchMax = BatchMax { frames: 16, bytes: 7 * 1024 };

/// Size of the buffer in which the connections of a thread join frames. The kernel takes one buffer
/// faster than several small ones; long frames are not copied.
const JOIN_BYTES: usize = 8 * 1024;

thread_local! {
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
    static JOIN_BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(JOIN_BYTES));
}

/// A client whose 101, or the head of its stream of events, was sent. Dropping it disconnects the client.
pub struct Upgraded(Connection);

struct Connection {
    peer: AnyPeer,
    decoder: Decoder,
    /// Frames that the kernel did not take at once.
    unsent: Option<Box<FrameQueue>>,
    send_buffer: SendBuffer,
    /// Nothing follows the frames being written.
    last: bool,
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").finish_non_exhaustive()
    }
}

impl Upgraded {
    pub(super) fn new(peer: AnyPeer, message_bytes_max: usize) -> Self {
        let (decoder, send_buffer) = (Decoder::new(message_bytes_max), SendBuffer::default());
        Self(Connection { peer, decoder, unsent: None, send_buffer, last: false })
    }

    /// Runs the session on the socket until the connection ends. `early`: bytes that have already
    /// been read. `send_buffer`: the socket's, with its share while the client has not taken an
    /// earlier answer.
    ///
    /// Call [`set_socket_options`](crate::set_socket_options) before. The future must stay on the
    /// thread that accepted the client.
    pub fn serve(
        self,
        mut socket: impl ClientStream,
        early: Vec<u8>,
        send_buffer: SendBuffer,
    ) -> impl Future<Output = ()> {
        let Self(mut connection) = self;
        connection.send_buffer = send_buffer;
        connection.decode(&early);
        drop(early);
        poll_fn(move |cx| connection.poll(&mut socket, cx))
    }
}

impl Connection {
    fn poll(&mut self, socket: &mut impl ClientStream, cx: &mut Context<'_>) -> Poll<()> {
        // Input first, so that a client that downloads a long list can still send.
        if self.peer.is_shut_down() || self.read(socket, cx).is_err() {
            return Poll::Ready(());
        }
        let sent = self.poll_send(socket, cx);
        if sent.is_pending() {
            self.peer.set_waker(cx.waker());
        }
        sent.map(|_| ())
    }

    /// # Errors
    /// If the client sends nothing more.
    fn read(&mut self, socket: &mut impl ClientStream, cx: &mut Context<'_>) -> io::Result<()> {
        READ_BUFFER.with_borrow_mut(|buffer| {
            for _ in 0..READS_PER_TURN {
                let mut buffer = ReadBuf::new(buffer);
                match Pin::new(&mut *socket).poll_read(cx, &mut buffer) {
                    Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    Poll::Ready(Ok(())) => self.decode(buffer.filled()),
                    Poll::Ready(Err(error)) => return Err(error),
                    Poll::Pending => return Ok(()),
                }
            }
            cx.waker().wake_by_ref();
            Ok(())
        })
    }

    fn decode(&mut self, mut bytes: &[u8]) {
        if !self.peer.sends_frames() {
            return;
        }
        while let Some(input) = self.decoder.next(&mut bytes) {
            self.peer.receive(input);
        }
    }

    /// Sends until the queue is empty. Ready when the connection has ended.
    fn poll_send(&mut self, socket: &mut impl ClientStream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(mut unsent) = self.unsent.take() {
            let sent = self.poll_send_all(&mut unsent, socket, cx);
            self.unsent = (sent.is_pending() && !unsent.is_empty()).then_some(unsent);
            return sent;
        }
        let mut unsent = FrameQueue::default();
        let sent = self.poll_send_all(&mut unsent, socket, cx);
        if sent.is_pending() && !unsent.is_empty() {
            self.unsent = Some(Box::new(unsent));
        }
        sent
    }

    fn poll_send_all(
        &mut self,
        unsent: &mut FrameQueue,
        socket: &mut impl ClientStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.send_buffer.grow(socket, unsent.bytes());
            while !unsent.is_empty() {
                let written = ready!(write(unsent, socket, cx))?;
                unsent.advance(written);
            }
            // An encrypted stream may keep a part.
            ready!(Pin::new(&mut *socket).poll_flush(cx))?;
            if self.last {
                return Poll::Ready(Ok(()));
            }
            match self.peer.transmit_batch(unsent, WRITE_MAX) {
                After::Wait if unsent.is_empty() => {
                    if self.send_buffer.is_shared() {
                        // The client continues to take the data if it is not ready.
                        let _ = self.send_buffer.poll_shrink(socket, cx);
                    }
                    return Poll::Pending;
                }
                After::Wait | After::More => {}
                After::End => self.last = true,
            }
        }
    }
}

/// Writes the beginning of the queue.
fn write(frames: &FrameQueue, socket: &mut impl ClientStream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let mut slices = [IoSlice::new(&[]); WRITE_MAX.frames];
    let count = frames.slices(&mut slices);
    match &slices[..count] {
        [frame] => Pin::new(socket).poll_write(cx, frame),
        slices if frames.bytes() > JOIN_BYTES => Pin::new(socket).poll_write_vectored(cx, slices),
        slices => JOIN_BUFFER.with_borrow_mut(|joined| {
            joined.clear();
            slices.iter().for_each(|slice| joined.extend_from_slice(slice));
            Pin::new(socket).poll_write(cx, joined)
        }),
    }
}

#[cfg(test)]
mod tests;
