//! JSON Web Signatures in compact form (RFC 7515), signed with HS256, EdDSA, ES256, PS256 or RS256
//! (RFC 7518 section 3, RFC 8037 section 3.1).
//!
//! The `jsonwebtoken` library needs a process-wide crypto provider, which may conflict with one
//! that the embedding application installs. Therefore this crate verifies tokens itself with
//! `ring`.
//!
//! Of the header, only `alg`, `kid` and `crit` are read. Keys in a token, or URLs of keys (`jwk`,
//! `jku`, `x5c`, `x5u`), are ignored.

mod members;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value, json};

use self::members::Members;

/// Maximum length of a token, in bytes.
pub(super) const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// An HMAC key made from the shared secret.
#[derive(Clone)]
pub(super) struct SharedKey(hmac::Key);

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// HMAC with SHA-256 and the shared secret.
    Hs256,
    /// Ed25519.
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

/// Why a token cannot be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum JwsError {
    #[error("The token is not a JSON Web Token with a JSON object of claims.")]
    Format,
    #[error("The token is longer than {TOKEN_BYTES_MAX} bytes.")]
    TooLong,
    #[error("A name occurs twice in the token's header or claims.")]
    Repeated,
    #[error("Unsupported signature algorithm; this server accepts {accepted}.")]
    Algorithm { accepted: &'static str },
    #[error("The token's signature is invalid.")]
    Signature,
    /// RFC 7515 section 4.1.11: unsupported critical parameters must be rejected.
    #[error("The token has critical header parameters (`crit`); none is supported.")]
    Critical,
    #[error("The token is signed with a key that this server does not know: see its `kid` header.")]
    UnknownKey,
    #[error("The key that the token names in its `kid` header is not for its signature algorithm.")]
    WrongKey,
    #[error("Several keys fit the token: it must name one of them in its `kid` header.")]
    AmbiguousKey,
    /// Too many tokens with unknown keys, or the keys take too long to arrive.
    #[error("The key of the token is being fetched. Try again.")]
    Fetching,
}

impl Algorithm {
    /// Parses the header parameter `alg`. Names are case-sensitive.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "HS256" => Self::Hs256,
            "EdDSA" => Self::EdDsa,
            "ES256" => Self::Es256,
            "PS256" => Self::Ps256,
            "RS256" => Self::Rs256,
            _ => return None,
        })
    }
}

/// A token that is taken apart but not verified.
pub(super) struct Unverified<'a> {
    /// `None` if it is missing or unknown.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) key_id: Option<String>,
    critical: bool,
    signed: &'a [u8],
    signature: Vec<u8>,
    claims: &'a str,
}

impl<'a> Unverified<'a> {
    /// # Errors
    /// [`JwsError::Format`], [`JwsError::Repeated`] or [`JwsError::TooLong`].
    pub(super) fn parse(token: &'a str) -> Result<Self, JwsError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(JwsError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Format)?;
        let (header, claims) = signed.split_once('.').ok_or(JwsError::Format)?;
        let header = object(header)?;
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(JwsError::Format),
        };
        Ok(Self {
            algorithm: header.get("alg").and_then(Value::as_str).and_then(Algorithm::named),
            key_id,
            critical: header.contains_key("crit"),
            signed: signed.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwsError::Format)?,
            claims,
        })
    }

    /// Returns the claims if `verify` accepts the signature of the signed bytes. They are not parsed
    /// before.
    ///
    /// # Errors
    /// [`JwsError::Signature`], [`JwsError::Critical`], [`JwsError::Format`] or
    /// [`JwsError::Repeated`].
    pub(super) fn verified(&self, verify: impl FnOnce(&[u8], &[u8]) -> bool) -> Result<Map<String, Value>, JwsError> {
        if !verify(self.signed, &self.signature) {
            return Err(JwsError::Signature);
        }
        if self.critical {
            return Err(JwsError::Critical);
        }
        object(self.claims)
    }
}

impl SharedKey {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Whether this is the key's signature of the message, in constant time.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.0, message, signature).is_ok()
    }

    /// Creates a signed token with these claims.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "typ": "JWT"})), encode(claims));
        let signature = hmac::sign(&self.0, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn object(part: &str) -> Result<Map<String, Value>, JwsError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Format)?;
    match serde_json::from_slice(&json) {
        Ok(Members::Unique(members)) => Ok(members),
        Ok(Members::Repeated) => Err(JwsError::Repeated),
        Err(_) => Err(JwsError::Format),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    /// The example of RFC 7515 appendix A.1.
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

    fn key() -> SharedKey {
        SharedKey::new(&URL_SAFE_NO_PAD.decode(KEY).unwrap())
    }

    fn verified(key: &SharedKey, token: &str) -> Result<Map<String, Value>, JwsError> {
        Unverified::parse(token)?.verified(|message, signature| key.verify(message, signature))
    }

    fn raw(header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = hmac::sign(&key().0, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn the_example_of_the_standard_is_verified() {
        assert_eq!(Unverified::parse(TOKEN).unwrap().algorithm, Some(Algorithm::Hs256));
        assert_eq!(verified(&key(), TOKEN).unwrap()["iss"], "joe");
    }

    #[test]
    fn a_token_with_any_other_character_is_refused() {
        for at in 0..TOKEN.len() {
            for other in ["A", "B", "-", ".", "="] {
                let changed = [&TOKEN[..at], other, &TOKEN[at + 1..]].concat();
                assert_eq!(verified(&key(), &changed).is_ok(), changed == TOKEN, "{changed}");
            }
        }
        assert_eq!(verified(&SharedKey::new(b"another"), TOKEN), Err(JwsError::Signature));
    }

    #[test]
    fn only_the_exact_names_of_algorithms_are_known() {
        for alg in ["none", "None", "HS384", "HS512", "RS512", "ES384", "hs256", "eddsa", "Ed25519", ""] {
            assert_eq!(Unverified::parse(&raw(&json!({"alg": alg}).to_string(), "{}")).unwrap().algorithm, None);
        }
        for header in ["{}", r#"{"alg":["HS256"]}"#, r#"{"alg":null}"#] {
            assert_eq!(Unverified::parse(&raw(header, "{}")).unwrap().algorithm, None, "{header}");
        }
    }

    #[test]
    fn critical_parameters_are_refused() {
        assert_eq!(verified(&key(), &raw(r#"{"alg":"HS256","crit":["exp"]}"#, "{}")), Err(JwsError::Critical));
        assert_eq!(verified(&key(), &raw(r#"{"alg":"HS256","crit":[]}"#, "{}")), Err(JwsError::Critical));
    }

    #[test]
    fn malformed_tokens_are_refused() {
        for text in
            ["", ".", "..", "...", "a.b.c", "eyJ9.e30.", &TOKEN[..40], &format!("{TOKEN}="), &format!("{TOKEN}.x")]
        {
            assert!(verified(&key(), text).is_err(), "{text}");
        }
        for header in [r#"["HS256"]"#, r#"{"alg":"HS256","kid":7}"#, r#"{"alg":"HS256","kid":null}"#] {
            assert_eq!(verified(&key(), &raw(header, "{}")), Err(JwsError::Format), "{header}");
        }
        assert_eq!(verified(&key(), &"x".repeat(TOKEN_BYTES_MAX + 1)), Err(JwsError::TooLong));
    }

    #[test]
    fn repeated_names_are_refused() {
        let header = r#"{"alg":"HS256"}"#;
        assert_eq!(verified(&key(), &raw(header, r#"{"sub":"a","sub":"b"}"#)), Err(JwsError::Repeated));
        assert_eq!(verified(&key(), &raw(r#"{"alg":"none","alg":"HS256"}"#, "{}")), Err(JwsError::Repeated));
        assert_eq!(verified(&key(), &raw(header, r#"{"sub":"a","\u0073ub":"b"}"#)), Err(JwsError::Repeated));
    }

    #[test]
    fn signed_tokens_are_verified() {
        let token = key().sign(&json!({"sub": "ada"}));
        assert_eq!(verified(&key(), &token).unwrap()["sub"], "ada");
    }
}
