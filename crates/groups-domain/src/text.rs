//! Names of groups, names of people, descriptions and notes. They are validated and normalised once, when they enter the system.
//!
//! Normalisation is NFC of [UAX #15](https://www.unicode.org/reports/tr15/), so that the same name typed on different keyboards is equal.
//! Trimming removes only white space (the `White_Space` property) from both ends. Joiners and variation selectors stay,
//! because emoji and words of several scripts end with them. A name is rejected if all its characters are invisible.
//!
//! Bidirectional control characters are kept. A program that displays a name must isolate it from the surrounding text: see
//! [`printable`] for terminals and `docs/rules.md` for web pages.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use unicode_normalization::UnicodeNormalization;

/// The reason why a text is not a valid name or description.
///
/// Not exhaustive: it is meant to be shown, and later releases may reject more characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The text has no visible character after trimming.
    #[error("it must not be empty")]
    Empty,
    /// The text is too long.
    #[error("it must not be longer than {max} characters, but has {count}")]
    TooLong {
        /// The number of Unicode scalar values after trimming and normalisation.
        count: usize,
        /// The maximum number of Unicode scalar values.
        max: usize,
    },
    /// The text contains a control character (Unicode category Cc). Line breaks and tabs are control characters.
    #[error("it must not contain the control character U+{:04X}", *.character as u32)]
    ControlCharacter {
        /// The first such character.
        character: char,
    },
    /// The text contains a line or paragraph separator, an annotation or object replacement character, or a noncharacter.
    #[error("it must not contain U+{:04X}, which cannot be displayed in a line of text", *.character as u32)]
    UnfitCharacter {
        /// The first such character.
        character: char,
    },
}

/// Trims white space, normalises the text, and validates the result.
fn normalise(text: &str, max: usize) -> Result<String, TextError> {
    let text: String = text.trim().nfc().collect();
    if let Some(character) = text.chars().find(|character| character.is_control()) {
        return Err(TextError::ControlCharacter { character });
    }
    if let Some(character) = text.chars().find(|character| is_unfit(*character)) {
        return Err(TextError::UnfitCharacter { character });
    }
    let count = text.chars().count();
    if count > max {
        return Err(TextError::TooLong { count, max });
    }
    Ok(text)
}

/// Like [`normalise`], for texts that must have a visible character.
fn normalise_name(text: &str, max: usize) -> Result<String, TextError> {
    let text = normalise(text, max)?;
    if text.chars().all(is_invisible) { Err(TextError::Empty) } else { Ok(text) }
}

/// A text in a history. It was validated when it entered the system. Validating it again, with later rules or a later version
/// of Unicode, could make an old change unreadable.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Stored(String);

/// For `serde(deserialize_with)` on the texts of changes and events.
#[cfg(feature = "serde")]
pub(crate) fn stored<'de, D: serde::Deserializer<'de>, T: From<Stored>>(deserializer: D) -> Result<T, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(|text: Stored| T::from(text))
}

/// Like [`stored`], for optional texts.
#[cfg(feature = "serde")]
pub(crate) fn stored_option<'de, D: serde::Deserializer<'de>, T: From<Stored>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(|text: Option<Stored>| text.map(T::from))
}

/// Whether a character cannot be displayed in a line of text:
///
/// * U+2028 and U+2029 (categories Zl and Zp) break the line, like control characters.
/// * U+FFF9 to U+FFFB (interlinear annotation) and U+FFFC (object replacement) are for internal use by programs, not for plain
///   text (Unicode Standard, section 23.8).
/// * Noncharacters are not for interchange (section 23.7).
const fn is_unfit(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFC}' | '\u{FDD0}'..='\u{FDEF}')
        || character as u32 & 0xFFFE == 0xFFFE
}

/// Whether a character may occur in a name or description.
#[cfg(feature = "proptest")]
pub(crate) fn is_fit(character: char) -> bool {
    !character.is_control() && !is_unfit(character)
}

/// Escapes a text for a terminal or a log. Control characters, bidirectional controls, and line and paragraph separators become
/// escapes such as `\u{202e}`. Line feeds are kept, because messages may have several lines.
///
/// ```
/// assert_eq!(groups_domain::printable("Team \u{202E}\u{1B}[2J"), r"Team \u{202e}\u{1b}[2J");
/// ```
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && (character.is_control() || is_unfit(character) || is_directional(character)) {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Whether a character is a control character of the bidirectional algorithm (UAX #9, section 2).
const fn is_directional(character: char) -> bool {
    matches!(character, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is invisible by itself: white space, the `Default_Ignorable_Code_Point` property of
/// [UAX #44](https://www.unicode.org/reports/tr44/) (Unicode 16), and other characters that the Unicode charts show as blank.
fn is_invisible(character: char) -> bool {
    character.is_whitespace() || is_default_ignorable(character) || is_blank(character)
}

const fn is_default_ignorable(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The blank Braille pattern, the Egyptian format controls and blanks, the Khitan filler, and the musical null notehead.
const fn is_blank(character: char) -> bool {
    matches!(character,
        '\u{2800}' | '\u{13430}'..='\u{1343F}' | '\u{13441}'..='\u{13442}' | '\u{16FE4}' | '\u{1D159}')
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(try_from = "String", into = "String")
        )]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that was already parsed, for example one from a database. It is not validated.
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// The text as a string slice.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        #[cfg(feature = "serde")]
        impl From<Stored> for $name {
            fn from(text: Stored) -> Self {
                Self(text.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = TextError;

            fn try_from(text: &str) -> Result<Self, TextError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::parse(&text)
            }
        }
    };
}

text! {
    /// A group's name: 1 to 100 characters after trimming and NFC. At least one character is visible, and every character can
    /// be displayed in a line of text. Control characters are not allowed.
    ///
    /// ```
    /// use groups_domain::{GroupName, TextError};
    ///
    /// assert_eq!(GroupName::parse("  Cafe\u{301} \n")?.as_str(), "Caf\u{e9}");
    /// assert_eq!(GroupName::parse("\u{200B}\u{200D}"), Err(TextError::Empty), "nobody could see it, or click it");
    /// assert_eq!(GroupName::parse(&"x".repeat(101)), Err(TextError::TooLong { count: 101, max: 100 }));
    /// # Ok::<(), TextError>(())
    /// ```
    GroupName
}
text! {
    /// The name of a person, as others see it. The rules are those of a [`GroupName`]: 1 to 100 characters after trimming and
    /// NFC, at least one of them visible, and no control characters. Names are not unique.
    ///
    /// ```
    /// use groups_domain::{DisplayName, TextError};
    ///
    /// assert_eq!(DisplayName::parse(" Ada Lovelace ")?.as_str(), "Ada Lovelace");
    /// assert_eq!(DisplayName::parse("Ada\nLovelace"), Err(TextError::ControlCharacter { character: '\n' }));
    /// # Ok::<(), TextError>(())
    /// ```
    DisplayName
}
text! {
    /// A group's description: at most 1,000 characters after trimming and NFC. Every character can be displayed in a line of
    /// text. Control characters are not allowed. An empty description is valid, and the default.
    #[derive(Default)]
    Description
}

text! {
    /// A message with a request to join, or the reason of a ban: at most 500 characters after trimming and NFC. Every character
    /// can be displayed in a line of text. Control characters are not allowed. An empty note is valid, and the default.
    #[derive(Default)]
    Note
}

impl GroupName {
    /// The maximum length of a name, in Unicode scalar values.
    pub const CHARS_MAX: usize = 100;

    /// Trims, normalises and validates a name.
    ///
    /// # Errors
    /// [`TextError`] if the name is invalid.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        normalise_name(text, Self::CHARS_MAX).map(Self)
    }
}

impl DisplayName {
    /// The maximum length of a name, in Unicode scalar values.
    pub const CHARS_MAX: usize = 100;

    /// Trims, normalises and validates a name.
    ///
    /// # Errors
    /// [`TextError`] if the name is invalid.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        normalise_name(text, Self::CHARS_MAX).map(Self)
    }
}

impl Description {
    /// The maximum length of a description, in Unicode scalar values.
    pub const CHARS_MAX: usize = 1_000;

    /// Trims, normalises and validates a description. An empty description is valid.
    ///
    /// # Errors
    /// [`TextError::TooLong`], [`TextError::ControlCharacter`] or [`TextError::UnfitCharacter`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        normalise(text, Self::CHARS_MAX).map(Self)
    }
}

impl Note {
    /// The maximum length of a note, in Unicode scalar values.
    pub const CHARS_MAX: usize = 500;

    /// Trims, normalises and validates a note. An empty note is valid.
    ///
    /// # Errors
    /// [`TextError::TooLong`], [`TextError::ControlCharacter`] or [`TextError::UnfitCharacter`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        normalise(text, Self::CHARS_MAX).map(Self)
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
