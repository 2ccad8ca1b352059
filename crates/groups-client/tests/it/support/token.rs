//! Tokens like those of an identity provider.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use groups_client::UserId;
use ring::hmac;
use serde_json::{Value, json};

/// The secret that signs the tests' tokens.
pub(crate) const SECRET: &str = "a secret for tests, with more than the 32 bytes that HS256 asks for";

/// A token that expires after so many seconds; before now, if they are negative.
pub(crate) fn token(user_id: UserId, expires_in_seconds: i64) -> String {
    token_with(json!({"sub": user_id}), expires_in_seconds)
}

/// A token with these claims and `exp`.
pub(crate) fn token_with(mut claims: Value, expires_in_seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let expires = i64::try_from(now.as_secs()).unwrap() + expires_in_seconds;
    claims["exp"] = json!(expires);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}
