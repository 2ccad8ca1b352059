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
/// Opcode of a ping frame.
const PING_OPCODE: u8 = 0x9;
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

/// Encodes a text frame.
pub(crate) fn text(payload: &str) -> Bytes {
    encode(TEXT, payload.as_bytes())
}

/// Encodes a message as a text frame with JSON.
pub(crate) fn json(message: &impl Serialize) -> Bytes {
    #[expect(clippy::expect_used, reason = "our own types serialize to memory without I/O or non-string map keys")]
    let payload = serde_json::to_vec(message).expect("a message serializes to JSON");
    encode(TEXT, &payload)
}

/// What one of our own frames says. For transports that are not WebSockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// A message in JSON.
    Message(Bytes),
    /// A heartbeat.
    Ping,
    /// Nothing follows.
    Close { code: Option<u16>, reason: Bytes },
    /// An answer to a client's ping, or a binary frame. Only a WebSocket client gets one.
    Other,
}

/// Decodes a complete frame that [`encode`] has made. The payload shares the memory of the frame.
pub(crate) fn decode(frame: &Bytes) -> Decoded {
    let (Some(first), Some(second)) = (frame.first(), frame.get(1)) else { return Decoded::Other };
    let header_bytes = match second {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let payload = frame.slice(header_bytes.min(frame.len())..);
    match first & 0x0F {
        TEXT => Decoded::Message(payload),
        PING_OPCODE => Decoded::Ping,
        CLOSE => match payload.first_chunk::<2>() {
            Some(code) => Decoded::Close { code: Some(u16::from_be_bytes(*code)), reason: payload.slice(2..) },
            None => Decoded::Close { code: None, reason: Bytes::new() },
        },
        _ => Decoded::Other,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_any_length_decodes_to_its_payload() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            assert_eq!(decode(&encode(TEXT, &payload)), Decoded::Message(payload.into()), "{length}");
        }
    }

    #[test]
    fn control_frames_decode_to_their_meaning() {
        let closed =
            |code, reason: &'static str| Decoded::Close { code, reason: Bytes::from_static(reason.as_bytes()) };
        assert_eq!(decode(&PING), Decoded::Ping);
        assert_eq!(decode(&pong(b"hi")), Decoded::Other);
        assert_eq!(decode(&close(Some(4001), "slow consumer")), closed(Some(4001), "slow consumer"));
        assert_eq!(decode(&close(None, "")), closed(None, ""));
    }
}
