//! Tokens that a command line signs with the shared secret, to try a server.

use groups_domain::Timestamp;
use serde_json::{Map, Value};

use super::jws::SharedKey;
use crate::Secret;

/// The claims of a token to sign with `GROUPS_JWT_SECRET` (HS256).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// `sub`: who the user is.
    pub subject: String,
    /// `name`: the display name.
    pub name: Option<String>,
    /// `scope`: space-separated, such as `groups:admin`.
    pub scope: Option<String>,
    /// `iss`.
    pub issuer: Option<String>,
    /// `aud`.
    pub audience: Option<String>,
    /// `iat`, in whole seconds.
    pub issued_at: Timestamp,
    /// `exp`, in whole seconds.
    pub expires_at: Timestamp,
}

impl NewToken {
    /// Signs the token. It is accepted by servers with the same secret whose other settings allow the
    /// claims.
    pub fn sign(&self, secret: &Secret) -> String {
        let seconds = |time: Timestamp| Value::from(time.unix_millis().div_euclid(1_000));
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let claims = [
            ("sub", Some(Value::from(self.subject.clone()))),
            ("name", text(&self.name)),
            ("scope", text(&self.scope)),
            ("iss", text(&self.issuer)),
            ("aud", text(&self.audience)),
            ("iat", Some(seconds(self.issued_at))),
            ("exp", Some(seconds(self.expires_at))),
        ];
        let claims = claims.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        SharedKey::new(secret.expose().as_bytes()).sign(&Value::Object(claims.collect::<Map<_, _>>()))
    }
}
