//! Bearer tokens: JSON Web Tokens (RFC 7519) signed with HS256, checked and, in development mode, made.

use actix_web::http::header::{self, HeaderMap};
use groups_domain::{Timestamp, UserId};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value, json};

use super::claims::{ClaimRules, Claims};
use super::hs256;
use crate::{Code, Problem, Settings};

/// Checks tokens.
pub(crate) struct Tokens {
    key: DecodingKey,
    /// Signature, issuer and audience are the library's to check; all else is judged by the rules.
    validation: Validation,
    rules: ClaimRules,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8], settings: &Settings) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.required_spec_claims.clear();
        validation.validate_aud = settings.audience().is_some();
        if let Some(audience) = settings.audience() {
            validation.required_spec_claims.insert("aud".to_owned());
            validation.set_audience(&[audience]);
        }
        if let Some(issuer) = settings.issuer() {
            validation.required_spec_claims.insert("iss".to_owned());
            validation.set_issuer(&[issuer]);
        }
        let rules = ClaimRules {
            leeway_seconds: settings.jwt_leeway_seconds,
            lifetime_seconds_max: settings.jwt_max_lifetime_seconds,
        };
        Self { key: DecodingKey::from_secret(secret), validation, rules }
    }

    /// # Errors
    /// [`Code::Unauthenticated`], with a sentence about what is wrong with the token.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<Claims, Problem> {
        let refuse = |detail: String| Problem::new(Code::Unauthenticated, detail);
        let token = jsonwebtoken::decode::<Map<String, Value>>(token, &self.key, &self.validation)
            .map_err(|error| refuse(undecodable(error.kind())))?;
        // RFC 7515 section 4.1.11: what is critical and not understood, is refused. Nothing is understood here.
        if token.header.crit.is_some() {
            return Err(refuse("The token has critical header parameters (`crit`); none is supported.".to_owned()));
        }
        self.rules.check(&token.claims, now).map_err(|error| refuse(error.to_string()))
    }
}

/// Why there is nothing to judge.
fn undecodable(error: &ErrorKind) -> String {
    match error {
        ErrorKind::InvalidIssuer => "The token's `iss` claim names another issuer.".to_owned(),
        ErrorKind::InvalidAudience => "The token's `aud` claim names another audience.".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => {
            format!("The token has no `{claim}` claim, or none that can be read.")
        }
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => {
            "The token's signature algorithm is not supported; use HS256.".to_owned()
        }
        ErrorKind::InvalidSignature => "The token's signature is invalid.".to_owned(),
        _ => "The token is not a JSON Web Token with a JSON object of claims.".to_owned(),
    }
}

/// A token for development mode.
///
/// # Errors
/// What the signing library says; it cannot fail with a shared secret.
pub(crate) fn sign(
    secret: &[u8],
    user_id: UserId,
    name: &str,
    issued_at: Timestamp,
    expires_at: Timestamp,
) -> JwtResult<String> {
    hs256::install();
    let seconds = |time: Timestamp| time.unix_millis().div_euclid(1_000);
    let claims =
        json!({"sub": user_id.to_string(), "iat": seconds(issued_at), "exp": seconds(expires_at), "name": name});
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret))
}

/// The token of an `Authorization` header (RFC 6750 section 2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The token of an upgrade: by the header, or, since browsers cannot set one, in the list of subprotocols.
pub(crate) fn bearer_of_upgrade(headers: &HeaderMap) -> Option<&str> {
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
    #![expect(clippy::unwrap_used, reason = "a test says so by panicking")]

    use super::*;

    #[test]
    fn a_token_is_good_until_the_moment_of_its_expiry_and_not_in_it() {
        let (secret, user_id) = ([7; 32], UserId::new(uuid::Uuid::from_u128(1)));
        let tokens = Tokens::new(&secret, &Settings::default());
        let at = Timestamp::from_unix_millis;
        for (exp, last_millis) in [("2000", 1_999_999), ("2000.25", 2_000_249), ("2e3", 1_999_999)] {
            let claims = format!(r#"{{"sub":"{user_id}","exp":{exp}}}"#);
            let claims: serde_json::Value = serde_json::from_str(&claims).unwrap();
            let key = EncodingKey::from_secret(&secret);
            let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
            assert_eq!(tokens.check(&token, at(last_millis)).unwrap().user_id, user_id, "{exp}");
            for millis in [last_millis + 1, last_millis + 2, last_millis + 1_000, i64::MAX] {
                let refused = tokens.check(&token, at(millis)).unwrap_err();
                let expired = Problem::new(Code::Unauthenticated, "The token has expired: see its `exp` claim.");
                assert_eq!(refused, expired, "{exp} at {millis}");
            }
        }
    }
}
