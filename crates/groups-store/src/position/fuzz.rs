//! What must hold for any bytes as a position. Shared by a property test and the fuzz target
//! `cursor`.

use super::*;

/// The commits that a position does not know are sorted and below its end. Encoding it again keeps
/// the first unknown commit, and storing it keeps all of it.
pub(crate) fn position(bytes: &[u8]) -> Option<Position> {
    let position = Position::decoded(bytes)?;
    assert!(position.except.is_sorted_by(|one, next| one < next), "{position:?}");
    assert!(position.except.last().is_none_or(|last| *last < position.below), "{position:?}");
    let again = Position::decoded(&position.encoded());
    assert_eq!(again.map(|again| again.first_unknown()), Some(position.first_unknown()), "{position:?}");
    if position.except.len() <= EXCEPT_MAX {
        assert_eq!(Position::from_stored(&position.stored()), Some(position.clone()));
    }
    Some(position)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ENCODED_BYTES;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_bytes_are_rejected_or_decode_to_a_position_that_encodes_again(
            head in any::<[u8; 12]>(),
            numbers in proptest::collection::vec(prop_oneof![0..4u8, Just(0x80), Just(0xff), any::<u8>()], 0..ENCODED_BYTES),
        ) {
            super::position(&[&head[..], &numbers[..]].concat());
        }
    }
}
