//! Tokens of links. The database has only their hash, which is the id of the link.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use groups_domain::LinkId;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

use crate::{Code, Problem};

/// Everybody who knows it can join. It never appears in a log, a trace or the database.
pub(crate) struct LinkToken(String);

/// Random bytes of a token. In base64url they are 32 characters.
const BYTES: usize = 24;

impl LinkToken {
    /// The purpose of a secret from which a token is derived.
    pub(crate) const PURPOSE: &str = "link";

    /// # Errors
    /// [`Code::Internal`] if the system has no randomness.
    pub(crate) fn random() -> Result<Self, Problem> {
        let mut bytes = [0; BYTES];
        match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => Ok(Self::of(&bytes)),
            Err(_) => {
                tracing::error!("the system has no randomness");
                Err(Problem::new(Code::Internal, "The link could not be created."))
            }
        }
    }

    /// The same token for the same secret.
    pub(crate) fn derived(secret: &[u8; 32]) -> Self {
        Self::of(&secret[..BYTES])
    }

    /// `None` if it cannot be a token.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == BYTES).then(|| Self(text.to_owned()))
    }

    fn of(bytes: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The id of the link, from which the token cannot be computed: a UUIDv8 of its hash.
    pub(crate) fn link_id(&self) -> LinkId {
        let hash = digest::digest(&digest::SHA256, self.0.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_ref()[..16]);
        LinkId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The token in plain text, for its creator.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// A path without the token of a link, for logs: everything after `join/` is replaced.
pub(crate) fn without_token(path: &str) -> String {
    const BEFORE: &str = "/join/";
    // ASCII letters only, so that the length stays the same.
    match path.to_ascii_lowercase().find(BEFORE) {
        Some(at) => format!("{}…", &path[..at + BEFORE.len()]),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_token_has_32_characters_and_its_id_is_a_uuid_of_its_hash() {
        let token = LinkToken::derived(&[7; 32]);
        assert_eq!(token.0, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH");
        let id = token.link_id().uuid();
        assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
        assert_eq!(LinkToken::parse(&token.0).unwrap().link_id(), token.link_id());
        assert_eq!(LinkToken::derived(&[7; 32]).link_id(), token.link_id());
        assert_ne!(LinkToken::random().unwrap().link_id(), LinkToken::random().unwrap().link_id());
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let short = "a".repeat(31);
        let long = "a".repeat(33);
        let padded = format!("{short}=");
        let other = format!("{short}+");
        for text in ["", short.as_str(), long.as_str(), padded.as_str(), other.as_str(), "ü"] {
            assert!(LinkToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_path_for_the_log_has_no_token() {
        for (path, logged) in [
            ("/v1/join/abc", "/v1/join/…"),
            ("/realtime/join/abc/d", "/realtime/join/…"),
            ("/V1/JOIN/abc", "/V1/JOIN/…"),
            ("//join//abc", "//join/…"),
            (
                "/v1/groups/01a206fc-a3f1-74f8-961b-09bfcaf893aa/join",
                "/v1/groups/01a206fc-a3f1-74f8-961b-09bfcaf893aa/join",
            ),
            ("/é/Join/ü", "/é/Join/…"),
        ] {
            assert_eq!(without_token(path), logged);
        }
    }
}
