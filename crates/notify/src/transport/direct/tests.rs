use std::fs::File;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::pin::pin;
use std::task::Waker;

use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite};

use super::*;
use crate::conn::Conn;
use crate::frame;
use crate::transport::echo::Echo;

/// A stream that takes what its script says, and nothing where it says 0.
struct Scripted<'a> {
    accepts: std::iter::Cycle<std::slice::Iter<'a, usize>>,
    written: &'a mut Vec<u8>,
    /// What the client says once it has so many bytes.
    goodbye: (usize, Vec<u8>),
    /// No socket, so that options of sockets fail.
    file: File,
}

impl AsyncRead for Scripted<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.written.len() < self.goodbye.0 || self.goodbye.1.is_empty() {
            return Poll::Pending;
        }
        buffer.put_slice(&std::mem::take(&mut self.goodbye.1));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.accepts.next().copied().unwrap_or_default().min(bytes.len()) {
            0 => Poll::Pending,
            accepted => {
                self.written.extend_from_slice(&bytes[..accepted]);
                Poll::Ready(Ok(accepted))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl ClientStream for Scripted<'_> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    fn poll_write_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn try_write_io(&self, operation: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        operation()
    }
}

/// A short frame from a client, masked with zeros.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [&[0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

proptest! {
    #[test]
    fn everything_is_sent_once_and_in_order_however_little_the_kernel_takes(
        messages in proptest::collection::vec("[a-z]{0,120}", 0..40),
        mut accepts in proptest::collection::vec(0..400usize, 1..12),
    ) {
        accepts.push(1);
        let input: Vec<u8> = messages.iter().flat_map(|text| masked(frame::TEXT, text.as_bytes())).collect();
        let answers: Vec<u8> = messages.iter().flat_map(|text| frame::text(text)).collect();
        let goodbye = (answers.len(), masked(frame::CLOSE, &1000_u16.to_be_bytes()));
        let expected = [&answers[..], &frame::close(Some(1000), "")].concat();

        let mut written = Vec::new();
        let echo = AnyPeer::Echo(Box::new(Echo::new(1_000)));
        let (accepts, file) = (accepts.iter().cycle(), File::open("/dev/null")?);
        let socket = Scripted { accepts, written: &mut written, goodbye, file };
        let ended = {
            let mut serving = pin!(Upgraded::new(echo, 1_000).serve(socket, input, SendBuffer::default()));
            (0..10_000).any(|_| serving.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready())
        };
        prop_assert!(ended);
        prop_assert_eq!(written, expected);
    }
}

#[test]
fn an_idle_connection_is_small() {
    let conn = 2 * size_of::<usize>() + size_of::<Conn>();
    assert!(conn <= 320, "{conn} bytes behind an Rc: a size class of the allocator");
    assert!(size_of::<Connection>() <= 56, "{} bytes", size_of::<Connection>());
}
