//! JSON Web Signatures in compact form (RFC 7515) with HS256 (RFC 7518 section 3.2).
//!
//! The `jsonwebtoken` library needs a process-wide crypto provider, which may conflict with one
//! that the embedding application installs. Therefore this crate verifies tokens itself with
//! `ring`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value, json};

/// An HMAC key made from the shared secret.
#[derive(Clone)]
pub(super) struct SharedKey(hmac::Key);

/// Why a token cannot be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum JwsError {
    #[error("The token is not a JSON Web Token with a JSON object of claims.")]
    Format,
    #[error("The token's signature algorithm is not supported; use HS256.")]
    Algorithm,
    #[error("The token's signature is invalid.")]
    Signature,
    /// RFC 7515 section 4.1.11: unsupported critical parameters must be rejected.
    #[error("The token has critical header parameters (`crit`); none is supported.")]
    Critical,
}

impl SharedKey {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Verifies the signature of a token and returns its claims.
    ///
    /// # Errors
    /// The first [`JwsError`] found. The claims are not parsed before the signature is verified.
    pub(super) fn verify(&self, token: &str) -> Result<Map<String, Value>, JwsError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Format)?;
        let (header, claims) = signed.split_once('.').ok_or(JwsError::Format)?;
        let header = object(header)?;
        if header.get("alg").and_then(Value::as_str) != Some("HS256") {
            return Err(JwsError::Algorithm);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwsError::Format)?;
        hmac::verify(&self.0, signed.as_bytes(), &signature).map_err(|_| JwsError::Signature)?;
        if header.contains_key("crit") {
            return Err(JwsError::Critical);
        }
        object(claims)
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
    serde_json::from_slice(&json).map_err(|_| JwsError::Format)
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

    fn with_header(header: &Value) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode("{}"));
        let signature = hmac::sign(&key().0, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn the_example_of_the_standard_is_verified() {
        assert_eq!(key().verify(TOKEN).unwrap()["iss"], "joe");
    }

    #[test]
    fn a_token_with_any_other_character_is_refused() {
        for at in 0..TOKEN.len() {
            for other in ["A", "B", "-", ".", "="] {
                let changed = [&TOKEN[..at], other, &TOKEN[at + 1..]].concat();
                assert_eq!(key().verify(&changed).is_ok(), changed == TOKEN, "{changed}");
            }
        }
        assert_eq!(SharedKey::new(b"another").verify(TOKEN), Err(JwsError::Signature));
    }

    #[test]
    fn only_hs256_without_critical_parameters_is_accepted() {
        assert!(key().verify(&with_header(&json!({"alg": "HS256"}))).is_ok());
        for alg in ["none", "None", "HS384", "HS512", "RS256", "hs256", ""] {
            assert_eq!(key().verify(&with_header(&json!({"alg": alg}))), Err(JwsError::Algorithm), "{alg}");
        }
        assert_eq!(key().verify(&with_header(&json!({}))), Err(JwsError::Algorithm));
        assert_eq!(key().verify(&with_header(&json!({"alg": "HS256", "crit": ["exp"]}))), Err(JwsError::Critical));
        assert_eq!(key().verify(&with_header(&json!(["HS256"]))), Err(JwsError::Format));
    }

    #[test]
    fn malformed_tokens_are_refused() {
        for text in
            ["", ".", "..", "...", "a.b.c", "eyJ9.e30.", &TOKEN[..40], &format!("{TOKEN}="), &format!("{TOKEN}.x")]
        {
            assert!(key().verify(text).is_err(), "{text}");
        }
    }

    #[test]
    fn signed_tokens_are_verified() {
        let token = key().sign(&json!({"sub": "ada"}));
        assert_eq!(key().verify(&token).unwrap()["sub"], "ada");
    }
}
