//! Bearer tokens: JSON Web Tokens (RFC 7519) signed with HS256, checked and, in development mode, made.

use actix_web::http::header::{self, HeaderMap};
use groups_domain::{Timestamp, UserId};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult, new_error};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, Header, Validation};
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::input::uuid;
use crate::{Code, Problem, Settings};

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) user_id: UserId,
    /// The display name, where there is one.
    pub(crate) name: Option<String>,
    pub(crate) expires_at: Timestamp,
}

/// Checks tokens.
pub(crate) struct Tokens {
    key: DecodingKey,
    validation: Validation,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8], settings: &Settings) -> Self {
        // Where the embedding program has installed a provider of its own, that one does as well.
        let _ = PROVIDER.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        // That is checked here: the library counts in whole seconds, and takes a token in the one in which it expires.
        validation.validate_exp = false;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_aud = settings.audience().is_some();
        if let Some(audience) = settings.audience() {
            validation.required_spec_claims.insert("aud".to_owned());
            validation.set_audience(&[audience]);
        }
        if let Some(issuer) = settings.issuer() {
            validation.required_spec_claims.insert("iss".to_owned());
            validation.set_issuer(&[issuer]);
        }
        Self { key: DecodingKey::from_secret(secret), validation }
    }

    /// # Errors
    /// [`Code::Unauthenticated`], with a sentence about what is wrong with the token.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<Claims, Problem> {
        let refuse = |detail: &str| Problem::new(Code::Unauthenticated, detail);
        let token = jsonwebtoken::decode::<WireClaims>(token, &self.key, &self.validation).map_err(|error| {
            refuse(match error.kind() {
                ErrorKind::ImmatureSignature => "the token is not valid yet",
                ErrorKind::InvalidIssuer => "the token is from another issuer",
                ErrorKind::InvalidAudience => "the token is for another audience",
                ErrorKind::MissingRequiredClaim(_) => "the token lacks a required claim",
                ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => {
                    "the token is signed in a way that is not accepted here"
                }
                _ => "the token is not valid",
            })
        })?;
        // RFC 7515 section 4.1.11: what is critical and not understood, is refused. Nothing is understood here.
        if token.header.crit.is_some() {
            return Err(refuse("the token has critical extensions, and none is known here"));
        }
        let claims = token.claims;
        // As a float, because RFC 7519 allows fractions of a second.
        #[expect(clippy::cast_possible_truncation, reason = "saturates: a token may live for ever")]
        let expires_at = Timestamp::from_unix_millis((claims.exp * 1_000.0) as i64);
        // RFC 7519 section 4.1.4: not on, and not after.
        if now >= expires_at {
            return Err(refuse("the token has expired"));
        }
        let user_id = uuid(&claims.sub).ok_or_else(|| refuse("the token's sub is not a UUID"))?;
        let name = claims.name.as_deref().and_then(display_name);
        Ok(Claims { user_id: UserId::new(user_id), name, expires_at })
    }
}

/// A display name as it is kept, `None` where it is not fit to be shown.
pub(crate) fn display_name(name: &str) -> Option<String> {
    groups_domain::GroupName::parse(name).ok().map(String::from)
}

/// A token for development mode.
///
/// # Errors
/// What the signing library says; it cannot fail with a shared secret.
pub(crate) fn sign(secret: &[u8], user_id: UserId, name: &str, expires_at: Timestamp) -> JwtResult<String> {
    let _ = PROVIDER.install_default();
    let seconds = expires_at.unix_millis().div_euclid(1_000);
    #[expect(clippy::cast_precision_loss, reason = "exact for seconds until far beyond the year 200,000,000")]
    let claims = WireClaims { sub: user_id.to_string(), exp: seconds as f64, name: Some(name.to_owned()) };
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

#[derive(Serialize, Deserialize)]
struct WireClaims {
    sub: String,
    exp: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// HMAC over `ring`: what HS256 needs of cryptography, without the forty crates of the ready-made provider.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 if key.family() == AlgorithmFamily::Hmac => Ok(Box::new(Hs256::new(key.as_bytes()))),
        _ => Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 if key.family() == AlgorithmFamily::Hmac => Ok(Box::new(Hs256::new(key.try_get_as_bytes()?))),
        _ => Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(hmac::Key);

impl Hs256 {
    fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl signature::Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl signature::Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
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
                assert_eq!(refused, Problem::new(Code::Unauthenticated, "the token has expired"), "{exp} at {millis}");
            }
        }
    }
}
