//! Authentication: tokens, development mode, and browser origins.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};

use crate::support::{SECRET, Server, claims, new_id, seconds_from_now, signed, signed_with, within};

/// Runs the program with this setting, on a new database and without a key, until it exits. Returns
/// whether it succeeded, and its output.
fn ended_with(name: &str, value: &str) -> (bool, String) {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(crate::support::program())
        .env_clear()
        .env("GROUPS_LISTEN", "127.0.0.1:0")
        .env("DATABASE_URL", format!("sqlite://{}", directory.path().join("groups.db").display()))
        .env(name, value)
        .current_dir(directory.path())
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Invalid tokens, each for a different reason.
fn bad_tokens() -> Vec<(&'static str, String)> {
    let id = new_id();
    let good = signed(SECRET, &claims(&id));
    let (signed_part, signature) = good.rsplit_once('.').unwrap();
    let unsigned = signed_with(SECRET, &json!({"alg": "none"}), &claims(&id));
    let (unsigned_part, _) = unsigned.rsplit_once('.').unwrap();
    let family = |alg: &str| signed_with(SECRET, &json!({"alg": alg, "typ": "JWT"}), &claims(&id));
    let swapped = if signature.starts_with('A') { 'B' } else { 'A' };
    vec![
        ("empty", String::new()),
        ("no token at all", "nonsense".to_owned()),
        ("two parts", signed_part.to_owned()),
        ("four parts", format!("{good}.x")),
        ("no base64", "a.b!.c".to_owned()),
        ("another key", signed("another secret that is long enough for HS256, but not ours", &claims(&id))),
        ("a broken signature", format!("{signed_part}.{swapped}{}", &signature[1..])),
        ("no signature", format!("{signed_part}.")),
        ("alg none", format!("{unsigned_part}.")),
        ("alg none, signed all the same", unsigned),
        ("alg None", format!("{}.", family("None").rsplit_once('.').unwrap().0)),
        ("RS256", family("RS256")),
        ("ES256", family("ES256")),
        ("EdDSA", family("EdDSA")),
        ("HS512 over HS256", family("HS512")),
        ("no alg", signed_with(SECRET, &json!({"typ": "JWT"}), &claims(&id))),
        ("expired", signed(SECRET, &json!({"sub": id, "exp": seconds_from_now(-600)}))),
        ("no exp", signed(SECRET, &json!({"sub": id}))),
        ("exp in milliseconds", signed(SECRET, &json!({"sub": id, "exp": seconds_from_now(600) * 1_000}))),
        ("good for two years", signed(SECRET, &json!({"sub": id, "exp": seconds_from_now(2 * 365 * 86_400)}))),
        ("sub is a number", signed(SECRET, &json!({"sub": 7, "exp": seconds_from_now(600)}))),
        ("exp is no number", signed(SECRET, &json!({"sub": id, "exp": "tomorrow"}))),
        ("no sub", signed(SECRET, &json!({"exp": seconds_from_now(600)}))),
        ("sub is no UUID", signed(SECRET, &json!({"sub": "ada", "exp": seconds_from_now(600)}))),
        (
            "not valid yet",
            signed(SECRET, &json!({"sub": id, "exp": seconds_from_now(900), "nbf": seconds_from_now(600)})),
        ),
        ("an extension that must be understood", {
            let header = json!({"alg": "HS256", "crit": ["x"], "x": 1});
            signed_with(SECRET, &header, &claims(&id))
        }),
        ("claims are a list", signed(SECRET, &json!([]))),
    ]
}

#[tokio::test]
async fn an_invalid_token_gets_401_everywhere() {
    let server = Server::start().await;
    for (what, token) in bad_tokens() {
        let answer = server.http().call("GET", "/v1/me").bearer(&token).send().await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        let problem = answer.problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")), "{what}");
        assert!(token.is_empty() || !problem.to_string().contains(&token), "{what}: the token is not repeated");
        let answer = server.http().call("POST", "/v1/groups").bearer(&token).json(&json!({"name": "x"})).send().await;
        answer.problem(401, "unauthenticated");
        server.dial().bearer(&token).refused().await.problem(401, "unauthenticated");
        server.dial().protocols(&token).refused().await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn every_endpoint_requires_a_token() {
    let server = Server::start().await;
    let id = new_id();
    let paths = [
        ("GET", "/v1/me".to_owned()),
        ("GET", "/v1/groups".to_owned()),
        ("POST", "/v1/groups".to_owned()),
        ("POST", "/v1/groups/create".to_owned()),
        ("GET", format!("/v1/groups/{id}")),
        ("PATCH", format!("/v1/groups/{id}")),
        ("DELETE", format!("/v1/groups/{id}")),
        ("GET", format!("/v1/groups/{id}/members")),
        ("POST", format!("/v1/groups/{id}/members")),
        ("POST", format!("/v1/groups/add-member/{id}")),
        ("PATCH", format!("/v1/groups/{id}/members/{id}")),
        ("DELETE", format!("/v1/groups/{id}/members/{id}")),
        ("DELETE", format!("/v1/groups/{id}/members/me")),
        ("GET", format!("/v1/groups/{id}/changes")),
        ("POST", format!("/v1/groups/{id}/typing")),
        ("GET", "/v1/ws".to_owned()),
    ];
    for (method, path) in paths {
        let answer = server.http().call(method, &path).send().await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
        answer.problem(401, "unauthenticated");
    }
    server.dial().refused().await.problem(401, "unauthenticated");
    let only_the_protocol = server.dial().header("Sec-WebSocket-Protocol", "groups.v1");
    only_the_protocol.refused().await.problem(401, "unauthenticated");
    let basic = server.http().call("GET", "/v1/me").header("Authorization", "Basic YTpi").send().await;
    basic.problem(401, "unauthenticated");
}

#[tokio::test]
async fn browsers_authenticate_by_subprotocol() {
    let server = Server::start().await;
    let ada = server.user();
    let mut socket = server.dial().protocols(&ada.token).ready().await;
    assert_eq!(socket.protocol.as_deref(), Some("groups.v1"));
    assert_eq!(socket.opening[0]["user_id"], ada.id);
    ada.creates("Team", &[]).await;
    socket.event(&ada.id, "group_created").await;

    // With the header no subprotocol is needed, and none is selected.
    let socket = ada.connects().await;
    assert_eq!(socket.protocol, None);
}

#[tokio::test]
async fn only_pages_of_own_and_allowed_origins_can_connect() {
    let allowed = "https://app.example.org, https://Two.Example.org:443";
    let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", allowed)]).await;
    let ada = server.user();
    let from = |origin: &str| server.dial().protocols(&ada.token).header("Origin", origin);
    let own = format!("http://{}", server.address());
    for origin in [own.as_str(), "https://app.example.org", "https://two.example.org"] {
        from(origin).ready().await;
    }
    let other_port = format!("http://127.0.0.1:{}", server.address().port() ^ 1);
    let foreign = [
        "https://evil.example.org",
        "http://app.example.org",
        "https://app.example.org.evil.example",
        "https://app.example.org:8443",
        "null",
        &other_port,
    ];
    for origin in foreign {
        let answer = from(origin).refused().await;
        assert_eq!(answer.status, 403, "{origin}");
        answer.problem(403, "forbidden");
    }
    // Programs send no `Origin`.
    ada.connects().await;
}

#[tokio::test]
async fn cors_admits_allowed_origins_and_refuses_others() {
    // As an operator may write it; browsers send it in lower case and without the default port.
    let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", "HTTPS://App.example.org:443")]).await;
    let ada = server.user();
    let (ours, foreign) = ("https://app.example.org", "https://evil.example.org");
    let asks = |origin: &'static str, method: &'static str, headers: &'static str| {
        let call = server.http().call("OPTIONS", "/v1/groups").header("Origin", origin);
        call.header("Access-Control-Request-Method", method).header("Access-Control-Request-Headers", headers).send()
    };
    let allowed = asks(ours, "POST", "authorization,content-type,idempotency-key").await;
    assert_eq!(allowed.status, 200, "{}", allowed.text());
    assert_eq!(allowed.header("access-control-allow-origin"), Some(ours));
    // Headers that tracing and monitoring add to a page's requests.
    let instrumented =
        "authorization,traceparent,tracestate,baggage,sentry-trace,x-datadog-trace-id,newrelic,x-request-id";
    assert_eq!(asks(ours, "POST", instrumented).await.status, 200);
    let too_much = [(foreign, "POST", "authorization"), (ours, "TRACE", "authorization")];
    for (origin, method, headers) in too_much {
        let refused = asks(origin, method, headers).await;
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin} {method} {headers}");
        refused.problem(403, "forbidden");
    }
    let nobody =
        server.http().call("OPTIONS", "/v1/groups").header("Access-Control-Request-Method", "GET").send().await;
    nobody.problem(400, "malformed_request");

    // Requests without a preflight are answered for everyone, but only pages of allowed origins can
    // read the response.
    for (origin, may_read) in [(ours, true), (foreign, false)] {
        let answer = server.http().call("GET", "/v1/me").bearer(&ada.token).header("Origin", origin).send().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), may_read.then_some(origin));
        let unknown = server.http().call("GET", "/v1/me").header("Origin", origin).send().await;
        assert_eq!(
            unknown.header("access-control-allow-origin"),
            may_read.then_some(origin),
            "errors can be parsed too"
        );
        unknown.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn apps_and_extensions_can_be_allowed() {
    let apps = ["capacitor://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "null"];
    let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", &apps.join(","))]).await;
    let ada = server.user();
    for origin in apps {
        let call = server.http().call("OPTIONS", "/v1/groups").header("Origin", origin);
        let allowed = call.header("Access-Control-Request-Method", "POST").send().await;
        assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, Some(origin)));
        ada.call("POST", "/v1/groups").header("Origin", origin).json(&json!({"name": "x"})).send().await.group(201);
        server.dial().protocols(&ada.token).header("Origin", origin).ready().await;
    }
}

#[tokio::test]
async fn an_impossible_allowed_origin_prevents_the_start() {
    for (origin, reason) in [("https://*.example.org", "wildcard"), ("https://a.example/chat", "slash")] {
        let (success, said) = ended_with("GROUPS_ALLOWED_ORIGINS", origin);
        assert!(!success && said.contains(origin) && said.contains(reason), "{said}");
    }
}

#[tokio::test]
async fn a_page_of_a_foreign_origin_can_change_nothing() {
    let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", "https://app.example.org")]).await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let path = format!("/v1/groups/{group}");
    let body = json!({"name": "Forged"}).to_string();
    for origin in ["https://evil.example.org", "null", "capacitor://localhost"] {
        for (method, path) in
            [("POST", "/v1/groups"), ("POST", "/v1/groups/create"), ("PATCH", &*path), ("DELETE", &path)]
        {
            // Requests that a form or a script sends without a preflight.
            for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json"] {
                let call = ada.call(method, path).header("Origin", origin).body(kind, body.clone());
                call.send().await.problem(403, "forbidden");
            }
        }
    }
    let call = ada.call("POST", "/v1/groups").header("Sec-Fetch-Site", "cross-site").body("text/plain", body.clone());
    call.send().await.problem(403, "forbidden");
    assert_eq!(ada.lists().await.len(), 1);
    assert_eq!(ada.sees(&group).await["version"], 1);
    let own = format!("http://{}", server.address());
    for origin in [own.as_str(), "https://app.example.org"] {
        ada.call("POST", "/v1/groups")
            .header("Origin", origin)
            .body("text/plain", body.clone())
            .send()
            .await
            .group(201);
    }
    // The refused origin is logged once.
    assert_eq!(server.log().matches("https://evil.example.org").count(), 1, "{}", server.log());
}

#[tokio::test]
async fn in_development_mode_a_name_is_enough_to_sign_in() {
    let mut server = Server::in_development().await;
    let login = async |server: &Server, name: &str| {
        let call = server.http().call("POST", "/v1/dev/login").json(&json!({"name": name}));
        call.send().await
    };
    let ada = login(&server, "Ada").await.ok(200);
    assert_eq!(ada["name"], "Ada");
    let id = ada["user_id"].as_str().unwrap().to_owned();
    assert_eq!(login(&server, "Ada").await.ok(200)["user_id"], id);
    assert_eq!(login(&server, "  Ada ").await.ok(200)["user_id"], id);
    assert_ne!(login(&server, "Bob").await.ok(200)["user_id"], id);

    let user = server.user_with(id.clone(), ada["token"].as_str().unwrap().to_owned());
    let me = user.get("/v1/me").await.ok(200);
    assert_eq!((&me["user_id"], &me["name"]), (&json!(id), &json!("Ada")));
    let group = user.creates("Team", &[]).await;
    assert_eq!(user.lists_members(&group).await[0]["name"], "Ada");
    user.connects().await;

    for body in [json!({}), json!({"name": ""}), json!({"name": "  "}), json!({"name": 1}), json!({"name": "x\0y"})] {
        let answer = server.http().call("POST", "/v1/dev/login").json(&body).send().await;
        answer.problem_of(&[(400, "malformed_request"), (422, "invalid_name")]);
    }

    // The same name is the same user as long as the database exists.
    server.kill_and_launch().await;
    let again = login(&server, "Ada").await.ok(200);
    assert_eq!(again["user_id"], id);
    let user = server.user_with(id, again["token"].as_str().unwrap().to_owned());
    assert_eq!(user.lists().await.len(), 1);
    let log = server.log().to_lowercase();
    assert!(log.contains("development"), "development mode is logged:\n{log}");
}

#[tokio::test]
async fn with_a_signing_key_there_is_no_sign_in_by_name() {
    let server = Server::start().await;
    let answer = server.http().call("POST", "/v1/dev/login").json(&json!({"name": "Ada"})).send().await;
    assert_eq!(answer.status, 404, "{}", answer.text());
    answer.any_problem();
    // A token of development mode is invalid there.
    let developing = Server::in_development().await;
    let login = developing.http().call("POST", "/v1/dev/login").json(&json!({"name": "Ada"})).send().await.ok(200);
    let token = login["token"].as_str().unwrap();
    server.http().call("GET", "/v1/me").bearer(token).send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn development_mode_listens_on_loopback_only() {
    let (success, said) = ended_with("GROUPS_LISTEN", "0.0.0.0:0");
    assert!(!success, "it must not start");
    assert!(said.contains("GROUPS_JWT_SECRET"), "the error names the alternative: {said}");
}

#[tokio::test]
async fn an_invalid_setting_prevents_the_start() {
    for (name, value) in
        [("GROUPS_HEARTBEAT_SECONDS", "often"), ("GROUPS_LISTEN", "nowhere"), ("DATABASE_URL", "x://y")]
    {
        let (success, said) = ended_with(name, value);
        assert!(!success, "{name}={value}");
        assert!(!said.contains("panicked"), "{said}");
        assert!(!said.trim().is_empty(), "{name}={value}: it says why");
    }
}

#[tokio::test]
async fn an_empty_or_invalid_key_does_not_start_development_mode() {
    for (name, value) in [("GROUPS_JWT_SECRET", ""), ("GROUPS_JWKS", "ftp://id.example/keys"), ("GROUPS_JWKS", "")] {
        let (success, said) = ended_with(name, value);
        assert!(!success, "{name}={value:?} must not start");
        assert!(said.contains(name) && !said.contains("panicked"), "the error names the setting: {said}");
    }
    for (name, value) in [("GROUPS_JWT_ISSUER", ""), ("GROUPS_JWT_AUDIENCE", ""), ("GROUPS_JWT_AUDIENCE", " ")] {
        let (success, said) = ended_with(name, value);
        assert!(!success && said.contains(name), "{name}={value:?}: {said}");
    }
    for (name, value) in [("GROUPS_JWT_SECRET", "x"), ("GROUPS_JWT_SECRET", "fifteen bytes !")] {
        let (success, said) = ended_with(name, value);
        assert!(!success && said.contains(name) && said.contains("32"), "{name}={value:?}: {said}");
    }
    let server = Server::with(&[("GROUPS_RATE_LIMITS", "7"), ("GROUPS_TEST_ANYTHING", "1")]).await;
    // It is logged before the server reports that it is listening, but the log may arrive a little
    // later.
    within("the warning", async {
        while !server.log().contains("GROUPS_RATE_LIMITS") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(!server.log().contains("GROUPS_TEST_ANYTHING"), "{}", server.log());
}

#[tokio::test]
async fn configured_issuer_and_audience_are_checked() {
    let server = Server::with(&[("GROUPS_JWT_ISSUER", "https://id.example"), ("GROUPS_JWT_AUDIENCE", "groups")]).await;
    let try_with = async |extra: Value| {
        let mut all = claims(&new_id());
        for (name, value) in extra.as_object().unwrap() {
            all[name] = value.clone();
        }
        server.http().call("GET", "/v1/me").bearer(&signed(SECRET, &all)).send().await.status
    };
    assert_eq!(try_with(json!({"iss": "https://id.example", "aud": "groups"})).await, 200);
    assert_eq!(try_with(json!({"iss": "https://id.example", "aud": ["other", "groups"]})).await, 200);
    assert_eq!(try_with(json!({"iss": "https://id.example", "aud": "other"})).await, 401);
    assert_eq!(try_with(json!({"iss": "https://other.example", "aud": "groups"})).await, 401);
    assert_eq!(try_with(json!({"iss": "https://id.example"})).await, 401);
    assert_eq!(try_with(json!({"aud": "groups"})).await, 401);
    assert_eq!(try_with(json!({})).await, 401);
}

#[tokio::test]
async fn the_answer_names_the_invalid_claim() {
    let server = Server::start().await;
    let id = new_id();
    let exp = seconds_from_now(600);
    for (claims, named) in [
        (json!({"sub": id}), "`exp`"),
        (json!({"sub": id, "exp": exp * 1_000}), "`exp`"),
        (json!({"sub": id, "exp": "tomorrow"}), "`exp`"),
        (json!({"exp": exp}), "`sub`"),
        (json!({"sub": 7, "exp": exp}), "`sub`"),
        (json!({"sub": "ada", "exp": exp}), "`sub`"),
        (json!({"sub": id, "exp": exp, "nbf": exp}), "`nbf`"),
    ] {
        let answer = server.http().call("GET", "/v1/me").bearer(&signed(SECRET, &claims)).send().await;
        let problem = answer.problem(401, "unauthenticated");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{claims}: {problem}");
    }
}

#[tokio::test]
async fn tokens_of_an_issuer_whose_clock_is_slightly_ahead_are_accepted() {
    let server = Server::start().await;
    for ahead in [0, 1, 2] {
        let (at, exp) = (seconds_from_now(ahead), seconds_from_now(600));
        let token = signed(SECRET, &json!({"sub": new_id(), "exp": exp, "nbf": at, "iat": at}));
        server.http().call("GET", "/v1/me").bearer(&token).send().await.ok(200);
        server.dial().bearer(&token).ready().await;
    }
}

#[tokio::test]
async fn token_lifetimes_are_limited_to_a_year_or_the_configured_maximum() {
    let hour = Server::with(&[("GROUPS_JWT_MAX_LIFETIME_SECONDS", "3600"), ("GROUPS_JWT_LEEWAY_SECONDS", "60")]).await;
    let year = Server::start().await;
    let status = async |server: &Server, more: Value| {
        let mut all = claims(&new_id());
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.http().call("GET", "/v1/me").bearer(&signed(SECRET, &all)).send().await.status
    };
    assert_eq!(status(&year, json!({"exp": seconds_from_now(365 * 86_400)})).await, 200);
    assert_eq!(status(&year, json!({"exp": seconds_from_now(-1)})).await, 401);
    assert_eq!(status(&hour, json!({"exp": seconds_from_now(3_600)})).await, 200);
    assert_eq!(status(&hour, json!({"exp": seconds_from_now(7_200)})).await, 401);
    assert_eq!(status(&hour, json!({"exp": seconds_from_now(-30), "nbf": seconds_from_now(30)})).await, 200);
}

#[tokio::test]
async fn the_name_of_the_newest_token_replaces_older_names() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let calls = async |id: &str, name: &str, iat: i64| {
        let mut all = claims(id);
        (all["name"], all["iat"]) = (json!(name), json!(seconds_from_now(iat)));
        server.http().call("GET", "/v1/me").bearer(&signed(SECRET, &all)).send().await.ok(200);
    };
    let is_called = async |person: &crate::support::User, group: &str, name: &str| {
        within("the name", async {
            while person.lists_members(group).await[0]["name"] != name {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    };
    calls(&ada.id, "Ada Old", -60).await;
    is_called(&ada, &group, "Ada Old").await;
    calls(&ada.id, "Ada New", -30).await;
    is_called(&ada, &group, "Ada New").await;
    for _ in 0..20 {
        calls(&ada.id, "Ada Old", -60).await;
        calls(&ada.id, "Ada New", -30).await;
    }
    calls(&ada.id, "Ada Old", -60).await;
    // Names are written in order of arrival: once this one is stored, the old one can no longer
    // arrive.
    let bob = server.user();
    let other = bob.creates("Other", &[]).await;
    calls(&bob.id, "Bob", -60).await;
    is_called(&bob, &other, "Bob").await;
    is_called(&ada, &group, "Ada New").await;
}

#[tokio::test]
async fn an_upper_case_id_is_the_same_user() {
    let server = Server::start().await;
    let id = new_id();
    let answer = server.http().call("GET", "/v1/me").bearer(&signed(SECRET, &claims(&id.to_uppercase()))).send().await;
    match answer.status {
        // Ids are in lower case in responses.
        200 => assert_eq!(answer.ok(200)["user_id"], id),
        _ => drop(answer.problem(401, "unauthenticated")),
    }
}

#[tokio::test]
async fn unknown_claims_are_ignored() {
    let server = Server::start().await;
    let extras = [
        json!({"aud": "somebody", "iss": "https://id.example", "jti": "1", "iat": seconds_from_now(-5)}),
        json!({"aud": ["a", "b"], "nbf": seconds_from_now(-5)}),
        json!({"scope": "groups:admin other"}),
        json!({"email": "ada@example.org", "roles": ["x"], "nested": {"a": 1}}),
        // RFC 7519 section 2: a NumericDate may be fractional.
        json!({"exp": seconds_from_now(600) as f64 + 0.5}),
    ];
    for extra in extras {
        let mut all = claims(&new_id());
        for (name, value) in extra.as_object().unwrap() {
            all[name] = value.clone();
        }
        let answer = server.http().call("GET", "/v1/me").bearer(&signed(SECRET, &all)).send().await;
        assert_eq!(answer.status, 200, "{extra}: {}", answer.text());
    }
    // The scheme name is case-insensitive (RFC 9110 section 11.1).
    let token = signed(SECRET, &claims(&new_id()));
    server.http().call("GET", "/v1/me").header("Authorization", &format!("bearer {token}")).send().await.ok(200);
}

#[tokio::test]
async fn upgrade_headers_are_accepted_in_every_browsers_spelling() {
    let server = Server::start().await;
    let ada = server.user();
    let own = format!("http://{}", server.address());
    for (connection, upgrade) in [("keep-alive, Upgrade", "websocket"), ("upgrade", "WebSocket")] {
        let answer = server
            .http()
            .call("GET", "/v1/ws")
            .header("Connection", connection)
            .header("Upgrade", upgrade)
            .header("Origin", &own)
            .header("Sec-WebSocket-Version", "13")
            // The example of RFC 6455 section 1.3.
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
            .header("Sec-WebSocket-Protocol", &format!("groups.v1, bearer.{}", ada.token))
            .send()
            .await;
        assert_eq!(answer.status, 101, "{connection}: {}", answer.text());
        assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(answer.header("sec-websocket-protocol"), Some("groups.v1"));
        assert_eq!(answer.header("sec-websocket-extensions"), None, "none is agreed on");
    }
}

#[tokio::test]
async fn development_mode_rejects_foreign_host_names() {
    let server = Server::in_development().await;
    let port = server.address().port();
    let login = async |host: String| {
        let call = server.http().call("POST", "/v1/dev/login").header("Host", &host).json(&json!({"name": "Ada"}));
        call.send().await
    };
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "groups.localhost"] {
        login(format!("{host}:{port}")).await.ok(200);
    }
    // A foreign page's name that resolves to loopback: the browser sends it as `Host` and as
    // `Origin`.
    for (header, value) in [
        ("X-Forwarded-For", "203.0.113.7"),
        ("Forwarded", "for=203.0.113.7"),
        ("Via", "1.1 proxy"),
        ("X-Real-IP", "::1"),
    ] {
        let login = server.http().call("POST", "/v1/dev/login").header(header, value).json(&json!({"name": "Ada"}));
        let problem = login.send().await.problem(403, "forbidden");
        assert!(problem["detail"].as_str().unwrap().contains("proxy"), "{problem}");
    }
    let own = format!("http://localhost:{port}");
    for (origin, status) in [(own.as_str(), 200), ("https://evil.example.org", 403), ("null", 403)] {
        let login = server.http().call("POST", "/v1/dev/login").header("Host", &own[7..]).header("Origin", origin);
        assert_eq!(login.json(&json!({"name": "Ada"})).send().await.status, status, "{origin}");
    }
    for host in ["evil.example.org", "localhost.evil.example.org", "127.0.0.1.evil.example.org", "notlocalhost"] {
        login(format!("{host}:{port}")).await.problem(421, "misdirected_request");
    }
}
