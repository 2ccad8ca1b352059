//! What must hold for any bytes from a client. Shared by property tests and the fuzz target
//! `frames`.

use super::*;

/// A copy of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Got {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Fragment,
    Close(Option<u16>),
    Violation(ProtocolError),
}

impl From<Input<'_>> for Got {
    fn from(input: Input<'_>) -> Self {
        match input {
            Input::Text(text) => Self::Text(text.to_owned()),
            Input::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Input::Ping(payload) => Self::Ping(payload.to_vec()),
            Input::Pong => Self::Pong,
            Input::Fragment => Self::Fragment,
            Input::Close(code) => Self::Close(code),
            Input::ProtocolError(violation) => Self::Violation(violation),
        }
    }
}

/// All inputs from bytes that arrive in pieces of these sizes, repeated. `check` is called when a
/// piece has been consumed.
pub(super) fn decode_pieces(
    decoder: &mut Decoder,
    mut bytes: &[u8],
    sizes: &[usize],
    mut check: impl FnMut(&Decoder),
) -> Vec<Got> {
    let mut inputs = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !bytes.is_empty() {
        let size = sizes.next().map_or(1, |size| *size).clamp(1, bytes.len());
        let (mut piece, rest) = bytes.split_at(size);
        bytes = rest;
        while let Some(input) = decoder.next(&mut piece) {
            inputs.push(input.into());
        }
        assert!(piece.is_empty(), "all was consumed");
        check(decoder);
    }
    inputs
}

/// Checks that bytes give the same inputs however they are split, that they fail once at most, and
/// that no more than one message and a control frame is buffered.
pub(super) fn check(bytes: &[u8], sizes: &[usize], message_bytes_max: usize) {
    let limit = message_bytes_max + CONTROL_BYTES_MAX as usize;
    let decode = |sizes: &[usize]| {
        decode_pieces(&mut Decoder::new(message_bytes_max), bytes, sizes, |decoder| {
            let bytes = decoder.buffered_bytes().unwrap_or_default();
            assert!(bytes <= limit, "{bytes} bytes");
        })
    };
    let whole = decode(&[usize::MAX]);
    assert_eq!(whole, decode(sizes));
    if let Some(at) = whole.iter().position(|input| matches!(input, Got::Violation(_))) {
        assert!(matches!(&whole[at + 1..], [] | [Got::Close(None)]), "{whole:?}");
    }
}

/// Splits the input into the size of a piece, the longest message, and the bytes that a client
/// sends.
#[cfg(fuzzing)]
pub(crate) fn frames(input: &[u8]) {
    if let [size, max_high, max_low, bytes @ ..] = input {
        let message_bytes_max = usize::from(u16::from_be_bytes([*max_high, *max_low]));
        check(bytes, &[usize::from(*size).max(1)], message_bytes_max);
    }
}
