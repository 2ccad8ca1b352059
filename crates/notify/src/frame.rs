//! Encodes frames from server to client (RFC 6455, section 5.2): never masked, never fragmented,
//! encoded once and shared.

use bytes::Bytes;
use serde::Serialize;

/// Opcode of a text frame.
pub(crate) const TEXT: u8 = 0x1;
/// Opcode of a binary frame.
pub(crate) const BINARY: u8 = 0x2;
/// Opcode of a close frame.
pub(crate) const CLOSE: u8 = 0x8;
/// Opcode of a pong frame.
pub(crate) const PONG: u8 = 0xA;

/// An empty ping frame, used as the heartbeat.
pub(crate) const PING: Bytes = Bytes::from_static(&[0x89, 0x00]);

/// Maximum length of a close reason: 125 bytes of a control frame minus 2 for the code (RFC 6455,
/// section 5.5).
const REASON_BYTES_MAX: usize = 123;

/// Encodes a complete frame.
pub(crate) fn encode(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(0x80 | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short), _) if short < 126 => frame.push(short),
        (_, Ok(medium)) => {
            frame.push(126);
            frame.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    Bytes::from(frame)
}

/// Encodes a message as a text frame with JSON.
pub(crate) fn json(message: &impl Serialize) -> Bytes {
    #[expect(clippy::expect_used, reason = "our own types serialize to memory without I/O or non-string map keys")]
    let payload = serde_json::to_vec(message).expect("a message serializes to JSON");
    encode(TEXT, &payload)
}

/// Encodes a pong with the ping's payload, which is at most 125 bytes.
pub(crate) fn pong(payload: &[u8]) -> Bytes {
    encode(PONG, payload)
}

/// Encodes a close frame, empty if there is no code. A reason that is too long is truncated at a
/// character boundary.
pub(crate) fn close(code: Option<u16>, reason: &str) -> Bytes {
    let Some(code) = code else { return encode(CLOSE, &[]) };
    let mut end = reason.len().min(REASON_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    encode(CLOSE, &payload)
}
