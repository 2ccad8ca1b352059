//! Request ids: in responses, problems and the log.

use std::collections::HashSet;
use std::time::Duration;

use server::{Groups, Settings};

use crate::support::{Answer, Application, Call, SECRET, Server, User, within};

fn upgrade(user: &User) -> Call<'_> {
    user.call("GET", "/v1/ws")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[track_caller]
fn id_of(answer: &Answer) -> String {
    let ids: Vec<_> = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-request-id")).collect();
    assert_eq!(ids.len(), 1, "{} {ids:?}", answer.status);
    ids[0].1.clone()
}

#[tokio::test]
async fn every_response_has_an_id_of_its_own() {
    let server = Server::start().await;
    let ada = server.user();
    let mut seen = HashSet::new();
    for (path, status) in [
        ("/v1/me", 200),
        ("/v1/groups/no-id", 400),
        ("/v1/nowhere", 404),
        ("/nowhere", 404),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/", 200),
        ("/assets/nothing.js", 404),
    ] {
        let answer = ada.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(seen.insert(id_of(&answer)), "{path}");
    }
    assert!(seen.insert(id_of(&server.http().get("/v1/me").await)), "an answer without a token");
    let upgraded = upgrade(&ada).send().await;
    assert_eq!(upgraded.status, 101);
    assert!(seen.insert(id_of(&upgraded)), "an upgrade");
}

#[tokio::test]
async fn the_id_of_a_client_is_kept_and_a_problem_repeats_it() {
    let server = Server::start().await;
    let ada = server.user();
    let kept = ada.call("GET", "/v1/nowhere").header("X-Request-Id", "edge-1.a_b~c").send().await;
    assert_eq!(id_of(&kept), "edge-1.a_b~c");
    assert_eq!(kept.value()["request_id"], "edge-1.a_b~c");
    let page = ada.call("GET", "/v1/me").header("Origin", "http://localhost").send().await;
    assert_eq!(id_of(&page).len(), 36, "a new id is a UUID");
    let long = "x".repeat(65);
    for invalid in ["", "a b", "a;b", "<a>", &long] {
        let answer = ada.call("GET", "/v1/nowhere").header("X-Request-Id", invalid).send().await;
        let id = id_of(&answer);
        assert!(id.len() == 36 && answer.value()["request_id"] == id.as_str(), "{invalid:?} became {id}");
    }
}

#[tokio::test]
async fn pages_of_allowed_origins_can_read_the_id() {
    let origin = "https://app.example.org";
    let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", origin)]).await;
    let answer = server.user().call("GET", "/v1/me").header("Origin", origin).send().await;
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_ascii_lowercase();
    assert!(exposed.contains("x-request-id"), "{exposed}");
}

#[tokio::test]
async fn the_log_lines_of_a_request_and_of_an_upgrade_have_its_id() {
    let server = Server::with(&[("GROUPS_LOG", "debug"), ("GROUPS_LOG_FORMAT", "json")]).await;
    let ada = server.user();
    ada.call("GET", "/v1/me").header("X-Request-Id", "mine").send().await.ok(200);
    assert_eq!(upgrade(&ada).header("X-Request-Id", "my-socket").send().await.status, 101);
    let has = |id: &str, message: &str| {
        server.log().lines().any(|line| {
            let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { return false };
            line["fields"]["message"] == message && line["span"]["request_id"] == id
        })
    };
    for (id, message) in [("mine", "request"), ("my-socket", "client connected"), ("my-socket", "request")] {
        // The log is written, and read, in the background.
        let logged = async {
            while !has(id, message) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within(message, logged).await;
    }
}

#[tokio::test]
async fn paths_that_an_application_mounts_have_ids_and_its_own_paths_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let database_url = format!("sqlite://{}", directory.path().join("groups.db").display());
    let settings = Settings { database_url, jwt_secret: Some(SECRET.into()), ..Settings::default() };
    let application = Application::start(Groups::builder(settings).prefix("/realtime")).await;
    for path in ["/realtime/v1/me", "/realtime/healthz", "/realtime/readyz", "/realtime/metrics", "/realtime/"] {
        id_of(&application.http.get(path).await);
    }
    assert_eq!(application.http.get("/").await.header("x-request-id"), None);
    application.stop().await;
}
