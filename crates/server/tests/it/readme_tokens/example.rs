//! The Rust example of the README of groups-web: everything below this line, and nothing else.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::hmac;
use serde_json::json;

/// `now` in seconds since 1970.
pub fn groups_token(secret: &str, user_id: &str, name: &str, now: u64) -> String {
    let claims = json!({"sub": user_id, "name": name, "iat": now, "exp": now + 3600});
    let [header, claims] = [json!({"alg": "HS256"}), claims].map(|part| BASE64.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(signature))
}
