//! Splits a client's bytes at frame boundaries (RFC 6455, section 5.2).

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_http::error::PayloadError;
use actix_web::dev;
use bytes::Bytes;
use futures_util::Stream;

/// Opcode of a close frame.
const CLOSE: u8 = 0x8;

/// Maximum header length: two bytes, an eight-byte length, and a four-byte mask.
const HEADER_BYTES_MAX: usize = 14;

/// Reads frame headers. The decoder handles the content.
pub(super) struct Frames {
    payload: dev::Payload,
    chunk: Bytes,
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    /// Bytes left of the current frame's payload, once its header is complete.
    left: Option<u64>,
    payload_bytes_max: u64,
    /// A frame has just ended: the decoder must process it before it gets more bytes.
    pause: bool,
    /// Whether a close frame was seen, valid or not.
    close_seen: bool,
}

/// Bytes taken from a chunk.
struct Taken {
    bytes: Bytes,
    /// Opcode of the frame that ended with these bytes.
    ended: Option<u8>,
}

impl Frames {
    pub(super) fn new(payload: dev::Payload) -> Self {
        Self {
            payload,
            chunk: Bytes::new(),
            header: [0; HEADER_BYTES_MAX],
            header_bytes: 0,
            left: None,
            payload_bytes_max: 0,
            pause: false,
            close_seen: false,
        }
    }

    /// Whether a close frame was seen. After it the client sends nothing more, even if the frame
    /// was invalid.
    pub(super) fn close_seen(&self) -> bool {
        self.close_seen
    }

    /// Sets the maximum payload length of a frame.
    pub(super) fn set_max(&mut self, payload_bytes_max: usize) {
        self.payload_bytes_max = payload_bytes_max as u64;
    }

    /// Returns the next bytes for the decoder, never beyond the end of a frame. After the end of a
    /// frame it returns `Pending` once, without a waker: the decoder now has a message, and polling
    /// for that message calls this again.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        if std::mem::take(&mut self.pause) {
            return Poll::Pending;
        }
        match self.poll_chunk(cx) {
            Poll::Ready(Some(Ok(()))) => {}
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        }
        let taken = self.take();
        if self.left.is_some_and(|left| left > self.payload_bytes_max) {
            return Poll::Ready(Some(Err(PayloadError::Overflow)));
        }
        self.pause = taken.ended.is_some();
        Poll::Ready(Some(Ok(taken.bytes)))
    }

    /// Skips everything up to a close frame. Returns `true` if one has arrived, or `false` if the
    /// client sends nothing more.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            match self.poll_chunk(cx) {
                Poll::Ready(Some(Ok(()))) if self.take().ended == Some(CLOSE) => return Poll::Ready(true),
                Poll::Ready(Some(Ok(()))) => {}
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(false),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), PayloadError>>> {
        while self.chunk.is_empty() {
            match Pin::new(&mut self.payload).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => self.chunk = chunk,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Some(Ok(())))
    }

    /// Takes bytes up to the end of the frame, of its header, or of the chunk.
    fn take(&mut self) -> Taken {
        let mut taken = 0;
        if self.left.is_none() {
            while self.header_bytes < header_length(&self.header[..self.header_bytes]) {
                let Some(byte) = self.chunk.get(taken) else { break };
                self.header[self.header_bytes] = *byte;
                self.header_bytes += 1;
                taken += 1;
            }
            let header = &self.header[..self.header_bytes];
            if header.len() < header_length(header) {
                return Taken { bytes: self.chunk.split_to(taken), ended: None };
            }
            let left = payload_length(header);
            self.left = Some(left);
            if left > self.payload_bytes_max {
                return Taken { bytes: self.chunk.split_to(taken), ended: None };
            }
        }
        let left = self.left.unwrap_or_default();
        let there = self.chunk.len() - taken;
        let step = usize::try_from(left).unwrap_or(usize::MAX).min(there);
        let left = left - step as u64;
        let ended = (left == 0).then(|| self.header[0] & 0x0F);
        if ended.is_some() {
            self.close_seen |= ended == Some(CLOSE);
            self.header_bytes = 0;
            self.left = None;
        } else {
            self.left = Some(left);
        }
        Taken { bytes: self.chunk.split_to(taken + step), ended }
    }
}

/// The length of the header, as far as the bytes so far determine it.
fn header_length(header: &[u8]) -> usize {
    let &[_, second, ..] = header else { return 2 };
    let length = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    2 + length + mask
}

/// The payload length in a complete header.
fn payload_length(header: &[u8]) -> u64 {
    let big_endian = |bytes: &[u8]| bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
    match header {
        [_, second, rest @ ..] => match second & 0x7F {
            126 => big_endian(&rest[..2]),
            127 => big_endian(&rest[..8]),
            short => u64::from(short),
        },
        _ => 0,
    }
}

/// The stream that the decoder reads from.
pub(super) struct Tap(pub(super) Rc<RefCell<Frames>>);

impl Stream for Tap {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_piece(cx)
    }
}
