//! The stream of a connection that owns its socket.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};

use actix_web::rt::net::{TcpStream, UnixStream};
use tokio::io::{AsyncRead, AsyncWrite, Interest};

/// A stream, which may be encrypted, and access to the socket below it.
///
/// A write may be buffered until [`poll_flush`](AsyncWrite::poll_flush) is ready. The kernel then has
/// everything.
pub trait ClientStream: AsyncRead + AsyncWrite + Unpin {
    /// The descriptor of the socket.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Ready when the kernel takes more for this socket.
    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Runs an operation that depends on whether the kernel takes more. If it would block, the next
    /// [`poll_write_ready`](Self::poll_write_ready) waits for the kernel.
    ///
    /// # Errors
    /// Those of the operation.
    fn try_write_io(&self, operation: impl FnOnce() -> io::Result<()>) -> io::Result<()>;
}

impl ClientStream for TcpStream {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(cx)
    }

    fn try_write_io(&self, operation: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.try_io(Interest::WRITABLE, operation)
    }
}

impl ClientStream for UnixStream {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(cx)
    }

    fn try_write_io(&self, operation: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.try_io(Interest::WRITABLE, operation)
    }
}
