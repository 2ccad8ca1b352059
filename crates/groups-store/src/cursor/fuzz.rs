//! What must hold for any bytes as a cursor. Shared by a property test and the fuzz target `cursor`.

use super::*;
use crate::position::fuzz::position;

/// Reads the input as a cursor and as a stored position, and then as the position in a cursor that
/// was made with the key.
pub(crate) fn cursor(input: &[u8]) {
    let Some(cursors) = Cursors::new(&CursorKey::from_stored("0123456789abcdef".repeat(4))) else { return };
    if let Ok(text) = std::str::from_utf8(input) {
        assert_eq!(cursors.position(text), None, "accepted without the key: {text:?}");
        if let Some(stored) = Position::from_stored(text) {
            assert_eq!(Position::from_stored(&stored.stored()), Some(stored));
        }
    }
    if let Some(position) = position(input) {
        let opened = cursors.position(&cursors.token(&position));
        assert_eq!(opened.map(|opened| opened.first_unknown()), Some(position.first_unknown()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_rejected_as_a_cursor_and_is_at_most_a_stored_position(
            text in prop_oneof!["\\PC{0,200}", "[A-Za-z0-9_-]{104}", "1 [0-9a-f]{1,16} [0-9]{1,3} [0-9]{1,3} [0-9a-f]{1,8} ([0-9]{1,2},){0,3}"],
        ) {
            super::cursor(text.as_bytes());
        }
    }
}
