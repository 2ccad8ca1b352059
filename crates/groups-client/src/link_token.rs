//! The token of a link.

use std::fmt;
use std::str::FromStr;

/// The token of a link. Everybody who has it can use the link, so it is not shown in debug output.
///
/// It is parsed from the token itself, or from the URL of a page that shows the link.
///
/// ```
/// use groups_client::LinkToken;
///
/// let token: LinkToken = "https://groups.example/join/3vKd0r9rT4mYhLwTq2bXcZ1a5eNfGuIo".parse()?;
/// assert_eq!(token.as_str(), "3vKd0r9rT4mYhLwTq2bXcZ1a5eNfGuIo");
/// # Ok::<(), groups_client::ParseLinkTokenError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LinkToken(String);

/// The text is neither the token of a link, nor the URL of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a link is https://HOST/join/TOKEN, and its token has letters, digits, - and _")]
#[non_exhaustive]
pub struct ParseLinkTokenError;

/// Longer than any token.
const CHARS_MAX: usize = 128;

impl LinkToken {
    /// The token in plain text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LinkToken {
    type Err = ParseLinkTokenError;

    fn from_str(text: &str) -> Result<Self, ParseLinkTokenError> {
        let text = text.trim();
        let path = text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let token = match path.rsplit_once("/join/") {
            Some((_, token)) => token,
            None => text,
        };
        // It becomes a segment of a path.
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        match (1..=CHARS_MAX).contains(&token.len()) && token.chars().all(valid) {
            true => Ok(Self(token.to_owned())),
            false => Err(ParseLinkTokenError),
        }
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_token_is_found_in_the_url_of_its_page() {
        for text in [
            "a-B_9",
            " a-B_9\n",
            "https://groups.example/join/a-B_9",
            "http://127.0.0.1:8080/prefix/join/a-B_9/",
            "https://groups.example/join/a-B_9?from=mail#top",
        ] {
            assert_eq!(text.parse::<LinkToken>().unwrap().as_str(), "a-B_9", "{text}");
        }
    }

    #[test]
    fn a_token_cannot_change_the_path() {
        for text in ["", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "é", "https://groups.example/", "/join/"] {
            assert_eq!(text.parse::<LinkToken>(), Err(ParseLinkTokenError), "{text}");
        }
        assert!("a".repeat(CHARS_MAX + 1).parse::<LinkToken>().is_err());
    }

    #[test]
    fn debug_output_does_not_show_the_token() {
        assert_eq!(format!("{:?}", "secret".parse::<LinkToken>().unwrap()), "LinkToken(…)");
    }
}
