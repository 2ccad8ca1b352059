//! A client's socket with the guard around it. This is what actix's dispatcher reads and writes.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use actix_web::{HttpMessage as _, HttpRequest};
use notify::{ClientStream as _, SendBuffer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};

use super::admission::{Place, Ticket};
use super::framing::Body;
use super::phase::{Deadlines, Overdue, Phases};
use super::transport::Transport;

/// Maximum number of pipelined bytes to buffer. The rest stays in the kernel, which slows the
/// client down.
const EARLY_BYTES_MAX: usize = 8 * 1024;

/// Size of the stack buffer for bytes that are kept or discarded.
const SCRATCH_BYTES: usize = 2 * 1024;

/// Sent to a client whose request head did not arrive in time.
const REQUEST_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// A guarded client socket.
pub(crate) struct Guarded {
    stream: Transport,
    send_buffer: SendBuffer,
    connection: Connection,
    /// Bytes of pipelined requests that are not to be processed yet.
    early: Vec<u8>,
    /// The client has closed its sending side.
    ended: bool,
    /// Part of a response is waiting for room in the kernel's send buffer.
    unsent: bool,
    /// Our sending side is shut down.
    shut: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Handle to the guard for the requests of a connection.
#[derive(Clone)]
pub(crate) struct Connection(Rc<Shared>);

struct Shared {
    phases: RefCell<Phases>,
    ticket: RefCell<Ticket>,
    reader: Cell<Option<Waker>>,
    /// The client has closed its sending side.
    ended: Cell<bool>,
    /// The request that ends with its client.
    ends_with_client: Cell<Option<Waker>>,
    /// Whether pipelined bytes are buffered.
    early: Cell<bool>,
    /// When the timer fires, if it is set.
    timer_at: Cell<Option<Instant>>,
    /// Size of the response body that starts with the next write. 0: none, or an unknown one.
    answer_bytes: Cell<u64>,
    /// What is kept until the client has taken the response.
    kept: RefCell<Vec<Box<dyn Any>>>,
}

/// The parts of a connection without its guard.
pub(crate) struct Unguarded {
    pub(crate) stream: Transport,
    /// What was read from the socket ahead.
    pub(crate) early: Vec<u8>,
    pub(crate) send_buffer: SendBuffer,
    /// The place that the connection still occupies.
    pub(crate) place: Option<Place>,
}

impl Connection {
    /// The connection of a request. `None` if an application serves it.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.conn_data().cloned().or_else(|| request.extensions().get().cloned())
    }

    /// Called when a request starts.
    pub(super) fn begin(&self, body: Body) {
        self.0.phases.borrow_mut().begin(body, Instant::now());
        self.0.ticket.borrow().set_busy(true);
        if !body.is_complete() {
            self.read_again();
        }
    }

    /// Called when a response with a body of this size starts.
    pub(super) fn answers(&self, bytes: u64) {
        self.0.answer_bytes.set(bytes);
    }

    /// Keeps a value until the client has taken the current response, except for what fits into a
    /// small send buffer.
    pub(crate) fn keep_until_taken(&self, value: impl Any) {
        self.0.kept.borrow_mut().push(Box::new(value));
    }

    /// Called when the response is complete.
    pub(super) fn answered(&self) {
        let now = Instant::now();
        self.0.phases.borrow_mut().answered(now);
        self.0.ticket.borrow().set_busy(self.0.phases.borrow().is_answering());
        let deadline = self.0.phases.borrow().deadline();
        let timer_is_set =
            self.0.timer_at.get().is_some_and(|at| at > now && deadline.is_none_or(|deadline| at <= deadline));
        // Usually no bytes are buffered, and new bytes wake the dispatcher anyway.
        if self.0.early.get() || !timer_is_set {
            self.read_again();
        }
    }

    /// Waits until the client closes its side of the connection. For a request that waits for
    /// something to happen. With HTTP/2 it never ends: a client resets the request instead.
    pub(crate) async fn gone(&self) {
        poll_fn(|cx| {
            if self.0.ended.get() {
                return Poll::Ready(());
            }
            self.0.ends_with_client.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    fn ended(&self) {
        self.0.ended.set(true);
        if let Some(waiting) = self.0.ends_with_client.take() {
            waiting.wake();
        }
    }

    /// Called when a client does not take one of several answers.
    pub(crate) fn answer_was_slow(&self) {
        self.0.ticket.borrow().closed(Overdue::Answer.reason());
    }

    /// Called when a request has shown a valid token.
    pub(crate) fn authenticated(&self) {
        self.0.ticket.borrow_mut().authenticated();
    }

    /// Wakes the dispatcher, so that it reads again.
    fn read_again(&self) {
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }
}

impl Guarded {
    pub(crate) fn new(stream: Transport, ticket: Ticket, deadlines: Deadlines) -> Self {
        Self::in_phase(stream, ticket, Phases::new(deadlines, Instant::now()))
    }

    /// For HTTP/2.
    pub(crate) fn multiplexed(stream: Transport, ticket: Ticket, deadlines: Deadlines) -> Self {
        Self::in_phase(stream, ticket, Phases::multiplexed(deadlines, Instant::now()))
    }

    fn in_phase(stream: Transport, ticket: Ticket, phases: Phases) -> Self {
        let shared = Shared {
            phases: RefCell::new(phases),
            ticket: RefCell::new(ticket),
            reader: Cell::new(None),
            ended: Cell::new(false),
            ends_with_client: Cell::new(None),
            early: Cell::new(false),
            timer_at: Cell::new(None),
            answer_bytes: Cell::new(0),
            kept: RefCell::default(),
        };
        Self {
            stream,
            send_buffer: SendBuffer::default(),
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

    /// Takes the guard off, for a connection that no longer uses HTTP.
    pub(crate) fn unguard(self) -> Unguarded {
        let place = self.connection.0.ticket.borrow_mut().take_place();
        let Self { stream, early, send_buffer, .. } = self;
        Unguarded { stream, early, send_buffer, place }
    }

    /// Called when the kernel has everything that was written. If that is a whole response: restores
    /// the small send buffer, and releases what was kept. Ready once the client has taken the
    /// response, or if there is nothing to wait for.
    fn poll_settle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let shared = &self.connection.0;
        let is_settled = !self.send_buffer.is_shared() && shared.kept.borrow().is_empty();
        if is_settled || self.unsent || shared.phases.borrow().is_answering() {
            return Poll::Ready(());
        }
        ready!(self.send_buffer.poll_shrink(&self.stream, cx));
        shared.kept.borrow_mut().clear();
        Poll::Ready(())
    }

    /// Waits until the client has taken the last response, but not longer than for a client that
    /// stops reading. The kernel would keep the response after the connection is closed.
    fn poll_taken(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_evicted(cx) || self.poll_settle(cx).is_ready() {
            return Poll::Ready(());
        }
        self.connection.0.phases.borrow_mut().write_blocked(Instant::now());
        if self.overdue(cx).is_some() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Called when the kernel takes no more.
    ///
    /// # Errors
    /// If the connection must end.
    fn check_blocked(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.connection.0.phases.borrow_mut().write_blocked(Instant::now());
        if self.is_evicted(cx) {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if self.overdue(cx) == Some(Overdue::Answer) {
            self.end(Some(Overdue::Answer), cx);
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    fn is_evicted(&self, cx: &Context<'_>) -> bool {
        self.connection.0.ticket.borrow().is_evicted(cx)
    }

    /// Whether the client has sent something that was not read yet: on a busy server, a request may
    /// wait in the kernel. Asks the kernel, because the runtime may not have noticed.
    fn has_unread(&self) -> bool {
        rustix::io::ioctl_fionread(self.stream.descriptor()).is_ok_and(|bytes| bytes > 0)
    }

    /// The deadline that the client has missed. If none yet, `cx` is woken at the next deadline.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Option<Overdue> {
        let shared = &self.connection.0;
        let phases = shared.phases.borrow();
        let deadline = phases.deadline()?;
        if let Some(overdue) = phases.overdue(Instant::now()) {
            return Some(overdue);
        }
        let deadline = deadline.into();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // A timer that fires too early is reset when it fires, not each time the deadline is
        // extended, which saves a reset per read.
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

    /// Stops reading. The current response is still sent.
    fn end(&mut self, overdue: Option<Overdue>, cx: &mut Context<'_>) {
        if let Some(overdue) = overdue {
            tracing::debug!(?overdue, "a client missed a deadline");
            self.connection.0.ticket.borrow().closed(overdue.reason());
        }
        if overdue == Some(Overdue::Head) && !self.unsent {
            // A failure does not matter: the connection is closed in any case.
            let _ = Pin::new(&mut self.stream).poll_write(cx, REQUEST_TIMEOUT);
            let _ = Pin::new(&mut self.stream).poll_flush(cx);
        }
        self.connection.0.phases.borrow_mut().end();
        self.early = Vec::new();
    }

    /// Reads for the dispatcher, up to the end of the current head or body.
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

    /// Buffers pipelined bytes, and detects when the client disconnects.
    fn poll_early(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ended && self.early.len() < EARLY_BYTES_MAX {
            let mut scratch = [0; SCRATCH_BYTES];
            let mut read = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if read.filled().is_empty() => {
                    self.ended = true;
                    self.connection.ended();
                }
                Poll::Ready(Ok(())) => self.early.extend_from_slice(read.filled()),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => break,
            }
        }
        // A request that arrived before the end of the stream is still processed.
        if self.ended && self.early.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Discards incoming bytes until the client closes the connection or reaches a limit of time or
    /// bytes.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.ended || self.is_evicted(cx) || self.connection.0.phases.borrow().is_over() {
                return Poll::Ready(());
            }
            let mut scratch = [0; SCRATCH_BYTES];
            let mut read = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if read.filled().is_empty() => self.ended = true,
                Poll::Ready(Ok(())) => {
                    self.take(read.filled());
                }
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => {
                    return if self.overdue(cx).is_some() { Poll::Ready(()) } else { Poll::Pending };
                }
            }
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The task is woken again when the client has taken more.
        let _ = this.poll_settle(cx);
        let (over, hands_out) = {
            let phases = this.connection.0.phases.borrow();
            (phases.is_over(), phases.hands_out())
        };
        if over {
            return Poll::Ready(Ok(()));
        }
        if this.connection.0.ticket.borrow().is_over() {
            this.end(None, cx);
            return Poll::Ready(Ok(()));
        }
        let read = if hands_out { this.poll_turn(cx, buf) } else { this.poll_early(cx) };
        this.connection.0.early.set(!this.early.is_empty());
        if read.is_ready() {
            return read;
        }
        if this.is_evicted(cx) && !this.has_unread() {
            this.end(None, cx);
            return Poll::Ready(Ok(()));
        }
        if let Some(overdue) = this.overdue(cx) {
            this.end(Some(overdue), cx);
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
        let answer_bytes = this.connection.0.answer_bytes.take();
        if answer_bytes > 0 {
            this.send_buffer.grow(&this.stream, usize::try_from(answer_bytes).unwrap_or(usize::MAX));
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
                this.check_blocked(cx)?;
            }
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        if flushed.is_pending() {
            // An encrypted stream has taken more than the kernel.
            this.check_blocked(cx)?;
        } else {
            let _ = this.poll_settle(cx);
        }
        flushed
    }

    /// Closes the connection. A client that is still sending gets time to read the response:
    /// closing a socket with unread bytes resets the connection, and the response may be lost.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let waits = this.connection.0.phases.borrow_mut().close(!this.early.is_empty(), Instant::now());
        if !this.shut {
            ready!(this.poll_taken(cx));
            match Pin::new(&mut this.stream).poll_shutdown(cx) {
                Poll::Ready(Ok(())) => this.shut = true,
                // An encrypted stream still has to send its end.
                Poll::Pending if this.check_blocked(cx).is_ok() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(())),
                other => return other,
            }
        }
        if waits { this.poll_linger(cx).map(Ok) } else { Poll::Ready(Ok(())) }
    }
}
