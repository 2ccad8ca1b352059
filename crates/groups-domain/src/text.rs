//! Names and descriptions: checked and normalised once, where they come in.
//!
//! Normalisation is NFC of [UAX #15](https://www.unicode.org/reports/tr15/), so that a name typed on two keyboards is one name.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Why a text is neither a name nor a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("it is empty")]
    Empty,
    /// It has more characters than it may.
    #[error("it has {count} characters, {max} are allowed")]
    TooLong {
        /// Unicode scalar values after trimming and normalisation.
        count: usize,
        /// How many are allowed.
        max: usize,
    },
    /// It has a control character (Unicode category Cc), line breaks and tabs included.
    #[error("it has the control character U+{:04X}", *.character as u32)]
    ControlCharacter {
        /// The first one found.
        character: char,
    },
}

/// Trims white space, normalises, and checks what is left.
fn normalise(text: &str, max: usize) -> Result<String, TextError> {
    let text: String = text.trim().nfc().collect();
    if let Some(character) = text.chars().find(|c| c.is_control()) {
        return Err(TextError::ControlCharacter { character });
    }
    let count = text.chars().count();
    if count > max {
        return Err(TextError::TooLong { count, max });
    }
    Ok(text)
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
            /// Takes a text that was parsed before, as a store reads it back. Nothing is checked.
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// The text itself.
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

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::parse(&text)
            }
        }
    };
}

text! {
    /// A group's name: 1 to 100 characters after trimming and NFC, none of them a control character.
    GroupName
}
text! {
    /// A group's description: at most 1,000 characters after trimming and NFC, none of them a control character.
    Description
}

impl GroupName {
    /// The most characters (Unicode scalar values) that a name may have.
    pub const CHARS_MAX: usize = 100;

    /// Trims, normalises and checks.
    ///
    /// # Errors
    /// [`TextError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = normalise(text, Self::CHARS_MAX)?;
        if text.is_empty() { Err(TextError::Empty) } else { Ok(Self(text)) }
    }
}

impl Description {
    /// The most characters (Unicode scalar values) that a description may have.
    pub const CHARS_MAX: usize = 1_000;

    /// Trims, normalises and checks. An empty description is one.
    ///
    /// # Errors
    /// [`TextError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        normalise(text, Self::CHARS_MAX).map(Self)
    }
}
