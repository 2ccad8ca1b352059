//! The kernel's send buffer of a connection: small, and larger while there is much to send.
//!
//! With a small buffer, a long message takes a round trip for each few KiB, or 40 ms if the client
//! delays its acknowledgements. But what a client has not acknowledged is memory that cannot be
//! swapped. So all larger buffers of the process share a budget, and a client keeps its share until
//! it has taken the data. Without a share, the message is sent with the small buffer.

#[cfg(test)]
mod tests;

use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use super::client_stream::ClientStream;

/// Size of the send buffer of a connection that has little to send. The kernel doubles it, because
/// it counts its own overhead too.
pub(super) const SEND_BUFFER_BYTES: usize = 16 * 1024;

/// Size of the send buffer of a connection that has more than this to send. The kernel doubles it,
/// and applies `net.core.wmem_max`.
const LARGE_SEND_BUFFER_BYTES: usize = 256 * 1024;

/// Memory for all larger send buffers of the process. Once it is used up, long messages are sent
/// with the small buffer, which takes more round trips.
const LARGE_SEND_BUFFERS_BYTES_MAX: usize = 64 * 1024 * 1024;

static BUDGET: Budget = Budget::new(LARGE_SEND_BUFFERS_BYTES_MAX);

/// The send buffer of one connection.
#[derive(Debug, Default)]
pub struct SendBuffer {
    share: Share,
    is_large: bool,
}

impl SendBuffer {
    /// Makes room for a message of this many bytes, if it is long.
    pub fn grow(&mut self, socket: &impl ClientStream, bytes: usize) {
        let bytes = bytes.min(LARGE_SEND_BUFFER_BYTES);
        if bytes <= SEND_BUFFER_BYTES || self.is_large && self.share.buffer_bytes() >= bytes {
            return;
        }
        if self.share.extend(bytes) {
            // If it fails, the buffer stays small.
            let _ = sockopt::set_socket_send_buffer_size(socket.descriptor(), self.share.buffer_bytes());
            self.is_large = true;
        }
    }

    /// Restores the small buffer, now that the kernel has the whole message. Ready when the client
    /// has taken so much of it that the rest fits into a small buffer; until then the connection
    /// keeps its share of the budget.
    pub fn poll_shrink(&mut self, socket: &impl ClientStream, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_large {
            self.is_large = false;
            let _ = sockopt::set_socket_send_buffer_size(socket.descriptor(), SEND_BUFFER_BYTES);
        }
        while self.share.buffer_bytes() > 0 {
            match socket.poll_write_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => match socket.try_write_io(|| has_room(socket.descriptor())) {
                    // It was ready for the large buffer. Now wait for the small one.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    _ => self.share = Share::default(),
                },
                // The connection is broken.
                Poll::Ready(Err(_)) => self.share = Share::default(),
            }
        }
        Poll::Ready(())
    }

    /// Whether [`poll_shrink`](Self::poll_shrink) has something to do.
    pub fn is_shared(&self) -> bool {
        self.share.buffer_bytes() > 0
    }
}

/// Whether at least a third of the send buffer is free. Also if the connection is broken.
fn has_room(socket: BorrowedFd<'_>) -> io::Result<()> {
    let mut polled = [PollFd::from_borrowed_fd(socket, PollFlags::OUT)];
    match poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? {
        0 => Err(ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}

/// Memory that several connections share.
#[derive(Debug)]
struct Budget {
    bytes_max: usize,
    used: AtomicUsize,
}

impl Budget {
    const fn new(bytes_max: usize) -> Self {
        Self { bytes_max, used: AtomicUsize::new(0) }
    }

    fn take(&self, bytes: usize) -> bool {
        let take = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.bytes_max);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A part of the [`BUDGET`], in KiB of the buffer that it is for: small, because each connection has
/// one.
#[derive(Debug, Default)]
struct Share {
    buffer_kib: u16,
}

impl Share {
    fn buffer_bytes(&self) -> usize {
        usize::from(self.buffer_kib) * 1024
    }

    /// Extends the share to that of a buffer of this many bytes. `false` if nothing is left.
    fn extend(&mut self, buffer_bytes: usize) -> bool {
        let kib = u16::try_from(buffer_bytes.div_ceil(1024)).unwrap_or(u16::MAX);
        let more = kib.saturating_sub(self.buffer_kib);
        let taken = BUDGET.take(Self::kernel_bytes(more));
        if taken {
            self.buffer_kib += more;
        }
        taken
    }

    /// The memory that the kernel allows for so much of a buffer.
    fn kernel_bytes(buffer_kib: u16) -> usize {
        2 * 1024 * usize::from(buffer_kib)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        BUDGET.give_back(Self::kernel_bytes(self.buffer_kib));
    }
}
