//! What a client has missed, in one answer.

use std::time::{Duration, Instant};

use groups_domain::{Command, NewMember, UserId};
use notify::{Drain, HubLimits};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::server::{Server, Step, patient};
use crate::world::{ADA, BOB, EVE, group};

/// Longer than any test.
const LONG: &str = "&wait_ms=60000";

/// The same after the first change.
const LONG_AFTER_1: &str = "&cursor=c1&wait_ms=60000";

async fn ask(server: &Server, user: UserId, more: &str) -> Answer {
    let stream = TcpStream::connect(server.address).await.unwrap();
    Answer::get(stream, &format!("/missed?user={user}{more}")).await
}

async fn document(server: &Server, user: UserId, more: &str) -> Value {
    let answer = ask(server, user, more).await;
    assert_eq!(answer.status, 200);
    assert!(answer.has("content-type: application/json"));
    serde_json::from_str(&answer.text().await).unwrap()
}

fn versions(document: &Value) -> Vec<u64> {
    document["events"].as_array().unwrap().iter().map(|event| event["version"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn without_a_cursor_the_answer_is_the_whole_list_at_once() {
    let server = Server::start(HubLimits { snapshot_groups_max: 2, ..patient() });
    for number in 1..=5 {
        server.world().create(group(number), BOB, &[]);
    }
    for more in ["", "&cursor=theirs", LONG] {
        let document = document(&server, BOB, more).await;
        let ids: Vec<&Value> = document["groups"].as_array().unwrap().iter().map(|group| &group["group_id"]).collect();
        assert_eq!(ids, [5, 4, 3, 2, 1].map(|number| json!(group(number))).iter().collect::<Vec<_>>());
        assert_eq!(document["groups"][0]["role"], "owner");
        let rest = ["resumed", "invitations", "requests", "events", "cursor"].map(|name| document[name].clone());
        assert_eq!(rest, [json!(false), json!([]), json!([]), json!([]), json!("c5")]);
    }
    server.until(|hub| hub.connections() == 0).await;
}

#[tokio::test]
async fn a_user_without_groups_gets_an_empty_list() {
    let server = Server::start(patient());
    let document = document(&server, BOB, "").await;
    let expected = json!({
        "user_id": BOB, "resumed": false, "groups": [], "invitations": [], "requests": [], "events": [], "cursor": document["cursor"],
    });
    assert_eq!(document, expected);
}

#[tokio::test]
async fn with_a_cursor_the_answer_has_what_was_missed() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    server.world().rename(group(1), ADA, "Missed");
    server.world().create(group(2), ADA, &[]);
    server.world().execute(group(1), ADA, Command::RemoveMember { user_id: BOB });
    server.world().rename(group(1), ADA, "None of Bob's business");
    let document = document(&server, BOB, LONG_AFTER_1).await;
    assert_eq!((&document["resumed"], versions(&document)), (&json!(true), vec![2, 3]));
    assert_eq!(document["events"][1]["type"], "removed_from_group");
    assert!(document.get("groups").is_none());
}

#[tokio::test]
async fn if_nothing_was_missed_the_answer_waits_for_something() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let asked = document(&server, BOB, LONG_AFTER_1);
    let happens = async {
        server.until(|hub| hub.connections() == 1 && hub.stats().frames_sent >= 2).await;
        server.hub.user_types(group(1), ADA, true);
        server.happen(|world| world.create(group(2), EVE, &[])).await;
        server.happen(|world| world.rename(group(1), ADA, "At last")).await;
    };
    let (document, ()) = tokio::join!(asked, happens);
    assert_eq!(versions(&document), [2], "neither typing nor the groups of others end the wait");
    assert_eq!(document["cursor"], document["events"][0]["cursor"]);
}

#[tokio::test]
async fn if_nothing_happens_the_answer_is_empty_after_the_wait() {
    let server = Server::start(HubLimits { heartbeat: Duration::from_millis(20), ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let began = Instant::now();
    let document = document(&server, BOB, "&cursor=c1&wait_ms=200").await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(document, json!({"user_id": BOB, "resumed": true, "events": [], "cursor": "c1"}));
}

#[tokio::test]
async fn asking_again_and_again_loses_and_repeats_nothing() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let changes = async {
        for number in 0..100 {
            server.happen(|world| world.rename(group(1), ADA, &format!("Name {number}"))).await;
        }
        server.happen(|world| world.execute(group(1), ADA, Command::DeleteGroup)).await;
    };
    let polls = async {
        let (mut cursor, mut seen) = ("c1".to_owned(), Vec::new());
        while seen.last() != Some(&102) {
            let document = document(&server, BOB, &format!("&cursor={cursor}{LONG}")).await;
            assert_eq!(document["resumed"], true);
            seen.extend(versions(&document));
            cursor = document["cursor"].as_str().unwrap().to_owned();
        }
        seen
    };
    let ((), seen) = tokio::join!(changes, polls);
    assert_eq!(seen, (2..=102).collect::<Vec<u64>>());
}

#[tokio::test]
async fn changes_made_while_the_list_is_read_are_in_the_answer() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[]);
    let (called, go) = server.read_then_wait();
    let asked = document(&server, BOB, "");
    let happens = async {
        called.await.unwrap();
        server.happen(|world| world.execute(group(1), ADA, Command::AddMember(NewMember::plain(BOB)))).await;
        go.send(()).unwrap();
    };
    let (document, ()) = tokio::join!(asked, happens);
    assert_eq!(document["groups"], json!([]));
    assert_eq!((versions(&document), &document["cursor"]), (vec![2], &document["events"][0]["cursor"]));
}

#[tokio::test]
async fn a_drain_and_the_end_of_the_token_end_the_wait() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let expired = document(&server, BOB, &format!("&cursor=c1&expires_ms=100{LONG}")).await;
    assert_eq!(expired["events"], json!([]));
    let asked = document(&server, BOB, LONG_AFTER_1);
    let drains = async {
        server.until(|hub| hub.connections() == 1 && hub.stats().frames_sent >= 5).await;
        server.hub.drain(Drain { spread: Duration::ZERO, ..Drain::default() }).await;
    };
    let (drained, ()) = tokio::join!(asked, drains);
    assert_eq!(drained, json!({"user_id": BOB, "resumed": true, "events": [], "cursor": "c1"}));
    assert_eq!(ask(&server, BOB, "").await.status, 503);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_an_error() {
    let server = Server::start(patient());
    server.script(Step::Fail);
    assert_eq!(ask(&server, BOB, "").await.status, 503);
    assert_eq!(document(&server, BOB, "").await["groups"], json!([]));
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_is_forgotten_after_the_wait() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    {
        let mut asked = std::pin::pin!(ask(&server, BOB, "&cursor=c1&wait_ms=500"));
        assert!(futures_util::poll!(&mut asked).is_pending());
        tokio::select! {
            _ = &mut asked => panic!("there is nothing to answer"),
            () = server.until(|hub| hub.connections() == 1) => {}
        }
    }
    server.until(|hub| hub.connections() == 0).await;
}
