//! Bearer tokens like those of an identity provider (RFC 7519), valid and invalid ones.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};

/// The claims of a token that is valid for one hour.
pub(crate) fn claims(user_id: &str) -> Value {
    json!({"sub": user_id, "exp": seconds_from_now(3600)})
}

/// The current time plus some seconds, as a Unix timestamp in seconds.
pub(crate) fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(now.as_secs()).expect("a clock before the year 292 billion") + seconds
}

/// A token with these claims, signed with HS256.
pub(crate) fn signed(secret: &str, claims: &Value) -> String {
    signed_with(secret, &json!({"alg": "HS256", "typ": "JWT"}), claims)
}

/// A token with this header and these claims, signed with HMAC-SHA-256 whatever the header says.
pub(crate) fn signed_with(secret: &str, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}
