//! Decodes arbitrary bytes as a position. The body is a function, so that a fuzzer can call it too.

use proptest::prelude::*;

use super::*;

/// Decodes bytes and checks the invariants: the commits that a position does not know are sorted
/// and below its end, and re-encoding preserves the first unknown commit.
fn decode_any(bytes: &[u8]) {
    let Some(position) = Position::decoded(bytes) else { return };
    assert!(position.except.is_sorted_by(|one, next| one < next), "{position:?}");
    assert!(position.except.last().is_none_or(|last| *last < position.below), "{position:?}");
    let again = Position::decoded(&position.encoded());
    assert_eq!(again.map(|again| again.first_unknown()), Some(position.first_unknown()), "{position:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_a_position_that_can_be_written_again_or_none(
        head in any::<[u8; 12]>(),
        numbers in proptest::collection::vec(prop_oneof![0..4u8, Just(0x80), Just(0xff), any::<u8>()], 0..ENCODED_BYTES),
    ) {
        decode_any(&[&head[..], &numbers[..]].concat());
    }
}
