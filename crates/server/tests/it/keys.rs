//! Public keys of an identity provider (`GROUPS_JWKS`).

use std::{fs, path::Path, process::Command, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{KeyServer, SECRET, Server, Signer, claims, new_id, program, signed, within};

/// The answer's status to a request with this token.
async fn status(server: &Server, token: &str) -> u16 {
    server.http().call("GET", "/v1/me").bearer(token).send().await.status
}

fn set(keys: &[&Signer]) -> String {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}).to_string()
}

/// Runs the program until it exits, which it must do with an error. Returns its output.
fn refusal_to_start(settings: &[(&str, &str)]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(program())
        .env_clear()
        .env("GROUPS_LISTEN", "127.0.0.1:0")
        .env("DATABASE_URL", format!("sqlite://{}", directory.path().join("groups.db").display()))
        .envs(settings.iter().copied())
        .current_dir(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !said.contains("panicked"), "{settings:?}: {said}");
    said
}

/// Replaces a file at once, as tools that manage secrets do.
fn replace(file: &Path, content: &str) {
    let fresh = file.with_extension("fresh");
    fs::write(&fresh, content).unwrap();
    fs::rename(fresh, file).unwrap();
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_accepted_next_to_those_with_the_secret() {
    let (ed, p256) = (Signer::ed25519("ed"), Signer::p256("p256"));
    let Some(rsa) = Signer::rsa("rsa") else { return };
    let provider = KeyServer::start(&[&ed, &p256, &rsa]);
    let server = Server::with(&[("GROUPS_JWKS", &provider.url())]).await;
    for (key, algorithm) in [(&ed, "EdDSA"), (&p256, "ES256"), (&rsa, "RS256"), (&rsa, "PS256")] {
        let id = new_id();
        let user = server.user_with(id.clone(), key.signs(algorithm, &claims(&id)));
        assert_eq!(user.get("/v1/me").await.ok(200)["user_id"], id, "{algorithm}");
        user.connects().await;
    }
    assert_eq!(status(&server, &signed(SECRET, &claims(&new_id()))).await, 200);
    // Each algorithm only with a key of its own.
    for (key, algorithm) in [(&ed, "ES256"), (&p256, "EdDSA"), (&rsa, "ES256"), (&rsa, "RS512"), (&p256, "RS256")] {
        assert_eq!(status(&server, &key.signs(algorithm, &claims(&new_id()))).await, 401, "{algorithm}");
    }
    // Without a `kid`, exactly one key must fit.
    assert_eq!(status(&server, &ed.signs_with(&json!({"alg": "EdDSA"}), &claims(&new_id()))).await, 200);
    let other = Signer::ed25519("other");
    provider.publishes(&[&ed, &other]);
    assert_eq!(status(&server, &other.signs("EdDSA", &claims(&new_id()))).await, 200);
    assert_eq!(status(&server, &ed.signs_with(&json!({"alg": "EdDSA"}), &claims(&new_id()))).await, 401);
    // Without a secret there is no HS256, and no development mode.
    let server = Server::with_exactly(&[("GROUPS_JWKS", &provider.url())]).await;
    assert_eq!(status(&server, &signed(SECRET, &claims(&new_id()))).await, 401);
    server.http().call("POST", "/v1/dev/login").json(&json!({"name": "Ada"})).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn requests_with_a_new_key_wait_for_one_fetch_and_unknown_keys_cause_no_more() {
    let (old, new, unknown) = (Signer::ed25519("old"), Signer::ed25519("new"), Signer::ed25519("unknown"));
    let provider = KeyServer::start(&[&old]);
    let server = Server::with_exactly(&[("GROUPS_JWKS", &provider.url()), ("GROUPS_RATE_LIMIT", "0")]).await;
    assert_eq!(status(&server, &old.signs("EdDSA", &claims(&new_id()))).await, 200);
    assert_eq!(provider.requests(), 1);
    provider.publishes(&[&new]);
    let token = new.signs("EdDSA", &claims(&new_id()));
    let statuses = join_all((0..50).map(|_| status(&server, &token))).await;
    assert_eq!(statuses, [200; 50]);
    for _ in 0..20 {
        assert_eq!(status(&server, &unknown.signs("EdDSA", &claims(&new_id()))).await, 401);
    }
    assert_eq!(provider.requests(), 2);
    // A key that is no longer published is no longer accepted.
    assert_eq!(status(&server, &old.signs("EdDSA", &claims(&new_id()))).await, 401);
}

/// Answers that are not a set of keys.
fn bad_answers(good: &Signer) -> Vec<(&'static str, &'static str, String)> {
    let (long, many) = ("x".repeat(300_000), vec![good.jwk(); 101]);
    vec![
        ("500 Internal Server Error", "", String::new()),
        ("404 Not Found", "", set(&[good])),
        ("204 No Content", "", String::new()),
        ("302 Found", "Location: /other.json\r\n", set(&[good])),
        ("200 OK", "", "<html>".to_owned()),
        ("200 OK", "", json!({"keys": []}).to_string()),
        ("200 OK", "", json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}).to_string()),
        ("200 OK", "", json!({"keys": many}).to_string()),
        ("200 OK", "", json!({"keys": [good.jwk()], "more": long}).to_string()),
    ]
}

#[tokio::test]
async fn a_failed_fetch_keeps_the_last_good_keys() {
    let (old, new) = (Signer::p256("old"), Signer::p256("new"));
    let provider = KeyServer::start(&[&old]);
    let fails = async |fail: &dyn Fn()| {
        provider.publishes(&[&old]);
        let server = Server::with_exactly(&[("GROUPS_JWKS", &provider.url())]).await;
        let before = provider.requests();
        fail();
        assert_eq!(status(&server, &new.signs("ES256", &claims(&new_id()))).await, 401);
        assert_eq!(provider.requests(), before + 1);
        assert_eq!(status(&server, &old.signs("ES256", &claims(&new_id()))).await, 200);
    };
    for (status, headers, body) in bad_answers(&new) {
        fails(&|| provider.answers(status, headers, &body)).await;
    }
    fails(&|| provider.stalls()).await;
}

#[test]
fn without_keys_the_server_does_not_start() {
    let key = Signer::ed25519("key");
    let provider = KeyServer::start(&[&key]);
    let url = provider.url();
    for (status, headers, body) in bad_answers(&key) {
        provider.answers(status, headers, &body);
        let said = refusal_to_start(&[("GROUPS_JWKS", &url)]);
        assert!(said.contains("GROUPS_JWKS") && said.contains(&url), "{status}: {said}");
    }
    provider.stalls();
    assert!(refusal_to_start(&[("GROUPS_JWKS", &url)]).contains("within"));
    // Nothing listens on this port, and there is no such file.
    for location in ["http://127.0.0.1:1/keys", "/does/not/exist.json", "", "ftp://127.0.0.1/keys", "http://a:b@c/keys"]
    {
        let said = refusal_to_start(&[("GROUPS_JWKS", location), ("GROUPS_JWT_SECRET", SECRET)]);
        assert!(said.contains("GROUPS_JWKS"), "{location}: {said}");
    }
}

#[tokio::test]
async fn with_a_copy_of_the_keys_the_server_starts_while_the_provider_is_down() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("keys.json");
    let provider = KeyServer::start(&[&old]);
    let (url, path) = (provider.url(), copy.display().to_string());
    let settings = [("GROUPS_JWKS", url.as_str()), ("GROUPS_JWKS_CACHE", path.as_str())];
    let mut server = Server::with_exactly(&settings).await;
    assert_eq!(fs::read_to_string(&copy).unwrap(), set(&[&old]));
    provider.publishes(&[&new]);
    assert_eq!(status(&server, &new.signs("EdDSA", &claims(&new_id()))).await, 200);
    assert_eq!(fs::read_to_string(&copy).unwrap(), set(&[&new]));

    provider.answers("503 Service Unavailable", "", "");
    server.kill_and_launch().await;
    assert_eq!(status(&server, &new.signs("EdDSA", &claims(&new_id()))).await, 200);
    within("the warning", async {
        while !server.log().contains("GROUPS_JWKS_CACHE") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    // The keys are fetched as soon as a token needs them.
    provider.publishes(&[&old]);
    assert_eq!(status(&server, &old.signs("EdDSA", &claims(&new_id()))).await, 200);
    drop(server);

    provider.answers("503 Service Unavailable", "", "");
    for broken in ["", "{}", "{\"keys\":[]}"] {
        fs::write(&copy, broken).unwrap();
        let said = refusal_to_start(&settings);
        assert!(said.contains("503") && said.contains("GROUPS_JWKS_CACHE"), "{said}");
    }
    fs::remove_file(&copy).unwrap();
    assert!(refusal_to_start(&settings).contains("GROUPS_JWKS_CACHE"));
    let without_url = refusal_to_start(&[("GROUPS_JWT_SECRET", SECRET), ("GROUPS_JWKS_CACHE", &path)]);
    assert!(without_url.contains("GROUPS_JWKS_CACHE"), "{without_url}");
}

#[tokio::test]
async fn keys_are_fetched_over_tls_from_a_server_that_the_system_trusts() {
    let key = Signer::ed25519("key");
    let folder = tempfile::tempdir().unwrap();
    let Some(provider) = KeyServer::start_encrypted(folder.path(), &[&key]) else { return };
    let (url, authority) = (provider.url(), folder.path().join("ca.pem").display().to_string());
    let server = Server::with_exactly(&[("GROUPS_JWKS", &url), ("SSL_CERT_FILE", &authority)]).await;
    assert_eq!(status(&server, &key.signs("EdDSA", &claims(&new_id()))).await, 200);
    // Another name than the certificate's, an authority that is not trusted, and no authority at all.
    let by_address = url.replace("localhost", "127.0.0.1");
    let (other, none) = (folder.path().join("server.pem"), folder.path().join("server.key"));
    let (other, none) = (other.display().to_string(), none.display().to_string());
    for (url, authority) in [(&by_address, &authority), (&url, &other), (&url, &none)] {
        let said = refusal_to_start(&[("GROUPS_JWKS", url), ("SSL_CERT_FILE", authority)]);
        assert!(said.contains("certificate"), "{said}");
    }
}

#[tokio::test]
async fn a_changed_file_is_read_without_a_restart() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    replace(&file, &set(&[&old]));
    let server = Server::with_exactly(&[("GROUPS_JWKS", &file.display().to_string())]).await;
    assert_eq!(status(&server, &old.signs("EdDSA", &claims(&new_id()))).await, 200);
    replace(&file, &set(&[&old, &new]));
    assert_eq!(status(&server, &new.signs("EdDSA", &claims(&new_id()))).await, 200);
    // No token asks for the keys, so this is the change of the file itself.
    replace(&file, &set(&[&new]));
    within("the old key is withdrawn", async {
        while status(&server, &old.signs("EdDSA", &claims(&new_id()))).await == 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    for broken in ["", "{"] {
        replace(&file, broken);
        assert_eq!(status(&server, &old.signs("EdDSA", &claims(&new_id()))).await, 401);
        assert_eq!(status(&server, &new.signs("EdDSA", &claims(&new_id()))).await, 200);
    }
}

#[tokio::test]
async fn the_same_issuer_and_claims_are_required_whatever_the_key() {
    let key = Signer::p256("key");
    let provider = KeyServer::start(&[&key]);
    let settings = [("GROUPS_JWKS", provider.url()), ("GROUPS_JWT_ISSUER", "https://id.example".to_owned())];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::with_exactly(&settings).await;
    for (issuer, expected) in
        [(json!("https://id.example"), 200), (json!("https://evil.example"), 401), (Value::Null, 401)]
    {
        let mut all = claims(&new_id());
        all["iss"] = issuer;
        assert_eq!(status(&server, &key.signs("ES256", &all)).await, expected, "{all}");
    }
}
