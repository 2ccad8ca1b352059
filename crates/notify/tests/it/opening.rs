//! The initial state of a client, and races with its first read.

use std::time::Duration;

use groups_domain::Command;
use notify::HubLimits;
use serde_json::json;

use crate::client::{Client, types};
use crate::server::{Server, Step, patient};
use crate::world::{ADA, BOB, group};

const RETRY: &str = r#"{"retry_ms":[500,5000]}"#;

#[tokio::test]
async fn changes_included_in_the_list_are_not_sent_again() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (called, go) = server.wait_then_read();
    let mut bob = Client::connect(&server, BOB, "").await;
    called.await.unwrap();
    server.happen(|world| world.rename(group(1), ADA, "Seen by the read")).await;
    go.send(()).unwrap();
    let opening = bob.until("ready").await;
    assert_eq!(opening[1]["groups"][0]["name"], "Seen by the read");
    assert_eq!(types(&bob.so_far(&server).await), [""; 0]);
}

#[tokio::test]
async fn changes_made_while_the_list_is_sent_follow_ready() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (called, go) = server.read_then_wait();
    let mut bob = Client::connect(&server, BOB, "").await;
    called.await.unwrap();
    server.happen(|world| world.rename(group(1), ADA, "After the read")).await;
    server.happen(|world| world.create(group(2), BOB, &[])).await;
    go.send(()).unwrap();
    let opening = bob.until("ready").await;
    assert_eq!(opening[1]["groups"][0]["version"], 1);
    let told = [bob.next().await, bob.next().await];
    assert_eq!(types(&told), ["group_updated", "group_created"]);
    assert_eq!(types(&bob.so_far(&server).await), [""; 0]);
}

#[tokio::test]
async fn a_delivery_older_than_the_read_is_skipped() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let late = server.world().rename(group(1), ADA, "Read before it is delivered");
    let (mut bob, opening) = Client::ready(&server, BOB).await;
    assert_eq!(opening[1]["groups"][0]["version"], 2);
    server.happen(|_| late).await;
    server.happen(|world| world.rename(group(1), ADA, "Next")).await;
    assert_eq!(bob.next().await["version"], 3);
}

#[tokio::test]
async fn a_second_device_loads_while_the_first_is_live() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut phone, _) = Client::ready(&server, BOB).await;
    let (called, go) = server.read_then_wait();
    let mut laptop = Client::connect(&server, BOB, "").await;
    called.await.unwrap();
    let out = Command::RemoveMember { user_id: BOB };
    server.happen(|world| world.execute(group(1), ADA, out)).await;
    assert_eq!(phone.next().await["type"], "removed_from_group");
    go.send(()).unwrap();
    laptop.until("ready").await;
    assert_eq!(laptop.next().await["type"], "removed_from_group");
    server.happen(|world| world.rename(group(1), ADA, "None of Bob's business")).await;
    assert_eq!(types(&phone.so_far(&server).await), [""; 0]);
    assert_eq!(types(&laptop.so_far(&server).await), [""; 0]);
}

#[tokio::test]
async fn a_long_list_is_sent_in_pieces() {
    let server = Server::start(HubLimits { snapshot_groups_max: 2, ..patient() });
    for number in 1..=5 {
        server.world().create(group(number), BOB, &[]);
    }
    let (_bob, opening) = Client::ready(&server, BOB).await;
    assert_eq!(types(&opening), ["welcome", "snapshot", "snapshot", "snapshot", "ready"]);
    let sizes: Vec<usize> = opening[1..4].iter().map(|piece| piece["groups"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let more: Vec<_> = opening[1..4].iter().map(|piece| &piece["more"]).collect();
    assert_eq!(more, [true, true, false]);
    // A client that has not received the whole list must not resume after it.
    let cursors: Vec<_> = opening[1..5].iter().map(|message| &message["cursor"]).collect();
    assert_eq!(cursors, ["0", "0", "c5", "c5"]);
}

#[tokio::test]
async fn pieces_are_limited_in_bytes_and_contain_at_least_one_group() {
    for (snapshot_bytes_max, expected) in [(1, vec![1; 5]), (1_600, vec![2, 2, 1]), (1_000_000, vec![5])] {
        let server = Server::start(HubLimits { snapshot_bytes_max, ..patient() });
        for number in 1..=5 {
            server.world().create(group(number), BOB, &[]);
            server.world().rename(group(number), BOB, &"🦀".repeat(100));
        }
        let (_bob, opening) = Client::ready(&server, BOB).await;
        let pieces = opening.iter().filter(|message| message["type"] == "snapshot");
        let sizes: Vec<usize> = pieces.map(|piece| piece["groups"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, expected);
    }
}

#[tokio::test]
async fn a_list_of_a_thousand_groups_arrives_whole() {
    let server = Server::start(patient());
    for number in 1..=1_000 {
        server.world().create(group(number), BOB, &[]);
    }
    let (_bob, opening) = Client::ready(&server, BOB).await;
    let sizes: Vec<usize> = opening[1..3].iter().map(|piece| piece["groups"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [500, 500]);
}

#[tokio::test]
async fn a_client_that_resumes_receives_what_it_missed_and_then_live_events() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    server.world().rename(group(1), ADA, "Missed");
    server.world().create(group(2), ADA, &[]);
    let (mut bob, opening) = Client::resume(&server, BOB, "c1").await;
    assert_eq!(types(&opening), ["welcome", "group_updated", "ready"]);
    assert_eq!((&opening[0]["resumed"], &opening[1]["cursor"]), (&json!(true), &json!("c2")));
    server.happen(|world| world.rename(group(1), ADA, "New")).await;
    assert_eq!(bob.next().await["version"], 3);
}

#[tokio::test]
async fn an_invalid_cursor_is_treated_like_none() {
    let server = Server::start(patient());
    let (_bob, opening) = Client::resume(&server, BOB, "theirs").await;
    assert_eq!(types(&opening), ["welcome", "snapshot", "ready"]);
}

#[tokio::test]
async fn a_client_whose_list_cannot_be_read_is_closed_with_1012() {
    let server = Server::start(HubLimits { open_timeout: Duration::from_millis(20), ..patient() });
    // Kept, so that the third read waits indefinitely.
    let (_called, _go) = {
        server.script(Step::Fail);
        server.script(Step::Panic);
        server.wait_then_read()
    };
    for failure in ["fails", "panics", "takes too long"] {
        let closed = Client::connect(&server, BOB, "").await.closed().await;
        assert_eq!((closed.code, closed.reason.as_str()), (1012, RETRY), "the read {failure}");
    }
    assert_eq!(server.hub.stats().open_failures, 3);
    Client::ready(&server, BOB).await;
}

#[tokio::test]
async fn a_client_that_loads_longer_than_the_journal_holds_is_closed_with_1012() {
    let server = Server::start(HubLimits { journal_changes_max: 3, ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let (called, go) = server.read_then_wait();
    let mut bob = Client::connect(&server, BOB, "").await;
    called.await.unwrap();
    for number in 0..4 {
        server.happen(|world| world.rename(group(1), ADA, &format!("Name {number}"))).await;
    }
    let closed = bob.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (1012, RETRY));
    assert_eq!(server.hub.stats().journal_overflows, 1);
    go.send(()).ok();
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.happen(|world| world.rename(group(1), ADA, "Again")).await;
    assert_eq!(bob.next().await["version"], 6);
}

#[tokio::test]
async fn a_client_that_loads_while_the_journal_overflows_in_bytes_is_closed_with_1012() {
    // Two short changes with one frame each take at least 1,792 bytes each, so only one fits.
    let server = Server::start(HubLimits { journal_bytes_max: 3_000, ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let (called, _go) = server.read_then_wait();
    let mut bob = Client::connect(&server, BOB, "").await;
    called.await.unwrap();
    server.happen(|world| world.rename(group(1), ADA, "Fits")).await;
    assert_eq!(server.hub.stats().journal_overflows, 0);
    server.happen(|world| world.rename(group(1), ADA, "Does not")).await;
    let closed = bob.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (1012, RETRY));
    assert_eq!(server.hub.stats().journal_overflows, 1);
}

#[tokio::test]
async fn initial_reads_beyond_the_limit_wait_for_their_turn() {
    let server = Server::start(HubLimits { opens_max: 1, ..patient() });
    let (called, go) = server.wait_then_read();
    let mut ada = Client::connect(&server, ADA, "").await;
    called.await.unwrap();
    let mut bob = Client::connect(&server, BOB, "").await;
    server.happen(|world| world.create(group(1), ADA, &[BOB])).await;
    go.send(()).unwrap();
    assert_eq!(ada.until("ready").await.len(), 3);
    let opening = bob.until("ready").await;
    assert_eq!(opening[1]["groups"][0]["version"], 1);
    assert_eq!(types(&bob.so_far(&server).await), [""; 0]);
}

#[tokio::test]
async fn clients_of_one_user_wait_behind_each_other_and_delay_nobody_else() {
    let server = Server::start(HubLimits { opens_per_user_max: 1, ..patient() });
    let (called, go) = server.wait_then_read();
    let mut first = Client::connect(&server, BOB, "").await;
    called.await.unwrap();
    let mut second = Client::connect(&server, BOB, "").await;
    Client::ready(&server, ADA).await;
    let waits = tokio::time::timeout(Duration::from_millis(100), second.next()).await;
    assert!(waits.is_err(), "the second client of one user waits for the first: {waits:?}");
    go.send(()).unwrap();
    first.until("ready").await;
    second.until("ready").await;
}
