//! `GET /v1/events`: clients that use no WebSocket.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Balancer, Heard, Road, SECRET, Server, User, View, claims, seconds_from_now, signed, within};

const STREAM: &str = "text/event-stream";

fn cursor(document: &Value) -> String {
    document["cursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_document_has_the_list_and_then_what_was_missed() {
    let server = Server::start().await;
    let (ada, bob, eve) = (server.user(), server.user(), server.user());
    let team = ada.creates("Team", &[&bob]).await;
    let invited = eve.creates("Elsewhere", &[]).await;
    eve.post(&format!("/v1/groups/{invited}/invitations"), json!({"user_id": bob.id})).await.ok(201);
    let list = bob.get("/v1/events").await;
    assert_eq!(list.header("cache-control"), Some("no-store"));
    let list = list.ok(200);
    assert_eq!((&list["resumed"], &list["groups"][0]["group_id"]), (&json!(false), &json!(team)));
    assert_eq!(list["invitations"][0]["group"]["group_id"], invited.as_str());
    assert_eq!((&list["requests"], &list["events"]), (&json!([]), &json!([])));

    ada.renames(&team, "Renamed").await.group(200);
    eve.renames(&invited, "None of his business").await.group(200);
    let missed = bob.get(&format!("/v1/events?cursor={}&wait=30", cursor(&list))).await.ok(200);
    assert_eq!((&missed["resumed"], missed.get("groups")), (&json!(true), None));
    assert_eq!(missed["events"].as_array().unwrap().len(), 1);
    let again = bob.get(&format!("/v1/events?cursor={}", cursor(&missed))).await.ok(200);
    assert_eq!((&again["events"], &again["resumed"]), (&json!([]), &json!(true)));
}

#[tokio::test]
async fn a_client_that_asks_again_is_told_at_once() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let list = bob.get("/v1/events").await.ok(200);
    let path = format!("/v1/events?wait=30&cursor={}", cursor(&list));
    let began = Instant::now();
    let (told, _) = tokio::join!(bob.get(&path), async {
        server.until_connected(1).await;
        ada.creates("Team", &[&bob]).await
    });
    assert_eq!(told.ok(200)["events"][0]["type"], "added_to_group");
    assert!(began.elapsed() < Duration::from_secs(20), "it does not wait for the end of `wait`");
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_does_not_count_any_more() {
    let server = Server::with(&[("GROUPS_MAX_CONNECTIONS_PER_USER", "1")]).await;
    let bob = server.user();
    let list = bob.get("/v1/events").await.ok(200);
    let path = format!("/v1/events?wait=30&cursor={}", cursor(&list));
    server.until_connected(0).await;
    for _ in 0..3 {
        tokio::select! {
            answer = bob.get(&path) => panic!("there is nothing to tell: {}", answer.text()),
            () = server.until_connected(1) => {}
        }
        server.until_connected(0).await;
    }
}

#[tokio::test]
async fn every_road_tells_the_same_events_in_the_same_order() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let mut views = Vec::new();
    for road in Road::ALL {
        let mut view = View::of(&bob.id);
        view.begin();
        let mut socket = bob.dial().over(road, &bob.id).open().await;
        socket.read_opening().await;
        view.take_all(&socket.opening);
        views.push((road, socket, view));
    }
    let team = ada.creates("Team", &[&bob]).await;
    for number in 0..50 {
        ada.renames(&team, &format!("Name {number}")).await.group(200);
    }
    ada.removes(&team, &bob).await.no_content();
    let mut told = Vec::new();
    for (road, mut socket, mut view) in views {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["type"] != "removed_from_group") {
            let mut event = socket.message().await;
            view.take(&event);
            // The cursors of one position may differ.
            event.as_object_mut().unwrap().remove("cursor");
            events.push(event);
        }
        assert_eq!(events.len(), 52, "over {road:?}");
        told.push(events);
    }
    assert!(told.iter().all(|events| *events == told[0]));
}

#[tokio::test]
async fn the_last_event_of_the_header_takes_precedence_over_the_cursor_of_the_url() {
    let server = Server::start().await;
    let ada = server.user();
    let before = cursor(&ada.get("/v1/events").await.ok(200));
    let group = ada.creates("Team", &[]).await;
    let after = cursor(&ada.get("/v1/events").await.ok(200));
    ada.renames(&group, "Renamed").await.group(200);
    let path = format!("/v1/events?cursor={before}");
    let versions = |document: Value| -> Vec<Value> {
        document["events"].as_array().unwrap().iter().map(|event| event["version"].clone()).collect()
    };
    let by_header = ada.call("GET", &path).header("Last-Event-ID", &after).send().await.ok(200);
    assert_eq!(versions(by_header), [2]);
    let empty = ada.call("GET", &path).header("Last-Event-ID", "").send().await.ok(200);
    assert_eq!(versions(empty), [1, 2]);
}

#[tokio::test]
async fn requests_that_cannot_be_answered_get_a_problem() {
    let server = Server::with(&[("GROUPS_MAX_CONNECTIONS_PER_USER", "2")]).await;
    let ada = server.user();
    for accept in [STREAM, "application/json"] {
        server.http().call("GET", "/v1/events").header("Accept", accept).send().await.problem(401, "unauthenticated");
        let by_url = format!("/v1/events?token={0}&access_token={0}", ada.token);
        server.http().call("GET", &by_url).header("Accept", accept).send().await.problem(401, "unauthenticated");
        for wait in ["soon", "-1", "1.5", ""] {
            let path = format!("/v1/events?wait={wait}");
            ada.call("GET", &path).header("Accept", accept).send().await.problem(400, "malformed_request");
        }
    }
    ada.call("POST", "/v1/events").send().await.problem(405, "method_not_allowed");
    let head = ada.call("HEAD", "/v1/events").header("Accept", STREAM).send().await;
    assert_eq!((head.status, head.header("content-type")), (200, Some(STREAM)));
    let streams = [ada.dial().over(Road::EventStream, &ada.id).open().await, ada.connects().await];
    for accept in [STREAM, "application/json"] {
        let refused = ada.call("GET", "/v1/events").header("Accept", accept).send().await;
        refused.problem(429, "rate_limited");
        assert!(refused.header("retry-after").is_some());
    }
    drop(streams);
    server.until_connected(0).await;
    ada.get("/v1/events").await.ok(200);
}

#[tokio::test]
async fn a_token_that_only_allows_reading_is_enough() {
    let server = Server::start().await;
    let id = crate::support::new_id();
    let mut all = claims(&id);
    all["scope"] = json!("groups:read");
    let reader = server.user_with(id, signed(SECRET, &all));
    reader.get("/v1/events").await.ok(200);
    reader.dial().over(Road::EventStream, &reader.id).open().await.read_opening().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let server = Server::start().await;
    let id = crate::support::new_id();
    let mut all = claims(&id);
    all["exp"] = json!(seconds_from_now(3));
    let bob = server.user_with(id, signed(SECRET, &all));
    let mut stream = bob.dial().over(Road::EventStream, &bob.id).open().await;
    stream.read_opening().await;
    stream.expect("token_expiring").await;
    let (code, reason) = stream.goodbye().await;
    assert_eq!((code, reason.as_str()), (4003, "token expired"));
}

#[tokio::test]
async fn a_server_that_stops_ends_streams_and_waits() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let mut stream = ada.dial().over(Road::EventStream, &ada.id).open().await;
    stream.read_opening().await;
    let list = bob.get("/v1/events").await.ok(200);
    let path = format!("/v1/events?wait=30&cursor={}", cursor(&list));
    let stops = async {
        server.until_connected(2).await;
        server.terminate();
        let (code, reason) = stream.goodbye().await;
        assert_eq!((code, reason.as_str()), (1012, r#"{"retry_ms":[1000,15000]}"#));
    };
    let (answer, ()) = tokio::join!(bob.get(&path), stops);
    assert_eq!(answer.ok(200)["events"], json!([]));
    assert!(server.ended().await.0.success());
}

#[tokio::test]
async fn an_operator_ends_the_stream_of_a_user() {
    let server = Server::start().await;
    let bob = server.user();
    let mut stream = bob.dial().over(Road::EventStream, &bob.id).open().await;
    stream.read_opening().await;
    server.operator().posts(&format!("/v1/admin/users/{}/disconnect", bob.id)).await.no_content();
    assert_eq!(stream.goodbye().await.0, 4500);
}

/// Two users who cannot use WebSockets through this proxy.
async fn assert_served(server: &Server, proxy: &Balancer) {
    let (ada, bob) = (server.user().at(proxy.http()), server.user().at(proxy.http()));
    bob.dial().refused().await;
    for road in [Road::EventStream, Road::Polling] {
        let mut socket = bob.dial().over(road, &bob.id).open().await;
        socket.read_opening().await;
        let group = ada.creates("Team", &[&bob]).await;
        let told = within("the event", socket.hear()).await;
        let Heard::Message(told) = told else { panic!("{told:?} over {road:?}") };
        assert_eq!((&told["type"], &told["group_id"]), (&json!("added_to_group"), &json!(group)), "over {road:?}");
    }
}

#[tokio::test]
async fn nginx_with_its_defaults_passes_events_on_at_once_where_upgrades_are_blocked() {
    let server = Server::start().await;
    let Some(proxy) = Balancer::nginx_without_upgrades(&[server.address()]).await else { return };
    assert_served(&server, &proxy).await;
}

#[tokio::test]
async fn haproxy_with_its_defaults_passes_events_on_at_once_where_upgrades_are_blocked() {
    let server = Server::start().await;
    let Some(proxy) = Balancer::haproxy_without_upgrades(&[server.address()]).await else { return };
    assert_served(&server, &proxy).await;
}

#[tokio::test]
async fn nginx_with_a_short_timeout_keeps_a_silent_stream() {
    let server = Server::with(&[("GROUPS_HEARTBEAT_SECONDS", "1")]).await;
    let Some(proxy) = Balancer::nginx_with_a_short_timeout(&[server.address()]).await else { return };
    let bob: User = server.user().at(proxy.http());
    let mut stream = bob.dial().over(Road::EventStream, &bob.id).open().await;
    stream.read_opening().await;
    // The proxy ends connections that are silent for 3 seconds.
    let silent = tokio::time::timeout(Duration::from_secs(5), stream.hear()).await;
    assert!(silent.is_err(), "{silent:?}");
}
