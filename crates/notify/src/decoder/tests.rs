//! Whatever the bytes are and however they arrive.

use proptest::prelude::*;

use super::fuzz::{Got, check, decode_pieces};
use super::*;

/// A client's frame with the shortest form of its length. `opcode` has the FIN bit.
pub(super) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![opcode];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        medium @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

pub(super) fn decode(bytes: &[u8], message_bytes_max: usize) -> Vec<Got> {
    decode_pieces(&mut Decoder::new(message_bytes_max), bytes, &[usize::MAX], |_| {})
}

/// One message of a client with a control frame between its fragments, and what it decodes to.
#[derive(Clone, Debug)]
struct Message {
    text: bool,
    content: String,
    /// Where the message is cut into fragments.
    cuts: Vec<usize>,
    between: Option<(u8, Vec<u8>)>,
}

fn message() -> impl Strategy<Value = Message> {
    let control = (prop_oneof![Just(0x89_u8), Just(0x8A)], proptest::collection::vec(any::<u8>(), 0..=125));
    (any::<bool>(), "\\PC{0,80}", proptest::collection::vec(0..300usize, 0..4), proptest::option::of(control))
        .prop_map(|(text, content, cuts, between)| Message { text, content, cuts, between })
}

impl Message {
    fn encode(&self, bytes: &mut Vec<u8>, inputs: &mut Vec<Got>) {
        let content = self.content.as_bytes();
        let mut cuts: Vec<usize> = self.cuts.iter().map(|cut| *cut % (content.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(content.len());
        let mut from = 0;
        for (number, cut) in cuts.iter().enumerate() {
            let first = if self.text { TEXT } else { BINARY };
            let fin = if number + 1 == cuts.len() { 0x80 } else { 0 };
            bytes.extend(frame(fin | if number == 0 { first } else { CONTINUATION }, &content[from..*cut]));
            from = *cut;
            if fin == 0 {
                inputs.push(Got::Fragment);
                if let Some((opcode, payload)) = &self.between {
                    bytes.extend(frame(*opcode, payload));
                    inputs.push(if *opcode == 0x89 { Got::Ping(payload.clone()) } else { Got::Pong });
                }
            }
        }
        inputs.push(if self.text { Got::Text(self.content.clone()) } else { Got::Binary(content.to_vec()) });
    }
}

/// Bytes that look like frames more often than random ones do.
fn frames_or_noise() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        (0..=255u8, proptest::collection::vec(any::<u8>(), 0..140))
            .prop_map(|(opcode, payload)| frame(opcode, &payload)),
        (prop_oneof![Just(0x81_u8), Just(0x01), Just(0x80), Just(0x00), Just(0x89), Just(0x88)], "\\PC{0,20}")
            .prop_map(|(opcode, payload)| frame(opcode, payload.as_bytes())),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn messages_are_the_same_however_their_bytes_are_split(
        messages in proptest::collection::vec(message(), 1..6),
        sizes in proptest::collection::vec(1..60usize, 1..6),
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for message in &messages {
            message.encode(&mut bytes, &mut expected);
        }
        bytes.extend(frame(0x88, &1001_u16.to_be_bytes()));
        expected.push(Got::Close(Some(1001)));
        prop_assert_eq!(&decode(&bytes, 1_000), &expected);
        let mut decoder = Decoder::new(1_000);
        prop_assert_eq!(decode_pieces(&mut decoder, &bytes, &sizes, |_| {}), expected);
        prop_assert_eq!(decoder.buffered_bytes(), None, "nothing is kept after a message");
    }

    #[test]
    fn any_bytes_give_the_same_inputs_however_they_are_split_and_fail_once(
        bytes in frames_or_noise(),
        sizes in proptest::collection::vec(1..40usize, 1..5),
        message_bytes_max in 0..200usize,
    ) {
        check(&bytes, &sizes, message_bytes_max);
    }

    #[test]
    fn no_more_than_the_longest_message_and_a_control_frame_is_buffered(
        bytes in frames_or_noise(),
        size in 1..40usize,
        message_bytes_max in 0..200usize,
    ) {
        let limit = message_bytes_max + CONTROL_BYTES_MAX as usize;
        decode_pieces(&mut Decoder::new(message_bytes_max), &bytes, &[size], |decoder| {
            let bytes = decoder.buffered_bytes().unwrap_or_default();
            assert!(bytes <= limit, "{bytes} bytes");
        });
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_by_its_header_and_a_close_frame_after_it_is_found(
        before in 0..200usize, long in 201..70_000usize, size in 1..700usize,
    ) {
        let long = frame(0x82, &vec![7; long]);
        let bytes = [frame(0x82, &vec![1; before]), long, frame(0x81, b"ignored"), frame(0x88, &[]), frame(0x81, b"late")];
        let mut decoder = Decoder::new(200);
        let inputs = decode_pieces(&mut decoder, &bytes.concat(), &[size], |decoder| {
            assert!(decoder.buffered_bytes().is_none_or(|bytes| bytes <= 200), "nothing of the long frame is buffered");
        });
        let expected = [Got::Binary(vec![1; before]), Got::Violation(ProtocolError::TooLong), Got::Close(None)];
        prop_assert_eq!(inputs, expected);
    }
}

#[test]
fn nothing_is_kept_after_a_message_and_a_part_of_one_is() {
    let keeps = |bytes: &[u8]| {
        let mut decoder = Decoder::new(1_000);
        decode_pieces(&mut decoder, bytes, &[1], |_| {});
        decoder.buffered_bytes().is_some()
    };
    let [text, empty, ping, pong] =
        [(0x81, &b"text"[..]), (0x81, b""), (0x89, b"ping"), (0x8A, b"")].map(|(first, payload)| frame(first, payload));
    let (fragment, end) = (frame(0x01, b"frag"), frame(0x80, b"ment"));
    for complete in [&text, &empty, &ping, &pong, &[&fragment[..], &ping, &end].concat()] {
        assert!(!keeps(complete), "{complete:?}");
    }
    for part in [&text[..1], &text[..7], &fragment, &[&fragment[..], &ping].concat()] {
        assert!(keeps(part), "{part:?}");
    }
}

#[test]
fn an_idle_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 16, "{} bytes", size_of::<Decoder>());
}
