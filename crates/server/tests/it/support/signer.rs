//! Keys like those of an identity provider, and the tokens that they sign.

use std::{process::Command, sync::LazyLock};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};

/// An RSA key in DER: PKCS #1 or PKCS #8, depending on the version of `openssl`. `ring` cannot generate
/// one, and one for all tests is enough.
static RSA_KEY: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| {
    let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"];
    let output = Command::new("openssl").args(arguments).output().ok()?;
    output.status.success().then_some(output.stdout)
});

/// A private key with an id.
pub(crate) struct Signer {
    id: String,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    /// As PKCS #8, because a pair signs in one encoding only.
    P256(Vec<u8>),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(crate) fn ed25519(id: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random bytes");
        let pair = Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key");
        Self { id: id.to_owned(), pair: Pair::Ed25519(pair) }
    }

    pub(crate) fn p256(id: &str) -> Self {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self { id: id.to_owned(), pair: Pair::P256(key.expect("random bytes").as_ref().to_vec()) }
    }

    /// `None` if `openssl` is not installed.
    pub(crate) fn rsa(id: &str) -> Option<Self> {
        let Some(key) = &*RSA_KEY else {
            untested::skip("openssl");
            return None;
        };
        let pair = RsaKeyPair::from_der(key).or_else(|_| RsaKeyPair::from_pkcs8(key)).expect("a key");
        Some(Self { id: id.to_owned(), pair: Pair::Rsa(pair) })
    }

    /// The public key, without `alg`.
    pub(crate) fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match &self.pair {
            Pair::Ed25519(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())}),
            Pair::P256(key) => {
                let pair = p256(&ECDSA_P256_SHA256_FIXED_SIGNING, key);
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])})
            }
            Pair::Rsa(pair) => {
                let PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({"kty": "RSA", "n": encode(&n), "e": encode(&e)})
            }
        };
        key["kid"] = json!(self.id);
        key["use"] = json!("sig");
        key
    }

    /// A token with this key's id.
    pub(crate) fn signs(&self, algorithm: &str, claims: &Value) -> String {
        self.signs_with(&json!({"alg": algorithm, "typ": "JWT", "kid": self.id}), claims)
    }

    /// A token with this header. The signature is the key's own, by the algorithm in the header if it is
    /// one of the key's.
    pub(crate) fn signs_with(&self, header: &Value, claims: &Value) -> String {
        self.signs_text(&header.to_string(), &claims.to_string())
    }

    /// The same with any texts as header and claims.
    pub(crate) fn signs_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.signature(header.contains("PS256"), message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn signature(&self, pss: bool, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::P256(key) => {
                let pair = p256(&ECDSA_P256_SHA256_FIXED_SIGNING, key);
                pair.sign(&random, message).expect("a signature").as_ref().to_vec()
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &dyn ring::signature::RsaEncoding = if pss { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).expect("a signature");
                signature
            }
        }
    }

    /// A token whose ECDSA signature is in DER, as most libraries produce it.
    pub(crate) fn signs_in_der(&self, claims: &Value) -> String {
        let Pair::P256(key) = &self.pair else { panic!("only ECDSA has two encodings") };
        let header = json!({"alg": "ES256", "kid": self.id});
        let [header, claims] = [header.to_string(), claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = format!("{header}.{claims}");
        let pair = p256(&ECDSA_P256_SHA256_ASN1_SIGNING, key);
        let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn p256(encoding: &'static EcdsaSigningAlgorithm, key: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(encoding, key, &SystemRandom::new()).expect("a key")
}
