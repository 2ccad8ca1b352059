//! Lends a socket to an HTTP dispatcher, and gets it back when the connection was upgraded, or has
//! become a stream of events.
//!
//! The dispatcher of actix-http keeps its buffers as long as it runs. So once the hub has accepted a
//! client, [`Lent`] tells the dispatcher that the connection has ended: it reads the end of the
//! stream, sends the rest of its answer, and shuts down, which leaves the socket open.
//!
//! `HttpService::upgrade` of actix-http would take every request with `Upgrade: websocket` away from
//! the dispatcher before the application has seen it. Requests that are refused, or that are no
//! upgrades (some proxies add the header to every request), would need another way to read their
//! bodies and to be answered.

use std::cell::{Cell, RefCell, RefMut};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::direct::Upgraded;

/// Where the client of an upgraded connection waits for the socket. A server inserts it into the data
/// of each connection that it lends; [`Hub::accept`](crate::Hub::accept) finds it there.
#[derive(Clone, Default)]
pub struct Handover(Rc<Slot>);

#[derive(Default)]
struct Slot {
    client: RefCell<Option<Upgraded>>,
    taken: Cell<bool>,
}

impl Handover {
    pub(super) fn put(&self, client: Upgraded) {
        self.0.taken.set(true);
        *self.0.client.borrow_mut() = Some(client);
    }

    fn is_upgraded(&self) -> bool {
        self.0.taken.get()
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").field("upgraded", &self.is_upgraded()).finish()
    }
}

/// Lends a socket to a dispatcher.
pub fn lend<Io>(io: Io) -> (Lender<Io>, Lent<Io>) {
    let shared = Rc::new(Shared { io: RefCell::new(io), handover: Handover::default() });
    (Lender(Rc::clone(&shared)), Lent(shared))
}

/// The side that gets the socket back.
#[derive(Debug)]
pub struct Lender<Io>(Rc<Shared<Io>>);

/// The dispatcher's side.
#[derive(Debug)]
pub struct Lent<Io>(Rc<Shared<Io>>);

#[derive(Debug)]
struct Shared<Io> {
    io: RefCell<Io>,
    handover: Handover,
}

impl<Io> Lender<Io> {
    /// Returns the socket and its client, if the connection was upgraded. Call it when the
    /// dispatcher has ended and is dropped.
    pub fn take_back(self) -> Option<(Io, Upgraded)> {
        let Shared { io, handover } = Rc::into_inner(self.0)?;
        let client = handover.0.client.take()?;
        Some((io.into_inner(), client))
    }
}

impl<Io> Lent<Io> {
    /// The socket.
    ///
    /// # Panics
    /// If it is still borrowed.
    pub fn get(&self) -> RefMut<'_, Io> {
        self.0.io.borrow_mut()
    }

    /// For the data of the connection.
    pub fn handover(&self) -> Handover {
        self.0.handover.clone()
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Lent<Io> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.0.handover.is_upgraded() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut *self.get()).poll_read(cx, buf)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Lent<Io> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.get()).poll_write(cx, bytes)
    }

    /// Called when an answer is written. After an upgrade, the dispatcher must read again to see
    /// that the connection has ended.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.handover.is_upgraded() {
            cx.waker().wake_by_ref();
        }
        Pin::new(&mut *self.get()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.handover.is_upgraded() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut *self.get()).poll_shutdown(cx)
    }
}
