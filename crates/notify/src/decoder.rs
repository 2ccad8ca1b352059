//! Decodes frames from client to server (RFC 6455, section 5), without I/O: bytes go in, in pieces
//! of any size, and the input of the session comes out.
//!
//! Nothing is buffered before the header of a frame has been checked, and a message is never longer
//! than the limit. Between two messages the decoder owns no memory.
//!
//! After a protocol violation the connection fails (section 7.1.7): the content of all further
//! frames is ignored. Their headers are still read, because the client may answer our close frame,
//! and because a client that sends a long frame reads the reason only after it has sent all of it.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

use crate::frame::{BINARY, CLOSE, PONG, TEXT};
use crate::session::{Input, ProtocolError};

/// Maximum length of a header: two bytes, an eight-byte length, and a four-byte mask.
const HEADER_BYTES_MAX: usize = 14;

/// Maximum payload of a control frame.
const CONTROL_BYTES_MAX: u64 = 125;

/// Opcode of all frames of a message but the first.
const CONTINUATION: u8 = 0x0;
/// Opcode of a ping frame.
const PING: u8 = 0x9;

/// Decodes the frames of one client. Small, because every idle connection has one.
#[derive(Debug)]
pub(crate) struct Decoder {
    reading: Reading,
    message_bytes_max: u32,
    /// What has been read of the current frame or message. `None` between two messages.
    partial: Option<Box<Partial>>,
}

/// A frame or a message that is not complete.
#[derive(Debug, Default)]
struct Partial {
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: u8,
    /// The current frame, once its header is complete.
    frame: Option<Frame>,
    /// The type of the current message, from its first frame to its last.
    message: Option<Type>,
    /// The current message so far, followed by the payload of a control frame within it.
    buffer: Vec<u8>,
    /// Length of the message in the buffer.
    message_bytes: usize,
    /// Number of bytes of the message that are known to be UTF-8.
    utf8_bytes: usize,
}

/// What is still read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Messages,
    /// After a violation: only a close frame matters.
    Close,
    /// The close frame was the violation, so no other will follow. Reported next.
    InvalidClose,
    /// The client sends nothing more.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    Binary,
}

/// A frame whose header has been read.
#[derive(Clone, Copy, Debug)]
struct Frame {
    fin: bool,
    opcode: u8,
    /// The mask for the next byte comes first.
    mask: [u8; 4],
    bytes_left: u64,
}

/// An input whose content, if it has any, is in the buffer.
enum Decoded {
    Text,
    Binary,
    Ping,
    Pong,
    Fragment,
    Close(Option<u16>),
}

impl Decoder {
    /// `message_bytes_max` limits a message including all fragments. 4 GiB or more count as 4 GiB - 1.
    pub(crate) fn new(message_bytes_max: usize) -> Self {
        let message_bytes_max = u32::try_from(message_bytes_max).unwrap_or(u32::MAX);
        Self { reading: Reading::Messages, message_bytes_max, partial: None }
    }

    /// Consumes bytes up to the end of the next input. Returns `None` when it needs more; then it
    /// has consumed all.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<Input<'_>> {
        self.release();
        let decoded = self.decode(bytes)?;
        let (buffer, message_bytes) =
            self.partial.as_ref().map_or((&[][..], 0), |partial| (&partial.buffer[..], partial.message_bytes));
        let violation = match decoded {
            Ok(Decoded::Text) => match std::str::from_utf8(buffer) {
                Ok(text) => return Some(Input::Text(text)),
                Err(_) => ProtocolError::InvalidUtf8,
            },
            Ok(Decoded::Binary) => return Some(Input::Binary(buffer)),
            Ok(Decoded::Ping) => return Some(Input::Ping(&buffer[message_bytes..])),
            Ok(Decoded::Pong) => return Some(Input::Pong),
            Ok(Decoded::Fragment) => return Some(Input::Fragment),
            Ok(Decoded::Close(code)) => {
                self.reading = Reading::Nothing;
                return Some(Input::Close(code));
            }
            Err(violation) => violation,
        };
        if self.reading == Reading::Messages {
            self.reading = Reading::Close;
        }
        Some(Input::ProtocolError(violation))
    }

    /// Releases what the last input has borrowed.
    fn release(&mut self) {
        if self.partial.as_mut().is_some_and(|partial| partial.release(self.reading)) {
            self.partial = None;
        }
    }

    /// The memory of the buffer, if anything is kept.
    #[cfg(any(test, fuzzing))]
    fn buffered_bytes(&self) -> Option<usize> {
        self.partial.as_ref().map(|partial| partial.buffer.capacity())
    }

    fn decode(&mut self, bytes: &mut &[u8]) -> Option<Result<Decoded, ProtocolError>> {
        loop {
            match self.reading {
                Reading::InvalidClose => return Some(Ok(Decoded::Close(None))),
                Reading::Nothing => {
                    *bytes = &[];
                    return None;
                }
                Reading::Messages | Reading::Close => {}
            }
            if bytes.is_empty() && self.partial.is_none() {
                return None;
            }
            let partial = self.partial.get_or_insert_default();
            if partial.frame.is_none() {
                let frame = partial.take_header(bytes)?;
                partial.frame = Some(frame);
                if self.reading == Reading::Messages
                    && let Err(violation) = partial.check_header(frame, self.message_bytes_max as usize)
                {
                    return Some(Err(violation));
                }
            }
            if let Err(violation) = partial.take_payload(bytes, self.reading, self.message_bytes_max as usize) {
                return Some(Err(violation));
            }
            let frame = partial.frame.take_if(|frame| frame.bytes_left == 0)?;
            match self.reading {
                Reading::Messages => {
                    let ended = partial.end_frame(frame);
                    if ended.is_err() {
                        // Only a close frame is checked at its end.
                        self.reading = Reading::InvalidClose;
                    }
                    return Some(ended);
                }
                _ if frame.opcode == CLOSE => return Some(Ok(Decoded::Close(None))),
                _ => {}
            }
        }
    }
}

impl Partial {
    /// Releases what the last input has borrowed. Returns whether nothing is left.
    fn release(&mut self, reading: Reading) -> bool {
        match reading {
            // The buffer contains the beginning of a frame.
            Reading::Messages if self.frame.is_some() => return false,
            Reading::Messages => {}
            Reading::Close | Reading::InvalidClose | Reading::Nothing => self.message = None,
        }
        if self.message.is_none() {
            self.buffer = Vec::new();
            self.message_bytes = 0;
            self.utf8_bytes = 0;
        }
        self.buffer.truncate(self.message_bytes);
        self.message.is_none() && self.frame.is_none() && self.header_bytes == 0
    }

    /// Reads the rest of a header. Returns `None` if it is still incomplete.
    fn take_header(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        loop {
            let known = &self.header[..usize::from(self.header_bytes)];
            if let Some(frame) = parse_header(known) {
                self.header_bytes = 0;
                return Some(frame);
            }
            let (byte, rest) = bytes.split_first()?;
            self.header[known.len()] = *byte;
            self.header_bytes += 1;
            *bytes = rest;
        }
    }

    /// Checks a header, and begins the message or continues it.
    fn check_header(&mut self, frame: Frame, message_bytes_max: usize) -> Result<(), ProtocolError> {
        let [first, second, ..] = self.header;
        let length = frame.bytes_left;
        // No extension is negotiated, so nothing defines the reserved bits.
        let reserved = first & 0x70 != 0;
        let masked = second & 0x80 != 0;
        let shortest = match second & 0x7F {
            126 => length > 125,
            127 => length > u64::from(u16::MAX) && length <= i64::MAX as u64,
            _ => true,
        };
        if reserved || !masked || !shortest {
            return Err(ProtocolError::Protocol);
        }
        match (frame.opcode, self.message) {
            (TEXT, None) => self.message = Some(Type::Text),
            (BINARY, None) => self.message = Some(Type::Binary),
            (CONTINUATION, Some(_)) => {}
            (CLOSE | PING | PONG, _) if frame.fin && length <= CONTROL_BYTES_MAX => return Ok(()),
            _ => return Err(ProtocolError::Protocol),
        }
        let room = message_bytes_max - self.message_bytes;
        if length > room as u64 { Err(ProtocolError::TooLong) } else { Ok(()) }
    }

    /// Consumes as much of the frame's payload as there is.
    fn take_payload(
        &mut self,
        bytes: &mut &[u8],
        reading: Reading,
        message_bytes_max: usize,
    ) -> Result<(), ProtocolError> {
        let Some(frame) = &mut self.frame else { return Ok(()) };
        let count = usize::try_from(frame.bytes_left).unwrap_or(usize::MAX).min(bytes.len());
        let (piece, rest) = bytes.split_at(count);
        *bytes = rest;
        frame.bytes_left -= count as u64;
        if reading != Reading::Messages || piece.is_empty() {
            return Ok(());
        }
        reserve(&mut self.buffer, count, message_bytes_max);
        let from = self.buffer.len();
        self.buffer.extend_from_slice(piece);
        unmask(&mut self.buffer[from..], &mut frame.mask);
        if frame.opcode & 0x8 != 0 {
            return Ok(());
        }
        self.message_bytes = self.buffer.len();
        // A message that is complete is checked as a whole.
        let complete = frame.fin && frame.bytes_left == 0;
        if self.message == Some(Type::Text) && !complete { self.check_utf8() } else { Ok(()) }
    }

    /// Rejects invalid UTF-8 as early as possible, not at the end of the message. The last character
    /// may be incomplete.
    fn check_utf8(&mut self) -> Result<(), ProtocolError> {
        match std::str::from_utf8(&self.buffer[self.utf8_bytes..]) {
            Ok(_) => self.utf8_bytes = self.buffer.len(),
            Err(error) if error.error_len().is_some() => return Err(ProtocolError::InvalidUtf8),
            Err(error) => self.utf8_bytes += error.valid_up_to(),
        }
        Ok(())
    }

    fn end_frame(&mut self, frame: Frame) -> Result<Decoded, ProtocolError> {
        match frame.opcode {
            PING => Ok(Decoded::Ping),
            PONG => Ok(Decoded::Pong),
            CLOSE => close_code(&self.buffer[self.message_bytes..]).map(Decoded::Close),
            _ if !frame.fin => Ok(Decoded::Fragment),
            _ => match self.message.take() {
                Some(Type::Text) => Ok(Decoded::Text),
                _ => Ok(Decoded::Binary),
            },
        }
    }
}

/// Parses a header. Returns `None` if it is incomplete. A frame that is not masked has a mask of
/// zeros.
fn parse_header(header: &[u8]) -> Option<Frame> {
    let (&[first, second], rest) = header.split_first_chunk()?;
    let (bytes_left, rest) = match second & 0x7F {
        126 => rest.split_first_chunk().map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest))?,
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        length => (u64::from(length), rest),
    };
    let mask = if second & 0x80 == 0 { [0; 4] } else { *rest.first_chunk()? };
    Some(Frame { fin: first & 0x80 != 0, opcode: first & 0x0F, mask, bytes_left })
}

/// Makes room for `count` bytes. The capacity grows geometrically, but beyond `bytes_max` only by
/// what a control frame needs.
fn reserve(buffer: &mut Vec<u8>, count: usize, bytes_max: usize) {
    let needed = buffer.len() + count;
    if needed > buffer.capacity() {
        let capacity = needed.max((2 * buffer.capacity()).min(bytes_max));
        buffer.reserve_exact(capacity - buffer.len());
    }
}

/// Unmasks bytes (section 5.3), and turns the mask so that it continues with the next byte.
fn unmask(bytes: &mut [u8], mask: &mut [u8; 4]) {
    let (words, rest) = bytes.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(*mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter()) {
        *byte ^= mask;
    }
    mask.rotate_left(rest.len());
}

/// The code in the payload of a close frame (sections 5.5.1 and 7.4), `None` if it is empty.
fn close_code(payload: &[u8]) -> Result<Option<u16>, ProtocolError> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(ProtocolError::Protocol) };
    };
    let code = u16::from_be_bytes(*code);
    // 1004 is undefined; 1005, 1006 and 1015 are never sent.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(ProtocolError::Protocol);
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(ProtocolError::InvalidUtf8),
    }
}
