//! Prepared statements without names on the server, for connections through a pooler.
//!
//! A pooler in transaction mode, such as PgBouncer, may execute each transaction on another server
//! connection, which does not know a statement that was prepared on the first one. So this stream
//! changes the frames of the protocol
//! (<https://www.postgresql.org/docs/current/protocol-message-formats.html>): it remembers the text
//! of each named statement, and sends it again, as the unnamed statement, in front of each execution.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire::Stream;

/// Number of bytes that wait for the socket, above which nothing more is accepted. One frame may
/// exceed it.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// Number of bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;

/// The kind and the length of a frame.
const HEAD_BYTES: usize = 5;

/// A stream on which statements have no names.
pub(super) struct Unnamed {
    inner: Box<dyn Stream>,
    said: Said,
    heard: Heard,
    /// What the server will answer.
    expected: VecDeque<Expected>,
    /// Bytes for the server, from `sent` on.
    outgoing: Vec<u8>,
    sent: usize,
    /// Bytes for the client, from `taken` on.
    incoming: Vec<u8>,
    taken: usize,
}

/// An answer of the server that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// A statement was prepared, at the client's request or not.
    Parsed { asked: bool },
    /// All up to here is answered. After an error, the answers before it are missing.
    Ready,
}

impl Unnamed {
    pub(super) fn new(inner: Box<dyn Stream>) -> Self {
        Self {
            inner,
            said: Said::default(),
            heard: Heard::default(),
            expected: VecDeque::new(),
            outgoing: Vec::new(),
            sent: 0,
            incoming: Vec::new(),
            taken: 0,
        }
    }

    /// Writes what waits for the socket.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(bytes) = self.outgoing.get(self.sent..).filter(|bytes| !bytes.is_empty()) {
            match ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.sent += count,
            }
        }
        self.outgoing.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Unnamed {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.outgoing.len() - this.sent > WAITING_BYTES_MAX {
            ready!(this.poll_send(cx))?;
        }
        this.said.feed(bytes, &mut this.outgoing, &mut this.expected);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}

impl AsyncRead for Unnamed {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.taken == this.incoming.len() {
            this.incoming.clear();
            this.taken = 0;
            let mut bytes = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.heard.feed(read.filled(), &mut this.incoming, &mut this.expected);
        }
        let bytes = this.incoming.get(this.taken..).unwrap_or_default();
        let count = bytes.len().min(into.remaining());
        into.put_slice(bytes.get(..count).unwrap_or_default());
        this.taken += count;
        Poll::Ready(Ok(()))
    }
}

/// What the client says.
#[derive(Default)]
struct Said {
    /// Whether the startup message, which has no kind, is over.
    started: bool,
    /// The part of a frame that has been said.
    partial: Vec<u8>,
    /// The texts and parameter types of the named statements.
    statements: HashMap<Vec<u8>, Vec<u8>>,
}

impl Said {
    /// Appends the frames for the server.
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>, expected: &mut VecDeque<Expected>) {
        self.partial.extend_from_slice(bytes);
        let mut partial = std::mem::take(&mut self.partial);
        let mut done = 0;
        loop {
            let rest = partial.get(done..).unwrap_or_default();
            // The length does not count the kind.
            let kind_bytes = usize::from(self.started);
            let Some(length) = rest.get(kind_bytes..).and_then(|rest| rest.first_chunk()) else { break };
            let length = kind_bytes + (u32::from_be_bytes(*length) as usize).max(length.len());
            let Some(frame) = rest.get(..length) else { break };
            done += length;
            if self.started {
                self.frame(frame, out, expected);
            } else {
                self.started = true;
                out.extend_from_slice(frame);
            }
        }
        partial.drain(..done);
        self.partial = partial;
    }

    fn frame(&mut self, frame: &[u8], out: &mut Vec<u8>, expected: &mut VecDeque<Expected>) {
        let Some((head, body)) = frame.split_at_checked(HEAD_BYTES) else { return out.extend_from_slice(frame) };
        match head[0] {
            b'P' => {
                let (name, statement) = text(body);
                expected.push_back(Expected::Parsed { asked: true });
                push(b'P', &[b"\0", statement], out);
                if !name.is_empty() {
                    self.statements.insert(name.to_vec(), statement.to_vec());
                }
            }
            b'B' => {
                let (portal, rest) = text(body);
                let (name, values) = text(rest);
                if let Some(statement) = self.statements.get(name) {
                    expected.push_back(Expected::Parsed { asked: false });
                    push(b'P', &[b"\0", statement], out);
                }
                push(b'B', &[portal, b"\0", b"\0", values], out);
            }
            // Only statements have names, which are followed by nothing.
            b'D' | b'C' if body.first() == Some(&b'S') => {
                let (name, _) = text(body.get(1..).unwrap_or_default());
                if head[0] == b'C' {
                    self.statements.remove(name);
                }
                push(head[0], &[b"S\0"], out);
            }
            kind => {
                if matches!(kind, b'S' | b'Q') {
                    expected.push_back(Expected::Ready);
                }
                out.extend_from_slice(frame);
            }
        }
    }
}

/// A text that ends with a zero, and what follows it.
fn text(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default())
}

/// Appends a frame.
fn push(kind: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    let length: usize = 4 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.push(kind);
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// What the server says.
#[derive(Default)]
struct Heard {
    head: Vec<u8>,
    /// Bytes of the current frame that are still missing.
    left: usize,
}

impl Heard {
    /// Appends the frames for the client: all but answers to what it has not asked for.
    fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>, expected: &mut VecDeque<Expected>) {
        while !bytes.is_empty() {
            if self.left == 0 {
                let (now, rest) = bytes.split_at(bytes.len().min(HEAD_BYTES - self.head.len()));
                self.head.extend_from_slice(now);
                bytes = rest;
                let [kind, a, b, c, d] = *self.head.as_slice() else { return };
                self.left = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4);
                if is_asked_for(kind, expected) {
                    out.extend_from_slice(&self.head);
                }
                self.head.clear();
            }
            let (now, rest) = bytes.split_at(bytes.len().min(self.left));
            out.extend_from_slice(now);
            self.left -= now.len();
            bytes = rest;
        }
    }
}

/// Whether the client has asked for an answer of this kind, which is next.
fn is_asked_for(kind: u8, expected: &mut VecDeque<Expected>) -> bool {
    match kind {
        // ParseComplete, which has no body.
        b'1' => !matches!(expected.pop_front(), Some(Expected::Parsed { asked: false })),
        b'Z' => {
            while expected.pop_front().is_some_and(|expected| expected != Expected::Ready) {}
            true
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        push(kind, &[body], &mut frame);
        frame
    }

    /// Says and hears this in chunks of a size. Returns what the server and the client get.
    fn pass(said: &[u8], heard: &[u8], size: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut expected, mut to_server, mut to_client) = (VecDeque::new(), Vec::new(), Vec::new());
        let (mut says, mut hears) = (Said::default(), Heard::default());
        said.chunks(size).for_each(|bytes| says.feed(bytes, &mut to_server, &mut expected));
        heard.chunks(size).for_each(|bytes| hears.feed(bytes, &mut to_client, &mut expected));
        (to_server, to_client)
    }

    const STARTUP: &[u8] = b"\0\0\0\x09\0\x03\0\0\0";

    #[test]
    fn each_execution_prepares_the_statement_again_without_a_name_and_the_client_does_not_notice() {
        let said = [
            STARTUP.to_vec(),
            frame(b'P', b"s1\0SELECT 1\0\0\0"),
            frame(b'D', b"Ss1\0"),
            frame(b'S', b""),
            frame(b'B', b"\0s1\0values"),
            frame(b'E', b"\0\0\0\0\0"),
            frame(b'S', b""),
            frame(b'C', b"Ss1\0"),
            frame(b'S', b""),
        ];
        let sent = [
            STARTUP.to_vec(),
            frame(b'P', b"\0SELECT 1\0\0\0"),
            frame(b'D', b"S\0"),
            frame(b'S', b""),
            frame(b'P', b"\0SELECT 1\0\0\0"),
            frame(b'B', b"\0\0values"),
            frame(b'E', b"\0\0\0\0\0"),
            frame(b'S', b""),
            frame(b'C', b"S\0"),
            frame(b'S', b""),
        ];
        let ready = || frame(b'Z', b"I");
        let answers = |twice: bool| {
            let parsed = if twice { frame(b'1', b"") } else { Vec::new() };
            let executed = [frame(b'2', b""), frame(b'D', &[7; 300]), frame(b'C', b"SELECT 1\0"), ready()].concat();
            [frame(b'1', b""), frame(b'T', b"row"), ready(), parsed, executed, frame(b'3', b""), ready()].concat()
        };
        for size in [1, 2, 3, 7, 64, 10_000] {
            assert_eq!(
                pass(&said.concat(), &answers(true), size),
                (sent.concat(), answers(false)),
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn an_error_leaves_the_answers_of_later_requests_alone() {
        let execution = [frame(b'B', b"\0s1\0"), frame(b'E', b"\0\0\0\0\0"), frame(b'S', b"")].concat();
        let said =
            [STARTUP.to_vec(), frame(b'P', b"s1\0SELECT 1\0\0\0"), frame(b'S', b""), execution.clone(), execution];
        let (error, ready) = (frame(b'E', b"SERROR\0\0"), frame(b'Z', b"I"));
        let parsed = frame(b'1', b"");
        let bound = frame(b'2', b"");
        // The first execution fails before its statement is prepared.
        let heard = [&parsed, &ready, &error, &ready, &parsed, &bound, &ready].map(Vec::as_slice).concat();
        let left = [&parsed, &ready, &error, &ready, &bound, &ready].map(Vec::as_slice).concat();
        assert_eq!(pass(&said.concat(), &heard, 5).1, left);
    }
}
