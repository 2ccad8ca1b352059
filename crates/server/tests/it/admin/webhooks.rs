//! Webhooks: their settings, their secrets, and what operators see of the deliveries.

use serde_json::{Value, json};

use crate::cluster::until;
use crate::support::{Answer, Receiver, Reply, Server, User, escaped};

const WEBHOOKS: &str = "/v1/admin/webhooks";

/// A server that sends to receivers on loopback.
async fn server() -> Server {
    Server::with(&[("GROUPS_WEBHOOK_ALLOW_PRIVATE", "on")]).await
}

async fn creates(operator: &User, body: Value) -> Value {
    operator.post(WEBHOOKS, body).await.ok(201)
}

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["webhook_id"].as_str().unwrap())
}

fn without_secret(mut webhook: Value) -> Value {
    webhook.as_object_mut().unwrap().remove("secret");
    webhook
}

/// The same without the cursor, whose text differs each time.
fn settings(webhook: Value) -> Value {
    let mut webhook = without_secret(webhook);
    webhook.as_object_mut().unwrap().remove("cursor");
    webhook
}

async fn patches(operator: &User, webhook: &Value, if_match: &str, body: &Value) -> Answer {
    operator.call("PATCH", &path(webhook)).header("if-match", if_match).json(body).send().await
}

#[tokio::test]
async fn a_webhook_is_created_changed_and_deleted_in_the_version_that_the_caller_knows() {
    let server = server().await;
    let operator = server.operator();
    let created = operator.post(WEBHOOKS, json!({"url": "http://127.0.0.1:9/hook"})).await;
    let webhook = created.ok(201);
    assert_eq!(created.header("location"), Some(path(&webhook).trim_start_matches("/v1/admin/")));
    assert_eq!((created.header("etag"), &webhook["version"]), (Some("\"1\""), &json!(1)));
    assert_eq!((&webhook["state"], &webhook["description"]), (&json!("active"), &json!("")));
    for absent in ["types", "reason", "failing_since", "last_error", "previous_secret_until"] {
        assert!(webhook.get(absent).is_none(), "{absent}");
    }
    let secret = webhook["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "32 bytes");
    let read = operator.get(&path(&webhook)).await;
    assert_eq!((read.header("etag"), settings(read.ok(200))), (Some("\"1\""), settings(webhook.clone())));
    assert!(!read.text().contains("whsec_"));

    let change =
        json!({"types": ["group.banned", "group.banned", "group.*"], "description": "Audit", "state": "paused"});
    let changed = patches(&operator, &webhook, "\"1\"", &change).await;
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let changed = changed.ok(200);
    assert_eq!((&changed["types"], &changed["description"]), (&json!(["group.*", "group.banned"]), &json!("Audit")));
    assert_eq!((&changed["state"], &changed["reason"]), (&json!("paused"), &json!("operator")));
    patches(&operator, &webhook, "\"1\"", &json!({"description": "x"})).await.problem(412, "version_mismatch");
    let same = patches(&operator, &webhook, "\"1\", \"2\"", &change).await.ok(200);
    assert_eq!(settings(same), settings(changed), "nothing was different");
    let all = patches(&operator, &webhook, "*", &json!({"types": null, "state": "active"})).await.ok(200);
    assert!(all.get("types").is_none() && all.get("reason").is_none() && all["version"] == 3, "{all}");

    let delete =
        async |if_match: &str| operator.call("DELETE", &path(&webhook)).header("if-match", if_match).send().await;
    delete("\"2\"").await.problem(412, "version_mismatch");
    delete("\"3\"").await.no_content();
    delete("\"3\"").await.problem(404, "webhook_not_found");
    operator.get(&path(&webhook)).await.problem(404, "webhook_not_found");
    operator.patch(&path(&webhook), json!({})).await.problem(404, "webhook_not_found");
    for below in ["test", "replay", "deliveries"] {
        let path = format!("{}/{below}", path(&webhook));
        let answer = match below {
            "deliveries" => operator.get(&path).await,
            "replay" => {
                let end = operator.get("/v1/admin/changes").await.ok(200)["next"].clone();
                operator.post(&path, json!({"after": end})).await
            }
            _ => operator.posts(&path).await,
        };
        answer.problem(404, "webhook_not_found");
    }
}

#[tokio::test]
async fn the_list_has_all_webhooks_in_pages_oldest_first_and_only_for_operators() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let mut expected = Vec::new();
    for port in 1..=3 {
        expected.push(settings(creates(&operator, json!({"url": format!("http://127.0.0.1:{port}/")})).await));
    }
    let first = operator.get(&format!("{WEBHOOKS}?limit=2")).await.ok(200);
    let next = first["next"].as_str().unwrap();
    let last = operator.get(&format!("{WEBHOOKS}?limit=2&after={}", escaped(next))).await.ok(200);
    assert_eq!(last["next"], Value::Null);
    let pages = [&first, &last].into_iter().flat_map(|page| page["webhooks"].as_array().unwrap());
    assert_eq!(pages.cloned().map(settings).collect::<Vec<_>>(), expected);
    operator.get(&format!("{WEBHOOKS}?after=nonsense")).await.problem(400, "malformed_request");
    ada.get(WEBHOOKS).await.problem(403, "forbidden");
    ada.post(WEBHOOKS, json!({"url": "http://127.0.0.1:9/"})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn settings_that_are_invalid_are_refused_with_a_code_of_their_own() {
    let server = server().await;
    let operator = server.operator();
    let url = "http://127.0.0.1:9/hook";
    let webhook = creates(&operator, json!({"url": url})).await;
    let long = format!("http://127.0.0.1/{}", "a".repeat(2_048));
    let urls = ["", "hook", "ftp://127.0.0.1/", "http://ada@127.0.0.1/", "http://127.0.0.1/#part", &long];
    let types = [json!([]), json!(["group.renamed"]), json!(["group.*", "user.catch_up"])];
    let invalid = urls.map(|url| (json!({"url": url}), "invalid_url")).into_iter();
    let invalid = invalid.chain(types.map(|types| (json!({"url": url, "types": types}), "invalid_event_type")));
    let text = json!({"url": url, "description": "a".repeat(1_001)});
    for (body, code) in invalid.chain([(text, "invalid_description")]) {
        operator.post(WEBHOOKS, body.clone()).await.problem(422, code);
        operator.patch(&path(&webhook), body).await.problem(422, code);
    }
    operator.post(WEBHOOKS, json!({})).await.problem(400, "malformed_request");
    operator.patch(&path(&webhook), json!({"state": "gone"})).await.problem(400, "malformed_request");
    operator.get(&format!("{WEBHOOKS}/7")).await.problem(400, "malformed_request");
    assert_eq!(settings(operator.get(&path(&webhook)).await.ok(200)), settings(webhook));
    let list = operator.get(WEBHOOKS).await.ok(200);
    assert_eq!(list["webhooks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repetition_with_the_same_key_has_the_same_webhook_and_the_same_secret() {
    let server = server().await;
    let operator = server.operator();
    let keyed = async |method: &str, path: &str, key: &str, body: &Value| {
        operator.call(method, path).header("idempotency-key", key).json(body).send().await
    };
    let body = json!({"url": "http://127.0.0.1:9/hook"});
    let first = keyed("POST", WEBHOOKS, "create", &body).await;
    let again = keyed("POST", WEBHOOKS, "create", &body).await;
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
    let (first, again) = (first.ok(201), again.ok(201));
    assert_eq!((&first["webhook_id"], &first["secret"]), (&again["webhook_id"], &again["secret"]));
    let other = json!({"url": "http://127.0.0.1:9/other"});
    keyed("POST", WEBHOOKS, "create", &other).await.problem(422, "idempotency_key_reused");
    let next = keyed("POST", WEBHOOKS, "create 2", &body).await.ok(201);
    assert_ne!((&first["webhook_id"], &first["secret"]), (&next["webhook_id"], &next["secret"]));

    let rotate = json!({"rotate_secret": true});
    let rotated = keyed("PATCH", &path(&first), "rotate", &rotate).await.ok(200);
    let again = keyed("PATCH", &path(&first), "rotate", &rotate).await.ok(200);
    assert_eq!((&rotated["secret"], &rotated["version"]), (&again["secret"], &json!(2)));
    assert_ne!(rotated["secret"], first["secret"]);
    assert!(rotated["previous_secret_until"].is_string());
    let without_key = operator.patch(&path(&first), rotate).await.ok(200);
    assert_ne!(without_key["secret"], rotated["secret"]);
    assert!(!server.log().contains("whsec_"), "no secret is logged");
}

#[tokio::test]
async fn a_test_tells_what_the_receiver_has_answered_even_if_the_webhook_is_paused() {
    let server = server().await;
    let operator = server.operator();
    let mut receiver = Receiver::start();
    let webhook = creates(&operator, json!({"url": receiver.url()})).await;
    operator.patch(&path(&webhook), json!({"state": "paused"})).await.ok(200);
    let test = format!("{}/test", path(&webhook));
    let result = operator.posts(&test).await.ok(200);
    assert_eq!((&result["delivered"], &result["status"], result.get("error")), (&json!(true), &json!(204), None));
    let received = receiver.received().remove(0).value();
    assert_eq!((&received["type"], &received["webhook_id"]), (&json!("webhook.test"), &webhook["webhook_id"]));
    receiver.replies(|_| Reply::Status(500, ""));
    let result = operator.posts(&test).await.ok(200);
    assert_eq!((&result["delivered"], &result["status"]), (&json!(false), &json!(500)));
    receiver.kill();
    let result = operator.posts(&test).await.ok(200);
    assert_eq!((&result["delivered"], result.get("status")), (&json!(false), None));
    assert!(result["error"].is_string() && result["duration_ms"].is_u64(), "{result}");
}

#[tokio::test]
async fn a_replay_delivers_again_what_is_after_the_cursor_and_the_attempts_are_listed_newest_first() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    let webhook = creates(&operator, json!({"url": receiver.url()})).await;
    let group = ada.creates("Team", &[]).await;
    ada.renames(&group, "Crew").await.group(200);
    receiver.accepts_versions(&group, [1, 2]).await;
    let first = receiver.received()[0].value();
    // Progress that is stored after the replay would be refused, and its attempts with it.
    let deliveries = format!("{}/deliveries", path(&webhook));
    let listed = async || operator.get(&deliveries).await.ok(200)["deliveries"].as_array().unwrap().len();
    until("both attempts are stored", async || listed().await == 2).await;
    operator.patch(&path(&webhook), json!({"state": "paused"})).await.ok(200);
    let replay = format!("{}/replay", path(&webhook));
    let replayed = operator.post(&replay, json!({"after": first["cursor"]})).await.ok(200);
    assert_eq!((&replayed["state"], &replayed["version"]), (&json!("active"), &json!(3)));
    until("the second change is delivered again", async || {
        receiver.received().iter().filter(|message| message.id() == format!("{group}.2")).count() == 2
    })
    .await;
    assert_eq!(receiver.received().iter().filter(|message| message.id() == format!("{group}.1")).count(), 1);

    until("all attempts are listed", async || listed().await == 3).await;
    let page = operator.get(&format!("{deliveries}?limit=2")).await.ok(200);
    let next = page["next"].as_str().unwrap();
    let last = operator.get(&format!("{deliveries}?limit=2&after={next}")).await.ok(200);
    assert_eq!(last["next"], Value::Null);
    let attempts = [&page, &last].into_iter().flat_map(|page| page["deliveries"].as_array().unwrap());
    let ids: Vec<_> = attempts.map(|attempt| attempt["message_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [2, 2, 1].map(|version| format!("{group}.{version}")));
    let attempt = &page["deliveries"][0];
    assert_eq!((&attempt["type"], &attempt["attempt"]), (&json!("group.settings_changed"), &json!(1)));
    assert_eq!((&attempt["status"], attempt.get("error")), (&json!(204), None));
    operator.post(&replay, json!({"after": "nonsense"})).await.problem(400, "malformed_request");
    operator.get(&format!("{deliveries}?after=x")).await.problem(400, "malformed_request");
}
