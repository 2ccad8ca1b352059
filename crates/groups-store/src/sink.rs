//! Names of durable log consumers, under which their positions are saved.

use std::fmt;
use std::str::FromStr;

/// Maximum length of a sink name, in characters.
pub const SINK_NAME_CHARS_MAX: usize = 100;

/// The name under which a durable consumer of the log keeps its position: 1 to 100 characters, no
/// control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SinkName(String);

/// The text is not a valid [`SinkName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("a sink name must have 1 to {SINK_NAME_CHARS_MAX} characters and no control characters")]
pub struct SinkNameError;

impl SinkName {
    /// Validates a name.
    ///
    /// # Errors
    /// [`SinkNameError`] if it is empty, too long, or contains a control character.
    pub fn parse(name: impl Into<String>) -> Result<Self, SinkNameError> {
        let name = name.into();
        // Stops counting above the maximum, however long the text is.
        let length = name.chars().take(SINK_NAME_CHARS_MAX + 1).count();
        let fits = (1..=SINK_NAME_CHARS_MAX).contains(&length) && !name.chars().any(char::is_control);
        if fits { Ok(Self(name)) } else { Err(SinkNameError) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SinkName {
    type Err = SinkNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::parse(name)
    }
}

impl AsRef<str> for SinkName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_100_characters_and_no_control_characters() {
        for name in ["a", "webhook/crm", &"é".repeat(100)] {
            assert_eq!(SinkName::parse(name).map(|name| name.to_string()), Ok(name.to_owned()));
        }
        for name in ["", "a\0b", "line\n", &"é".repeat(101)] {
            assert_eq!(name.parse::<SinkName>(), Err(SinkNameError), "{name:?}");
        }
    }
}
