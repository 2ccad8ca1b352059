//! JSON Web Key Sets (RFC 7517): the public keys with which an identity provider signs.
//!
//! A key verifies one algorithm, or, without `alg`, those of its family: `EdDSA` for Ed25519,
//! `ES256` for P-256, `RS256` and `PS256` for RSA. Keys for other purposes or algorithms, and those
//! that are too weak, are ignored, so that one of them does not invalidate the set.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize;
use serde_json::Value;

use super::jws::{Algorithm, JwsError};

/// Maximum number of keys in a set.
pub(crate) const KEYS_MAX: usize = 100;

/// Length of the shortest accepted RSA key, in bits (RFC 7518 section 3.3).
const RSA_BITS_MIN: usize = 2_048;

/// Length of the longest accepted RSA key, in bits: what `ring` verifies.
const RSA_BITS_MAX: usize = 8_192;

/// The keys of one set that can be used.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<PublicKey>);

/// Why a set of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeySetError {
    /// It is not a JSON Web Key Set.
    #[error("it is not a JSON Web Key Set, a JSON object with an array `keys`")]
    Format(#[source] serde_json::Error),
    /// It has more than [`KEYS_MAX`] keys.
    #[error("it has {0} keys; {KEYS_MAX} is the maximum")]
    TooMany(usize),
    /// None of its keys can verify tokens.
    #[error("it has no usable key for EdDSA, ES256, PS256 or RS256{}", reasons(.0))]
    NoKey(Vec<Ignored>),
}

/// A key that is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ignored {
    /// Its `kid`, or its place in the set, counted from 1.
    pub(crate) key: String,
    /// Why it cannot be used.
    pub(crate) reason: &'static str,
}

fn reasons(ignored: &[Ignored]) -> String {
    ignored.iter().map(|Ignored { key, reason }| format!("; key {key:?}: {reason}")).collect()
}

#[derive(Debug)]
struct PublicKey {
    id: Option<String>,
    /// The only algorithm, if the key has one.
    only: Option<Algorithm>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Ed25519(Vec<u8>),
    /// An uncompressed point (SEC 1 section 2.3.3).
    P256(Vec<u8>),
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl KeySet {
    /// Parses a set. Also returns the keys that it ignores.
    ///
    /// # Errors
    /// [`KeySetError`] if no key can be used.
    pub(super) fn parse(json: &[u8]) -> Result<(Self, Vec<Ignored>), KeySetError> {
        let Document { keys } = serde_json::from_slice(json).map_err(KeySetError::Format)?;
        if keys.len() > KEYS_MAX {
            return Err(KeySetError::TooMany(keys.len()));
        }
        let (mut usable, mut ignored) = (Vec::new(), Vec::new());
        for (place, key) in (1..).zip(keys) {
            let name = key.get("kid").and_then(Value::as_str).map_or_else(|| format!("{place}"), str::to_owned);
            match PublicKey::parse(key) {
                Ok(key) => usable.push(key),
                Err(reason) => ignored.push(Ignored { key: name, reason }),
            }
        }
        if usable.is_empty() { Err(KeySetError::NoKey(ignored)) } else { Ok((Self(usable), ignored)) }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns a function that verifies the signature of a message with the token's key: the only key
    /// for its algorithm with this id, or, if the token names none, the only one for its algorithm.
    ///
    /// # Errors
    /// [`JwsError::UnknownKey`], [`JwsError::WrongKey`] or [`JwsError::AmbiguousKey`] if no key, or
    /// not exactly one, is the token's.
    pub(super) fn verifier(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
    ) -> Result<impl Fn(&[u8], &[u8]) -> bool, JwsError> {
        let named = self.0.iter().filter(|key| id.is_none() || key.id.as_deref() == id);
        let mut fitting = named.clone().filter(|key| key.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(move |message: &[u8], signature: &[u8]| key.verify(algorithm, message, signature)),
            (Some(_), Some(_)) => Err(JwsError::AmbiguousKey),
            (None, _) if id.is_some() && named.count() > 0 => Err(JwsError::WrongKey),
            (None, _) => Err(JwsError::UnknownKey),
        }
    }
}

impl PublicKey {
    /// # Errors
    /// Why the key is ignored.
    fn parse(key: Value) -> Result<Self, &'static str> {
        let key: Jwk = serde_json::from_value(key).map_err(|_| "it is not a JSON Web Key")?;
        if key.r#use.as_ref().is_some_and(|purpose| purpose != "sig") {
            return Err("its `use` is not `sig`");
        }
        if key.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
            return Err("its `key_ops` do not include `verify`");
        }
        let material = match (key.kty.as_str(), key.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(key.x.as_deref(), 32)?),
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(key.x.as_deref(), 32)?, bytes(key.y.as_deref(), 32)?);
                Material::P256([&[4], &x[..], &y[..]].concat())
            }
            ("RSA", _) => {
                let (n, e) = (number(key.n.as_deref())?, number(key.e.as_deref())?);
                match n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize) {
                    0..RSA_BITS_MIN => return Err("RSA keys need at least 2048 bits"),
                    RSA_BITS_MIN..=RSA_BITS_MAX => Material::Rsa(RsaPublicKeyComponents { n, e }),
                    _ => return Err("RSA keys can have at most 8192 bits"),
                }
            }
            ("oct", _) => return Err("it is a shared secret; set GROUPS_JWT_SECRET instead"),
            ("OKP" | "EC", _) => return Err("its curve is neither Ed25519 nor P-256"),
            _ => return Err("its type is not supported"),
        };
        let only = match key.alg.as_deref() {
            None => None,
            Some(name) => Some(Algorithm::named(name).ok_or("its algorithm is not supported")?),
        };
        let key = Self { id: key.kid, only, material };
        match only {
            Some(algorithm) if !key.fits(algorithm) => Err("its algorithm does not fit its type"),
            _ => Ok(key),
        }
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let family = match self.material {
            Material::Ed25519(_) => matches!(algorithm, Algorithm::EdDsa),
            Material::P256(_) => matches!(algorithm, Algorithm::Es256),
            Material::Rsa(_) => matches!(algorithm, Algorithm::Ps256 | Algorithm::Rs256),
        };
        family && self.only.is_none_or(|only| only == algorithm)
    }

    fn verify(&self, algorithm: Algorithm, message: &[u8], signed: &[u8]) -> bool {
        let plain = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signed).is_ok()
        };
        match (algorithm, &self.material) {
            (Algorithm::EdDsa, Material::Ed25519(key)) => plain(&signature::ED25519, key),
            // Both numbers with 32 bytes each (RFC 7518 section 3.4), not in DER.
            (Algorithm::Es256, Material::P256(point)) => plain(&signature::ECDSA_P256_SHA256_FIXED, point),
            (Algorithm::Ps256, Material::Rsa(key)) => {
                key.verify(&signature::RSA_PSS_2048_8192_SHA256, message, signed).is_ok()
            }
            (Algorithm::Rs256, Material::Rsa(key)) => {
                key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signed).is_ok()
            }
            _ => false,
        }
    }
}

fn bytes(text: Option<&str>, length: usize) -> Result<Vec<u8>, &'static str> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes.filter(|bytes| bytes.len() == length).ok_or("a coordinate is missing or has the wrong length")
}

/// An unsigned number (RFC 7518 section 2). Some providers add leading zeros, which `ring` refuses.
fn number(text: Option<&str>) -> Result<Vec<u8>, &'static str> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or("a number is missing or invalid")?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use serde_json::json;

    use super::super::jws::Unverified;
    use super::*;

    /// RFC 8037 appendix A.2 and A.4. Its payload is not JSON.
    const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const EDDSA_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    /// RFC 7515 appendix A.3.
    const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    const ES256_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    /// RFC 7515 appendix A.2.
    const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
    const RS256_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn set(keys: &[Value]) -> Result<(KeySet, Vec<Ignored>), KeySetError> {
        KeySet::parse(json!({"keys": keys}).to_string().as_bytes())
    }

    fn with(key: &str, members: Value) -> Value {
        let mut key: Value = serde_json::from_str(key).unwrap();
        key.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        key
    }

    fn reason_of(key: &Value) -> &'static str {
        PublicKey::parse(key.clone()).unwrap_err()
    }

    #[test]
    fn the_examples_of_the_standards_are_verified() {
        for (key, token, algorithm, claims) in [
            (ED25519, EDDSA_TOKEN, Algorithm::EdDsa, Err(JwsError::Format)),
            (P256, ES256_TOKEN, Algorithm::Es256, Ok("joe")),
            (RSA, RS256_TOKEN, Algorithm::Rs256, Ok("joe")),
        ] {
            let (keys, _) = set(&[with(key, json!({}))]).unwrap();
            let verified = |token: &str| {
                let token = Unverified::parse(token).unwrap();
                assert_eq!(token.algorithm, Some(algorithm));
                token.verified(keys.verifier(algorithm, None).unwrap())
            };
            assert_eq!(verified(token).map(|claims| claims["iss"].clone()), claims.map(Value::from));
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let swapped = if signature.starts_with('A') { 'B' } else { 'A' };
            let forged = format!("{signed}.{swapped}{}", &signature[1..]);
            assert_eq!(verified(&forged), Err(JwsError::Signature));
        }
    }

    #[test]
    fn a_key_verifies_its_own_algorithm_or_those_of_its_family() {
        use Algorithm::{EdDsa, Es256, Hs256, Ps256, Rs256};
        for (key, accepted) in [
            (with(ED25519, json!({})), &[EdDsa][..]),
            (with(P256, json!({})), &[Es256]),
            (with(RSA, json!({})), &[Ps256, Rs256]),
            (with(RSA, json!({"alg": "PS256"})), &[Ps256]),
            (with(RSA, json!({"alg": "RS256"})), &[Rs256]),
        ] {
            let (keys, _) = set(std::slice::from_ref(&key)).unwrap();
            for algorithm in [Hs256, EdDsa, Es256, Ps256, Rs256] {
                assert_eq!(
                    keys.verifier(algorithm, None).is_ok(),
                    accepted.contains(&algorithm),
                    "{key} {algorithm:?}"
                );
            }
        }
    }

    #[test]
    fn the_key_id_selects_the_key() {
        let (keys, _) = set(&[
            with(RSA, json!({"kid": "one"})),
            with(P256, json!({"kid": "two"})),
            with(P256, json!({"kid": "three"})),
            with(ED25519, json!({})),
            with(RSA, json!({"kid": "twice"})),
            with(RSA, json!({"kid": "twice"})),
        ])
        .unwrap();
        let refused = |algorithm, id| keys.verifier(algorithm, id).err();
        assert_eq!(refused(Algorithm::Rs256, Some("one")), None);
        assert_eq!(refused(Algorithm::Es256, Some("two")), None);
        assert_eq!(refused(Algorithm::Es256, Some("one")), Some(JwsError::WrongKey));
        assert_eq!(refused(Algorithm::Es256, Some("four")), Some(JwsError::UnknownKey));
        assert_eq!(refused(Algorithm::Rs256, Some("twice")), Some(JwsError::AmbiguousKey));
        // Without an id, exactly one key must fit.
        assert_eq!(refused(Algorithm::EdDsa, None), None);
        assert_eq!(refused(Algorithm::EdDsa, Some("")), Some(JwsError::UnknownKey));
        assert_eq!(refused(Algorithm::Es256, None), Some(JwsError::AmbiguousKey));
        assert_eq!(refused(Algorithm::Hs256, None), Some(JwsError::UnknownKey));
    }

    #[test]
    fn unusable_keys_are_ignored() {
        let short = |bytes: usize| json!({"kty": "RSA", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(vec![0xFF; bytes])});
        for (key, reason) in [
            (json!({"kty": "oct", "k": "c2VjcmV0"}), "shared secret"),
            (short(128), "2048"),
            (short(255), "2048"),
            (
                json!({"kty": "RSA", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode([[0x7F; 1].as_slice(), &[0xFF; 255]].concat())}),
                "2048",
            ),
            (short(1_025), "8192"),
            (json!({"kty": "RSA", "e": "AQAB"}), "number"),
            (json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}), "curve"),
            (json!({"kty": "OKP", "crv": "X25519", "x": "AA"}), "curve"),
            (with(P256, json!({"x": "AAAA"})), "coordinate"),
            (with(P256, json!({"y": null})), "coordinate"),
            (with(RSA, json!({"use": "enc"})), "use"),
            (with(RSA, json!({"key_ops": ["sign"]})), "key_ops"),
            (with(RSA, json!({"alg": "RS512"})), "algorithm"),
            (with(RSA, json!({"alg": "HS256"})), "does not fit"),
            (with(P256, json!({"alg": "RS256"})), "does not fit"),
            (json!({"kid": "x"}), "JSON Web Key"),
            (json!("x"), "JSON Web Key"),
        ] {
            assert!(reason_of(&key).contains(reason), "{key}: {}", reason_of(&key));
        }
        let (keys, ignored) =
            set(&[json!({"kty": "oct", "kid": "a"}), with(RSA, json!({"use": "sig", "key_ops": ["verify"]}))]).unwrap();
        assert_eq!((keys.len(), ignored.len(), ignored[0].key.as_str()), (1, 1, "a"));
    }

    #[test]
    fn a_set_without_usable_keys_is_an_error() {
        for text in ["", "null", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]"#, "\u{feff}{}"] {
            assert!(matches!(KeySet::parse(text.as_bytes()), Err(KeySetError::Format(_))), "{text}");
        }
        assert!(matches!(set(&[]), Err(KeySetError::NoKey(_))));
        let many = vec![with(RSA, json!({})); KEYS_MAX + 1];
        assert!(matches!(set(&many), Err(KeySetError::TooMany(101))));
        assert!(set(&many[1..]).is_ok());
    }
}
