//! Observes the wire of one connection: the code of the server's last error, and whether the server
//! still answers.
//!
//! Diesel exposes the text of an error, in the server's language, but not its SQLSTATE. Neither
//! Diesel nor tokio-postgres detects a half-open connection: they wait for an answer that never
//! comes. Both are visible at a lower level, in the protocol frames
//! (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Number of bytes of an error that are inspected. The code is among the first fields.
const ERROR_BYTES_MAX: usize = 1_024;

/// A stream that a connection may run on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A code of five characters (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
pub(super) type SqlState = [u8; 5];

/// The transaction has failed before this statement.
const FAILED_BEFORE: &SqlState = b"25P02";

/// The state of a connection that its client does not expose.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    last: Option<SqlState>,
    /// How many requests were answered.
    answers: u64,
    /// The process that answers, as it says itself.
    process: Option<i32>,
    ended: Option<String>,
}

impl Noted {
    fn error(&mut self, code: SqlState) {
        // A statement that was sent together with a failed one fails too, and that is not why.
        if code != *FAILED_BEFORE || self.last.is_none() {
            self.last = Some(code);
        }
    }
}

impl Wire {
    /// Clears earlier errors, so that they are not mistaken for the next one.
    pub(super) fn forget_error(&self) {
        self.noted(|noted| noted.last = None);
    }

    /// The code of the server's last error.
    pub(super) fn last_error(&self) -> Option<SqlState> {
        self.noted(|noted| noted.last)
    }

    /// How many requests the server has answered so far.
    pub(super) fn answers(&self) -> u64 {
        self.noted(|noted| noted.answers)
    }

    /// The id of the server process, as announced when the connection was opened. A pooler announces
    /// another one than PostgreSQL has.
    pub(super) fn process(&self) -> Option<i32> {
        self.noted(|noted| noted.process)
    }

    /// Records why the connection ended.
    pub(super) fn end(&self, why: String) {
        self.noted(|noted| noted.ended = Some(why));
    }

    /// Why the connection ended; `None` while it has not.
    pub(super) fn ended(&self) -> Option<String> {
        self.noted(|noted| noted.ended.clone())
    }

    fn noted<T>(&self, with: impl FnOnce(&mut Noted) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A stream whose frames are observed. It fails with [`io::ErrorKind::TimedOut`] if a request is
/// pending and the server sends nothing for `answer_max`.
pub(super) struct Watched {
    inner: Box<dyn Stream>,
    wire: Wire,
    heard: Frames,
    said: Frames,
    /// Requests that the server has not finished.
    unanswered: u64,
    /// Whether part of a request was sent that is not complete yet.
    unfinished: bool,
    answer_max: Option<Duration>,
    /// Expires when the server has been silent for too long; `None` while no request is pending.
    silence: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    /// `answer_max`: `None` is no limit.
    pub(super) fn new(inner: Box<dyn Stream>, wire: Wire, answer_max: Option<Duration>) -> Self {
        let heard = Frames::new(false, b"EK");
        // Its first message has no type.
        let said = Frames::new(true, b"");
        Self { inner, wire, heard, said, unanswered: 0, unfinished: false, answer_max, silence: None }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let (wire, unanswered) = (&self.wire, &mut self.unanswered);
        self.heard.feed(bytes, |kind, body| match kind {
            b'E' => {
                if let Some(code) = code_of(body) {
                    wire.noted(|noted| noted.error(code));
                }
            }
            b'K' => wire.noted(|noted| noted.process = body.first_chunk().copied().map(i32::from_be_bytes)),
            b'Z' => {
                *unanswered = unanswered.saturating_sub(1);
                wire.noted(|noted| noted.answers += 1);
            }
            _ => {}
        });
        if self.unanswered == 0 && !self.unfinished {
            self.silence = None;
        } else {
            self.expect_answer();
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        let was_waiting = self.silence.is_some();
        let (unanswered, unfinished) = (&mut self.unanswered, &mut self.unfinished);
        *unfinished = true;
        self.said.feed(bytes, |kind, _| match kind {
            // A startup message, a simple query or a sync: the server answers each with
            // ReadyForQuery.
            STARTUP | b'Q' | b'S' => {
                *unanswered += 1;
                *unfinished = false;
            }
            // A password is part of the startup; Terminate has no answer.
            b'p' | b'X' => *unfinished = false,
            _ => *unfinished = true,
        });
        if !was_waiting {
            self.expect_answer();
        }
    }

    fn expect_answer(&mut self) {
        let Some(answer_max) = self.answer_max else { return };
        let by = Instant::now() + answer_max;
        match &mut self.silence {
            Some(silence) => silence.as_mut().reset(by),
            None => self.silence = Some(Box::pin(tokio::time::sleep_until(by))),
        }
    }

    /// Whether the server has been silent for too long; if not, registers a wake-up for that time.
    fn is_silent(&mut self, cx: &mut Context<'_>) -> bool {
        self.silence.as_mut().is_some_and(|silence| silence.as_mut().poll(cx).is_ready())
    }
}

fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time")
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                this.hear(buf.filled().get(before..).unwrap_or_default());
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.is_silent(cx) => Poll::Ready(Err(silent())),
            other => other,
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_write(cx, bytes) {
            Poll::Ready(Ok(count)) => {
                this.say(bytes.get(..count).unwrap_or_default());
                // Also wakes a task that only writes.
                if this.is_silent(cx) { Poll::Ready(Err(silent())) } else { Poll::Ready(Ok(count)) }
            }
            Poll::Pending if this.is_silent(cx) => Poll::Ready(Err(silent())),
            other => other,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

/// The kind reported for a client's first message, which has no kind of its own.
const STARTUP: u8 = 0;

/// Splits a byte stream into messages, independent of chunk boundaries.
struct Frames {
    /// The header of the current message: its kind and its length.
    head: [u8; 5],
    head_bytes: usize,
    /// The bytes of its body that are still missing.
    left: usize,
    /// The kinds whose bodies are kept.
    kept: &'static [u8],
    body: Vec<u8>,
}

impl Frames {
    fn new(first_has_no_kind: bool, kept: &'static [u8]) -> Self {
        // As if its kind had been read.
        Self { head: [STARTUP; 5], head_bytes: usize::from(first_has_no_kind), left: 0, kept, body: Vec::new() }
    }

    /// Calls `each` with the kind of every complete message, and with the start of its body if that
    /// is kept.
    fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(u8, &[u8])) {
        while !bytes.is_empty() {
            if let Some(missing) = self.head.len().checked_sub(self.head_bytes).filter(|missing| *missing > 0) {
                let (now, rest) = bytes.split_at(missing.min(bytes.len()));
                for byte in now {
                    self.head[self.head_bytes] = *byte;
                    self.head_bytes += 1;
                }
                bytes = rest;
                if self.head_bytes < self.head.len() {
                    return;
                }
                let [_, a, b, c, d] = self.head;
                // The length counts itself.
                self.left = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4);
            }
            let (now, rest) = bytes.split_at(self.left.min(bytes.len()));
            if self.kept.contains(&self.head[0]) {
                let room = ERROR_BYTES_MAX.saturating_sub(self.body.len());
                self.body.extend_from_slice(&now[..room.min(now.len())]);
            }
            self.left -= now.len();
            bytes = rest;
            if self.left == 0 {
                each(self.head[0], &self.body);
                self.body.clear();
                self.head_bytes = 0;
            }
        }
    }
}

/// The field `C` of an error.
fn code_of(body: &[u8]) -> Option<SqlState> {
    body.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"C")).and_then(|code| code.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes();
        [kind, &length, body].concat()
    }

    #[test]
    fn messages_are_split_correctly_however_their_bytes_are_chunked() {
        let error = message(b"E", b"SERROR\0VERROR\0C55P03\0MKonnte Sperre nicht setzen\0\0");
        let bytes = [message(b"T", &[7; 300]), message(b"D", b""), error, message(b"Z", b"I")].concat();
        for size in [1, 2, 3, 5, 7, 64, bytes.len()] {
            let (mut frames, mut kinds, mut codes) = (Frames::new(false, b"E"), Vec::new(), Vec::new());
            for piece in bytes.chunks(size) {
                frames.feed(piece, |kind, body| {
                    kinds.push(kind);
                    codes.extend(code_of(body));
                });
            }
            assert_eq!((kinds.as_slice(), codes.as_slice()), (&b"TDEZ"[..], &[*b"55P03"][..]), "in pieces of {size}");
        }
    }

    #[test]
    fn the_first_message_of_a_client_has_no_kind() {
        let bytes =
            [message(b"", b"\0\x03\0\0user\0ada\0\0"), message(b"p", b"secret\0"), message(b"Q", b";\0")].concat();
        let (mut frames, mut kinds) = (Frames::new(true, b""), Vec::new());
        frames.feed(&bytes, |kind, _| kinds.push(kind));
        assert_eq!(kinds, [STARTUP, b'p', b'Q']);
    }
}
