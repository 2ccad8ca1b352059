//! A client's socket with the guard around it: what actix's dispatcher reads and writes.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};

use super::admission::Ticket;
use super::framing::Body;
use super::phase::{Deadlines, Overdue, Phases};

/// What a client may send ahead of its turn, in bytes. More stays with the kernel.
const EARLY_BYTES_MAX: usize = 8 * 1024;

/// How much is read at once of what is kept or discarded, in bytes. On the stack.
const SCRATCH_BYTES: usize = 2 * 1024;

/// To a client whose head did not come whole in time.
const REQUEST_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// A client's socket.
pub(crate) struct Guarded {
    stream: TcpStream,
    connection: Connection,
    /// Bytes of requests whose turn has not come.
    early: Vec<u8>,
    /// The client sends no more.
    ended: bool,
    /// Part of an answer waits for the kernel.
    unsent: bool,
    /// The client was told that nothing more comes.
    shut: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What the requests of a connection know of it.
#[derive(Clone)]
pub(crate) struct Connection(Rc<Shared>);

struct Shared {
    phases: RefCell<Phases>,
    ticket: RefCell<Ticket>,
    reader: Cell<Option<Waker>>,
    /// Bytes wait for their turn.
    early: Cell<bool>,
    /// For when the timer is set, if it is.
    timer_at: Cell<Option<Instant>>,
}

impl Connection {
    /// A request begins.
    pub(super) fn begin(&self, body: Body) {
        self.0.phases.borrow_mut().begin(body, Instant::now());
        self.0.ticket.borrow().set_busy(true);
        if !body.is_complete() {
            self.read_again();
        }
    }

    /// The connection becomes a WebSocket.
    pub(super) fn upgrade(&self) {
        self.0.phases.borrow_mut().upgrade();
        self.read_again();
    }

    /// The answer is out.
    pub(super) fn answered(&self) {
        let now = Instant::now();
        self.0.phases.borrow_mut().answered(now);
        self.0.ticket.borrow().set_busy(false);
        let deadline = self.0.phases.borrow().deadline();
        let timer_is_set =
            self.0.timer_at.get().is_some_and(|at| at > now && deadline.is_none_or(|deadline| at <= deadline));
        // Mostly nothing has come yet, and what will come wakes the dispatcher by itself.
        if self.0.early.get() || !timer_is_set {
            self.read_again();
        }
    }

    /// A request on the connection has shown a valid token.
    pub(crate) fn authenticated(&self) {
        self.0.ticket.borrow_mut().authenticated();
    }

    /// Has the dispatcher ask again for what it may have.
    fn read_again(&self) {
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }
}

impl Guarded {
    pub(crate) fn new(stream: TcpStream, ticket: Ticket, deadlines: Deadlines) -> Self {
        let shared = Shared {
            phases: RefCell::new(Phases::new(deadlines, Instant::now())),
            ticket: RefCell::new(ticket),
            reader: Cell::new(None),
            early: Cell::new(false),
            timer_at: Cell::new(None),
        };
        Self {
            stream,
            connection: Connection(Rc::new(shared)),
            early: Vec::new(),
            ended: false,
            unsent: false,
            shut: false,
            timer: None,
        }
    }

    pub(crate) fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// The socket, for what wants to set its options.
    pub(crate) fn socket(&self) -> &dyn Any {
        &self.stream
    }

    fn is_evicted(&self, cx: &Context<'_>) -> bool {
        self.connection.0.ticket.borrow().is_evicted(cx)
    }

    /// What the client has run out of time for; if nothing yet, `cx` is woken when it has.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Option<Overdue> {
        let shared = &self.connection.0;
        let phases = shared.phases.borrow();
        let deadline = phases.deadline()?;
        if let Some(overdue) = phases.overdue(Instant::now()) {
            return Some(overdue);
        }
        let deadline = deadline.into();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // A timer that is early is set again when it fires, not whenever the deadline moves on.
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= deadline {
                return phases.overdue(Instant::now());
            }
            timer.as_mut().reset(deadline);
        }
        shared.timer_at.set(Some(timer.deadline().into_std()));
        None
    }

    /// Nothing more is read. What is being answered is still sent.
    fn end(&mut self, overdue: Option<Overdue>) {
        if let Some(overdue) = overdue {
            tracing::debug!(?overdue, "a client took too long");
        }
        if overdue == Some(Overdue::Head) && !self.unsent {
            // It is closed either way.
            let _ = self.stream.try_write(REQUEST_TIMEOUT);
        }
        self.connection.0.phases.borrow_mut().end();
        self.early = Vec::new();
    }

    /// Gives the dispatcher what is there, up to where its turn ends.
    fn poll_turn(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if self.early.is_empty() {
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            match Pin::new(&mut self.stream).poll_read(cx, buf) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            if buf.filled().len() == before {
                self.ended = true;
                return Poll::Ready(Ok(()));
            }
            let taken = self.take(&buf.filled()[before..]);
            self.early.extend_from_slice(&buf.filled()[before + taken..]);
            buf.set_filled(before + taken);
        } else {
            let there = self.early.len().min(buf.remaining());
            let taken = self.take(&self.early[..there]);
            buf.put_slice(&self.early[..taken]);
            if taken == self.early.len() {
                self.early = Vec::new();
            } else {
                self.early.drain(..taken);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn take(&self, bytes: &[u8]) -> usize {
        self.connection.0.phases.borrow_mut().take(bytes, Instant::now())
    }

    /// Keeps what comes ahead of its turn, and notices that the client is gone.
    fn poll_early(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ended && self.early.len() < EARLY_BYTES_MAX {
            match self.stream.poll_read_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => break,
            }
            let mut scratch = [0; SCRATCH_BYTES];
            match self.stream.try_read(&mut scratch) {
                Ok(0) => self.ended = true,
                Ok(count) => self.early.extend_from_slice(&scratch[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        // What came before the end is still a request.
        if self.ended && self.early.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Discards what still comes, until the client ends the connection or has run out of time or bytes.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.ended || self.is_evicted(cx) || self.connection.0.phases.borrow().is_over() {
                return Poll::Ready(());
            }
            match self.stream.poll_read_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => {
                    return if self.overdue(cx).is_some() { Poll::Ready(()) } else { Poll::Pending };
                }
            }
            let mut scratch = [0; SCRATCH_BYTES];
            match self.stream.try_read(&mut scratch) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.take(&scratch[..count]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (over, upgraded, hands_out) = {
            let phases = this.connection.0.phases.borrow();
            (phases.is_over(), phases.is_upgraded(), phases.hands_out())
        };
        if over {
            return Poll::Ready(Ok(()));
        }
        if upgraded {
            this.timer = None;
            if this.early.is_empty() {
                return Pin::new(&mut this.stream).poll_read(cx, buf);
            }
            return this.poll_turn(cx, buf);
        }
        if this.is_evicted(cx) {
            this.end(None);
            return Poll::Ready(Ok(()));
        }
        let read = if hands_out { this.poll_turn(cx, buf) } else { this.poll_early(cx) };
        this.connection.0.early.set(!this.early.is_empty());
        if read.is_ready() {
            return read;
        }
        if let Some(overdue) = this.overdue(cx) {
            this.end(Some(overdue));
            return Poll::Ready(Ok(()));
        }
        let shared = &this.connection.0;
        let reader = match shared.reader.take() {
            Some(reader) if reader.will_wake(cx.waker()) => reader,
            _ => cx.waker().clone(),
        };
        shared.reader.set(Some(reader));
        Poll::Pending
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.connection.0.phases.borrow().is_upgraded() {
            return Pin::new(&mut this.stream).poll_write(cx, bytes);
        }
        if this.is_evicted(cx) {
            return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        match &written {
            Poll::Ready(Ok(count)) => {
                this.unsent = *count < bytes.len();
                this.connection.0.phases.borrow_mut().written(*count, !this.unsent, Instant::now());
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                this.unsent = true;
                this.connection.0.phases.borrow_mut().write_blocked(Instant::now());
                if this.overdue(cx) == Some(Overdue::Answer) {
                    this.end(Some(Overdue::Answer));
                    return Poll::Ready(Err(ErrorKind::TimedOut.into()));
                }
            }
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    /// Closes the connection. A client that still sends has a moment to read the answer: a socket that is closed with unread bytes in
    /// it resets the connection, and the answer may be lost on the way.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let waits = this.connection.0.phases.borrow_mut().close(!this.early.is_empty(), Instant::now());
        if !this.shut {
            match Pin::new(&mut this.stream).poll_shutdown(cx) {
                Poll::Ready(Ok(())) => this.shut = true,
                other => return other,
            }
        }
        if waits { this.poll_linger(cx).map(Ok) } else { Poll::Ready(Ok(())) }
    }
}
