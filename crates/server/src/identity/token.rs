//! Bearer tokens: JSON Web Tokens (RFC 7519) signed with HS256. Verifies them and, in development
//! mode, issues them.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use async_trait::async_trait;
use groups_domain::{Timestamp, UserId};
use serde_json::{Map, Value, json};

use super::claims::ClaimRules;
use super::jws::SharedKey;
use super::{Identity, Principal};
use crate::{Code, Problem, Settings, clock};

/// Verifies tokens.
pub(crate) struct Tokens {
    key: SharedKey,
    issuer: Option<String>,
    audience: Option<String>,
    rules: ClaimRules,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8], settings: &Settings) -> Self {
        Self {
            key: SharedKey::new(secret),
            issuer: settings.jwt_issuer.clone(),
            audience: settings.jwt_audience.clone(),
            rules: ClaimRules {
                leeway_seconds: settings.jwt_leeway_seconds,
                lifetime_seconds_max: settings.jwt_max_lifetime_seconds,
            },
        }
    }

    /// # Errors
    /// [`Code::Unauthenticated`], with an explanation of what is wrong with the token.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<Principal, Problem> {
        let refuse = |detail: String| Problem::new(Code::Unauthenticated, detail);
        let claims = self.key.verify(token).map_err(|error| refuse(error.to_string()))?;
        require(&claims, "iss", self.issuer.as_deref(), "issuer").map_err(refuse)?;
        require(&claims, "aud", self.audience.as_deref(), "audience").map_err(refuse)?;
        self.rules.check(&claims, now).map_err(|error| refuse(error.to_string()))
    }
}

#[async_trait(?Send)]
impl Identity for Tokens {
    async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem> {
        let headers = request.headers();
        let upgrade = *request.method() == Method::GET && headers.contains_key(header::UPGRADE);
        let (token, missing) = if upgrade {
            (
                bearer_of_upgrade(headers),
                "A token is required, in the header `Authorization: Bearer …` or as the subprotocol `bearer.…`.",
            )
        } else {
            (bearer(headers), "The header `Authorization: Bearer …` is missing.")
        };
        let token = token.ok_or_else(|| Problem::new(Code::Unauthenticated, missing))?;
        self.check(token, clock::now())
    }
}

/// If a value is required, checks that the claim contains it, alone or in a list (RFC 7519 section
/// 4.1.3).
fn require(claims: &Map<String, Value>, claim: &str, required: Option<&str>, what: &str) -> Result<(), String> {
    let Some(required) = required else { return Ok(()) };
    let named = match claims.get(claim) {
        Some(Value::String(value)) => value == required,
        Some(Value::Array(values)) => values.iter().any(|value| value == required),
        _ => return Err(format!("The token has no `{claim}` claim, or its type is wrong.")),
    };
    if named { Ok(()) } else { Err(format!("The token's `{claim}` claim names a different {what}.")) }
}

/// Issues a token for development mode.
pub(crate) fn sign(secret: &[u8], user_id: UserId, name: &str, issued_at: Timestamp, expires_at: Timestamp) -> String {
    let seconds = |time: Timestamp| time.unix_millis().div_euclid(1_000);
    SharedKey::new(secret)
        .sign(&json!({"sub": user_id.to_string(), "iat": seconds(issued_at), "exp": seconds(expires_at), "name": name}))
}

/// Returns the token in the `Authorization` header (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns the token of an upgrade: from the header or, because browsers cannot set headers, from
/// the list of subprotocols.
fn bearer_of_upgrade(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| {
        let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
        offers
            .filter_map(|offer| offer.to_str().ok())
            .flat_map(|offer| offer.split(','))
            .find_map(|protocol| protocol.trim().strip_prefix("bearer."))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_token_expires_exactly_at_exp() {
        let (secret, user_id) = ([7; 32], UserId::new(uuid::Uuid::from_u128(1)));
        let tokens = Tokens::new(&secret, &Settings::default());
        let at = Timestamp::from_unix_millis;
        for (exp, last_millis) in [("2000", 1_999_999), ("2000.25", 2_000_249), ("2e3", 1_999_999)] {
            let claims = format!(r#"{{"sub":"{user_id}","exp":{exp}}}"#);
            let claims: serde_json::Value = serde_json::from_str(&claims).unwrap();
            let token = SharedKey::new(&secret).sign(&claims);
            assert_eq!(tokens.check(&token, at(last_millis)).unwrap().user_id, user_id, "{exp}");
            for millis in [last_millis + 1, last_millis + 2, last_millis + 1_000, i64::MAX] {
                let refused = tokens.check(&token, at(millis)).unwrap_err();
                let expired = Problem::new(Code::Unauthenticated, "The token has expired: see its `exp` claim.");
                assert_eq!(refused, expired, "{exp} at {millis}");
            }
        }
    }
}
