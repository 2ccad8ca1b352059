//! The users of a run, and their tokens.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::json;
use uuid::Uuid;

/// A user with a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

/// Issues tokens with the server's shared secret.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) secret: String,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
}

impl Issuer {
    /// Longer than any run.
    const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);

    /// Creates a user whose token has the claims of one in production, in particular a name.
    pub(crate) fn person(&self) -> Person {
        let id = Uuid::now_v7();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let expires = now + Self::TOKEN_LIFE;
        let mut claims = json!({"sub": id, "iat": now.as_secs(), "exp": expires.as_secs(), "name": name_of(id)});
        if let Some(issuer) = &self.issuer {
            claims["iss"] = json!(issuer);
        }
        if let Some(audience) = &self.audience {
            claims["aud"] = json!(audience);
        }
        Person { id, token: self.sign(&claims.to_string()) }
    }

    /// Signs claims with HS256 (RFC 7515, RFC 7518 section 3.2).
    fn sign(&self, claims: &str) -> String {
        let message =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// A display name of usual length. Some names are shared, as in production.
fn name_of(id: Uuid) -> String {
    const FIRST: [&str; 8] = ["Ada", "Grace", "Linus", "Zoë", "Søren", "Barbara", "Katherine", "José"];
    const LAST: [&str; 8] = ["Lovelace", "Hopper", "Müller", "Nguyen", "Johnson", "García", "Kowalski", "Haddad"];
    let [.., first, last] = id.into_bytes();
    let pick = |names: [&'static str; 8], byte: u8| names[usize::from(byte) % names.len()];
    format!("{} {}", pick(FIRST, first), pick(LAST, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_three_parts_and_the_last_is_the_hmac_of_the_others() {
        let issuer = Issuer { secret: "a secret".to_owned(), issuer: None, audience: Some("groups".to_owned()) };
        let Person { id, token } = issuer.person();
        let (message, signature) = token.rsplit_once('.').unwrap_or_default();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a secret");
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        assert!(hmac::verify(&key, message.as_bytes(), &signature).is_ok());
        let claims = message.split_once('.').and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok());
        let claims: serde_json::Value = serde_json::from_slice(&claims.unwrap_or_default()).unwrap_or_default();
        assert_eq!((claims["sub"].as_str(), claims["aud"].as_str()), (Some(id.to_string().as_str()), Some("groups")));
        assert_eq!(claims["name"].as_str(), Some(name_of(id).as_str()));
    }
}
