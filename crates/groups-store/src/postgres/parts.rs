//! Texts that are too long for one notification, as several.

/// Maximum length of a part in bytes. A notification has less than 8,000.
const PART_BYTES_MAX: usize = 7_800;

/// Maximum length of a text that is joined, in bytes.
const TEXT_BYTES_MAX: usize = 4 * super::announcement::ANNOUNCEMENT_BYTES_MAX;

/// The parts of a text, each with its number and their count: `0/2 …`, `1/2 …`.
pub(super) fn split(text: &str) -> Vec<String> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let mut end = rest.len().min(PART_BYTES_MAX);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, more) = rest.split_at(end);
        pieces.push(piece);
        rest = more;
    }
    let count = pieces.len();
    pieces.into_iter().enumerate().map(|(number, piece)| format!("{number}/{count} {piece}")).collect()
}

/// Joins the parts of one text, which arrive without others in between.
#[derive(Debug, Default)]
pub(super) struct Joining {
    from: String,
    next: usize,
    text: String,
}

/// What a part completes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// More parts follow.
    Part,
    Whole(String),
    /// It is not a part, or not the next one.
    Other,
}

impl Joining {
    pub(super) fn add(&mut self, from: &str, part: &str) -> Joined {
        let joined = self.join(from, part);
        if !matches!(joined, Some(Joined::Part)) {
            *self = Self::default();
        }
        joined.unwrap_or(Joined::Other)
    }

    fn join(&mut self, from: &str, part: &str) -> Option<Joined> {
        let (place, piece) = part.split_once(' ')?;
        let (number, count) = place.split_once('/')?;
        let (number, count): (usize, usize) = (number.parse().ok()?, count.parse().ok()?);
        if number == 0 {
            *self = Self { from: from.to_owned(), ..Self::default() };
        }
        if number != self.next || from != self.from || self.text.len() + piece.len() > TEXT_BYTES_MAX {
            return None;
        }
        self.text.push_str(piece);
        self.next += 1;
        Some(if self.next < count { Joined::Part } else { Joined::Whole(std::mem::take(&mut self.text)) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_the_same_after_it_was_split_and_joined(text in "(.|\u{1f980}){1,400}", times in 1..40usize) {
            let text = text.repeat(times);
            let mut joining = Joining::default();
            let parts = split(&text);
            let (last, earlier) = parts.split_last().ok_or_else(|| TestCaseError::fail("a part"))?;
            for part in earlier {
                prop_assert!(part.len() < 7_900);
                prop_assert_eq!(joining.add("a", part), Joined::Part);
            }
            prop_assert_eq!(joining.add("a", last), Joined::Whole(text));
        }
    }

    #[test]
    fn parts_of_different_texts_or_senders_are_not_joined() {
        let mut joining = Joining::default();
        for (from, part, joined) in [
            ("a", "1/2 x", Joined::Other),
            ("a", "0/2 x", Joined::Part),
            ("b", "1/2 y", Joined::Other),
            ("a", "1/2 y", Joined::Other),
            ("a", "0/3 x", Joined::Part),
            ("a", "2/3 z", Joined::Other),
            ("a", "0/2 old", Joined::Part),
            ("a", "0/2 x", Joined::Part),
            ("a", "1/2 y", Joined::Whole("xy".to_owned())),
            ("a", "1/2 y", Joined::Other),
            ("a", "", Joined::Other),
            ("a", "x/1 y", Joined::Other),
            ("a", "0 y", Joined::Other),
        ] {
            assert_eq!(joining.add(from, part), joined, "{from}: {part}");
        }
    }

    #[test]
    fn a_text_that_never_ends_is_given_up() {
        let mut joining = Joining::default();
        let piece = "x".repeat(100_000);
        let joined: Vec<bool> =
            (0..4).map(|number| joining.add("a", &format!("{number}/9 {piece}")) == Joined::Part).collect();
        assert_eq!(joined, [true, true, false, false]);
    }
}
