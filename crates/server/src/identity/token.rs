//! Bearer tokens: JSON Web Tokens (RFC 7519), signed with the shared secret or with a key of the
//! identity provider. Verifies them and, in development mode, issues them.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use async_trait::async_trait;
use groups_domain::{Timestamp, UserId};
use serde_json::{Map, Value, json};

use super::claims::ClaimRules;
use super::jwks::Jwks;
use super::jws::{Algorithm, JwsError, SharedKey, Unverified};
use super::token_error::TokenError;
use super::token_guard::TokenGuard;
use super::{Identity, Principal};
use crate::client::ClientAddress;
use crate::{Code, Problem, Settings, clock};

/// Verifies tokens.
pub(crate) struct Tokens {
    secret: Option<SharedKey>,
    keys: Option<Jwks>,
    /// The issuers of which one is required. Empty: not checked.
    issuers: Vec<String>,
    /// The same for audiences.
    audiences: Vec<String>,
    rules: ClaimRules,
    guard: TokenGuard,
}

impl Tokens {
    /// Accepts HS256 with this secret, and the other algorithms with these keys.
    pub(crate) fn new(secret: Option<&[u8]>, keys: Option<Jwks>, settings: &Settings, guard: TokenGuard) -> Self {
        Self {
            secret: secret.map(SharedKey::new),
            keys,
            issuers: settings.issuers().map(str::to_owned).collect(),
            audiences: settings.audiences().map(str::to_owned).collect(),
            rules: ClaimRules {
                subjects: settings.subjects(),
                leeway_seconds: settings.jwt_leeway_seconds,
                lifetime_seconds_max: settings.jwt_max_lifetime_seconds,
            },
            guard,
        }
    }

    /// Checks a token. If it is signed with a key that is not known yet, the keys are fetched first.
    ///
    /// # Errors
    /// [`TokenError`], also if the token's key cannot be fetched now.
    async fn check(&self, token: &str) -> Result<Principal, TokenError> {
        let claims = match (self.verify(token), &self.keys) {
            (Err(JwsError::UnknownKey), Some(keys)) => {
                keys.refresh().await?;
                self.verify(token)
            }
            (verified, _) => verified,
        };
        self.judge(&claims?, clock::now())
    }

    /// Checks a token with the keys that are known now.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    #[cfg(any(test, fuzzing))]
    pub(crate) fn check_at(&self, token: &str, now: Timestamp) -> Result<Principal, Problem> {
        Ok(self.verify(token).map_err(TokenError::from).and_then(|claims| self.judge(&claims, now))?)
    }

    fn verify(&self, token: &str) -> Result<Map<String, Value>, JwsError> {
        let token = Unverified::parse(token)?;
        match (token.algorithm, &self.secret, &self.keys) {
            (Some(Algorithm::Hs256), Some(secret), _) => {
                token.verified(|message, signature| secret.verify(message, signature))
            }
            (Some(Algorithm::Hs256) | None, ..) | (_, _, None) => {
                Err(JwsError::Algorithm { accepted: self.algorithms() })
            }
            (_, _, Some(keys)) => keys.verify_now(token),
        }
    }

    const fn algorithms(&self) -> &'static str {
        match (&self.secret, &self.keys) {
            (Some(_), Some(_)) => "HS256, EdDSA, ES256, PS256 and RS256",
            (_, Some(_)) => "EdDSA, ES256, PS256 and RS256",
            (_, None) => "HS256",
        }
    }

    fn judge(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Principal, TokenError> {
        require(claims, "iss", &self.issuers, "issuer").map_err(TokenError::Issuer)?;
        require(claims, "aud", &self.audiences, "audience").map_err(TokenError::Audience)?;
        Ok(self.rules.check(claims, now)?)
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
        let client = ClientAddress::of(request);
        self.guard.admit(client, token)?;
        match self.check(token).await {
            Ok(principal) => {
                self.guard.accepted(token);
                Ok(principal)
            }
            Err(error) => {
                self.guard.rejected(Some(client), &error);
                Err(error.into())
            }
        }
    }

    async fn authenticate_token(&self, token: &str) -> Result<Principal, Problem> {
        let checked = self.check(token).await;
        checked.map_err(|error| {
            self.guard.rejected(None, &error);
            error.into()
        })
    }
}

/// If values are required, checks that the claim contains one of them, alone or in a list (RFC 7519
/// section 4.1.3).
fn require(claims: &Map<String, Value>, claim: &str, required: &[String], what: &str) -> Result<(), String> {
    if required.is_empty() {
        return Ok(());
    }
    let is_required = |value: &Value| required.iter().any(|required| value == required);
    let named = match claims.get(claim) {
        Some(value @ Value::String(_)) => is_required(value),
        Some(Value::Array(values)) => values.iter().any(is_required),
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
        let tokens = Tokens::new(Some(&secret), None, &Settings::default(), TokenGuard::unlimited());
        let at = Timestamp::from_unix_millis;
        for (exp, last_millis) in [("2000", 1_999_999), ("2000.25", 2_000_249), ("2e3", 1_999_999)] {
            let claims = format!(r#"{{"sub":"{user_id}","exp":{exp}}}"#);
            let claims: serde_json::Value = serde_json::from_str(&claims).unwrap();
            let token = SharedKey::new(&secret).sign(&claims);
            assert_eq!(tokens.check_at(&token, at(last_millis)).unwrap().user_id, user_id, "{exp}");
            for millis in [last_millis + 1, last_millis + 2, last_millis + 1_000, i64::MAX] {
                let refused = tokens.check_at(&token, at(millis)).unwrap_err();
                let expired = Problem::new(Code::Unauthenticated, "The token has expired: see its `exp` claim.");
                assert_eq!(refused, expired, "{exp} at {millis}");
            }
        }
    }
}
