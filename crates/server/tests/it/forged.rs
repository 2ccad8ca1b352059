//! Forged tokens: known attacks on JSON Web Tokens (RFC 8725), each answered with 401.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{KeyServer, SECRET, Server, Signer, claims, new_id, signed_with};

/// The provider's keys, and one of an attacker.
struct Keys {
    p256: Signer,
    ed: Signer,
    rsa: Signer,
    foreign: Signer,
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A token with the header, the claims and exactly this signature.
fn with_signature(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!("{}.{}.{}", encode(header), encode(claims), URL_SAFE_NO_PAD.encode(signature))
}

fn forged(keys: &Keys, attacker: &KeyServer) -> Vec<(String, String)> {
    let all = claims(&new_id());
    let mut forged = Vec::new();
    let mut add = |what: &str, token: String| forged.push((what.to_owned(), token));

    for alg in ["none", "None", "nOnE", ""] {
        for signature in [&b""[..], b"x"] {
            add("no algorithm", with_signature(&json!({"alg": alg, "kid": "rsa"}), &all, signature));
        }
    }
    // The public key as the secret of HS256.
    let jwk = keys.rsa.jwk();
    for secret in [jwk.to_string(), jwk["n"].to_string(), jwk["n"].as_str().unwrap().to_owned(), String::new()] {
        for header in
            [json!({"alg": "HS256", "kid": "rsa"}), json!({"alg": "HS256"}), json!({"alg": "RS256", "kid": "rsa"})]
        {
            add("the public key as a secret", signed_with(&secret, &header, &all));
        }
    }
    add("the secret with another algorithm", signed_with(SECRET, &json!({"alg": "ES256", "kid": "p256"}), &all));

    // A key of the set, for which the token is not signed, and ids that are none.
    add("the wrong key", keys.p256.signs_with(&json!({"alg": "ES256", "kid": "rsa"}), &all));
    add("the wrong key", keys.foreign.signs_with(&json!({"alg": "ES256", "kid": "p256"}), &all));
    add("the wrong family", keys.ed.signs_with(&json!({"alg": "ES256", "kid": "ed"}), &all));
    // The signer pads by the text of the header: RS256 and PS256 for each other.
    for header in [r#"{"alg":"\u0050S256","kid":"rsa"}"#, r#"{"alg":"RS256","kid":"rsa","x":"PS256"}"#] {
        add("the wrong padding", keys.rsa.signs_text(header, &all.to_string()));
    }
    for kid in [
        json!("../../../../dev/null"),
        json!("/proc/self/environ"),
        json!("x' UNION SELECT 'secret"),
        json!("p256\u{0}"),
        json!("P256"),
        json!(" p256"),
        json!(""),
        json!("k".repeat(8_000)),
        json!(0),
        json!(null),
        json!(["p256"]),
        json!({"kid": "p256"}),
    ] {
        add("a key id that is none", keys.p256.signs_with(&json!({"alg": "ES256", "kid": kid}), &all));
    }

    // The attacker's own key, or where to find it.
    for (name, value) in [
        ("jwk", keys.foreign.jwk()),
        ("jku", json!(attacker.url())),
        ("x5u", json!(attacker.url())),
        ("x5c", json!(["MIIB"])),
        ("iss", json!(attacker.url())),
    ] {
        for kid in ["foreign", "p256"] {
            let header = json!({"alg": "ES256", "kid": kid, name: value});
            add(name, keys.foreign.signs_with(&header, &all));
        }
    }

    // Signatures that are cut, extended, empty, zero, or in another encoding.
    for (key, algorithm) in [(&keys.p256, "ES256"), (&keys.ed, "EdDSA"), (&keys.rsa, "RS256"), (&keys.rsa, "PS256")] {
        let token = key.signs(algorithm, &all);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let zeros = vec![0; signature.len()];
        let longer = [&signature[..], &[0]].concat();
        for bytes in [&signature[..signature.len() - 1], &signature[1..], &signature[..1], &[], &zeros, &longer] {
            add("another signature", format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes)));
        }
        add("padded base64", format!("{token}="));
        add("a space at the end of a part", token.replacen('.', " .", 1));
    }
    add("ECDSA in DER", keys.p256.signs_in_der(&all));

    // Names that occur twice, so that two readers could see different values.
    let (id, victim) = (new_id(), new_id());
    let exp = &all["exp"];
    let header = r#"{"alg":"ES256","kid":"p256"}"#;
    add("sub twice", keys.p256.signs_text(header, &format!(r#"{{"sub":"{id}","sub":"{victim}","exp":{exp}}}"#)));
    add("exp twice", keys.p256.signs_text(header, &format!(r#"{{"sub":"{id}","exp":1,"exp":{exp}}}"#)));
    add(
        "scope twice",
        keys.p256.signs_text(
            header,
            &format!(r#"{{"sub":"{id}","exp":{exp},"scope":"groups:read","scope":"groups:admin"}}"#),
        ),
    );
    add("alg twice", keys.p256.signs_text(r#"{"alg":"none","kid":"p256","alg":"ES256"}"#, &all.to_string()));
    add("kid twice", keys.p256.signs_text(r#"{"kid":"rsa","alg":"ES256","kid":"p256"}"#, &all.to_string()));

    for crit in [json!(["b64"]), json!(["exp"]), json!([]), json!("x")] {
        let header = json!({"alg": "ES256", "kid": "p256", "crit": crit, "b64": false});
        add("critical parameters", keys.p256.signs_with(&header, &all));
    }

    // Long ones, deeply nested ones, and other formats.
    let mut long = all.clone();
    long["padding"] = json!("x".repeat(13_000));
    add("a long token", keys.p256.signs("ES256", &long));
    add("many dots", ".".repeat(8_000));
    let nested = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    add("nested claims", keys.p256.signs_text(header, &nested));
    add("nested claims", keys.p256.signs_text(header, &format!(r#"{{"sub":{nested}}}"#)));
    add("a token in a token", keys.p256.signs_text(header, &keys.p256.signs("ES256", &all)));
    add("an encrypted token", "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d".to_owned());
    forged
}

#[tokio::test]
async fn every_forged_token_gets_401_and_the_server_keeps_serving() {
    let Some(rsa) = Signer::rsa("rsa") else { return };
    let (p256, ed, foreign) = (Signer::p256("p256"), Signer::ed25519("ed"), Signer::p256("foreign"));
    let keys = Keys { p256, ed, rsa, foreign };
    let provider = KeyServer::start(&[&keys.p256, &keys.ed, &keys.rsa]);
    let attacker = KeyServer::start(&[&keys.foreign]);
    let server = Server::with(&[("GROUPS_JWKS", &provider.url())]).await;
    let good = keys.p256.signs("ES256", &claims(&new_id()));
    for (what, token) in forged(&keys, &attacker) {
        let shown: String = token.chars().take(200).collect();
        let answer = server.http().call("GET", "/v1/me").bearer(&token).send().await;
        assert_eq!(answer.status, 401, "{what}: {shown}: {}", answer.text());
        answer.problem(401, "unauthenticated");
        assert_eq!(server.dial().bearer(&token).refused().await.status, 401, "{what}: {shown}");
    }
    server.http().call("GET", "/v1/me").bearer(&good).send().await.ok(200);
    assert_eq!(attacker.requests(), 0);
    // One more than at the start, however many tokens name unknown keys.
    assert_eq!(provider.requests(), 2);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
