//! Which events each client receives, and in which order.

use std::collections::BTreeMap;

use groups_domain::{Command, NewMember, Role};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::{Client, types};
use crate::server::{Server, patient};
use crate::world::{ADA, BOB, EVE, group};

#[tokio::test]
async fn a_client_receives_welcome_its_list_and_ready() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (_client, opening) = Client::ready(&server, BOB).await;
    assert_eq!(types(&opening), ["welcome", "snapshot", "ready"]);
    assert_eq!(opening[0]["resumed"], false);
    assert_eq!(opening[0]["user_id"], json!(BOB));
    assert_eq!(opening[1]["groups"][0]["role"], "member");
    assert_eq!(opening[1]["more"], false);
    assert_eq!(opening[2]["cursor"], "c1");
}

#[tokio::test]
async fn a_new_member_and_the_other_members_receive_events_and_outsiders_do_not() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let (mut eve, _) = Client::ready(&server, EVE).await;
    server.happen(|world| world.execute(group(1), ADA, Command::AddMember(NewMember::plain(BOB)))).await;
    let told = bob.next().await;
    assert_eq!((&told["type"], &told["version"]), (&json!("added_to_group"), &json!(2)));
    let told = ada.next().await;
    assert_eq!((&told["type"], &told["action"]), (&json!("group_updated"), &json!("member_added")));
    server.happen(|world| world.rename(group(1), ADA, "Ours")).await;
    assert_eq!(bob.next().await["version"], 3, "a new member receives later events");
    assert!(eve.so_far(&server).await.is_empty());
}

#[tokio::test]
async fn a_removed_member_receives_the_removal_and_nothing_later() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.happen(|world| world.execute(group(1), ADA, Command::RemoveMember { user_id: BOB })).await;
    server.happen(|world| world.rename(group(1), ADA, "Among ourselves")).await;
    assert_eq!(types(&bob.so_far(&server).await), ["removed_from_group"]);
    assert_eq!(types(&ada.so_far(&server).await), ["group_updated", "group_updated"]);
    server.happen(|world| world.execute(group(1), ADA, Command::AddMember(NewMember::plain(BOB)))).await;
    assert_eq!(bob.next().await["version"], 4, "a user who is added again is a new member");
}

#[tokio::test]
async fn when_an_owner_leaves_each_member_receives_the_event_for_their_role() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB, EVE]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let (mut eve, _) = Client::ready(&server, EVE).await;
    server.happen(|world| world.execute(group(1), ADA, Command::Leave { successor: Some(BOB) })).await;
    let told = ada.next().await;
    assert_eq!((&told["type"], &told["reason"]), (&json!("removed_from_group"), &json!("left")));
    let told = bob.next().await;
    assert_eq!((&told["type"], &told["role"]), (&json!("role_changed"), &json!("owner")));
    let told = eve.next().await;
    assert_eq!((&told["action"], &told["new_owner_id"]), (&json!("member_left"), &json!(BOB)));
}

#[tokio::test]
async fn all_members_receive_the_deletion_of_a_group() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.happen(|world| world.execute(group(1), ADA, Command::DeleteGroup)).await;
    for client in [&mut ada, &mut bob] {
        let told = client.next().await;
        assert_eq!((&told["type"], &told["version"]), (&json!("group_deleted"), &json!(2)));
        client.say(json!({"type": "typing", "group_id": group(1), "typing": true})).await;
        assert_eq!(client.next().await["code"], "group_not_found");
    }
}

#[tokio::test]
async fn every_event_has_a_cursor_from_which_a_client_resumes_without_a_gap() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.happen(|world| world.rename(group(1), ADA, "One")).await;
    let cursor = bob.next().await["cursor"].as_str().unwrap().to_owned();
    drop(bob);
    server.happen(|world| world.rename(group(1), ADA, "Two")).await;
    let (mut bob, opening) = Client::resume(&server, BOB, &cursor).await;
    assert_eq!(opening[1]["version"], 3);
    server.happen(|world| world.rename(group(1), ADA, "Three")).await;
    assert_eq!(bob.next().await["version"], 4);
}

/// Applies a message like a client of the contract: `version == known + 1`, and the event's group
/// replaces the known one.
fn fold(list: &mut BTreeMap<String, Value>, message: &Value) {
    let id = message["group_id"].as_str().unwrap_or_default().to_owned();
    match message["type"].as_str().unwrap() {
        "snapshot" => {
            for group in message["groups"].as_array().unwrap() {
                list.insert(group["group_id"].as_str().unwrap().to_owned(), group.clone());
            }
        }
        "group_deleted" | "removed_from_group" => {
            list.remove(&id);
        }
        "group_created" | "added_to_group" | "group_updated" | "role_changed" => {
            let known = list.remove(&id);
            if let Some(known) = &known {
                assert_eq!(message["version"], known["version"].as_u64().unwrap() + 1, "no gap and nothing twice");
            }
            let mut group = message["group"].clone();
            // A `group_updated` reports another member's role, so the own role is unchanged.
            group["role"] = match message["type"].as_str() {
                Some("group_updated") => known.unwrap()["role"].clone(),
                _ => message["role"].clone(),
            };
            list.insert(id, group);
        }
        _ => {}
    }
}

#[tokio::test]
async fn a_list_folded_from_events_equals_a_new_snapshot() {
    let server = Server::with_workers(patient(), 2);
    server.world().create(group(1), ADA, &[BOB, EVE]);
    let mut clients = Vec::new();
    for who in [ADA, BOB, BOB, EVE] {
        let (client, opening) = Client::ready(&server, who).await;
        let mut list = BTreeMap::new();
        opening.iter().for_each(|message| fold(&mut list, message));
        clients.push((who, client, list));
    }
    let role = |user_id, role| Command::ChangeRole { user_id, role };
    let add = |user_id| Command::AddMember(NewMember::plain(user_id));
    for (number, actor, command) in [
        (1, ADA, role(BOB, Role::Admin)),
        (2, BOB, Command::create("Bob's own", "and Eve's").unwrap()),
        (2, BOB, add(EVE)),
        (1, BOB, Command::RemoveMember { user_id: EVE }),
        (2, BOB, role(EVE, Role::Owner)),
        (1, ADA, role(BOB, Role::Owner)),
        (1, BOB, add(EVE)),
        (3, EVE, Command::create("Short-lived", "").unwrap()),
        (3, EVE, Command::AddMembers([ADA, BOB].map(NewMember::plain).to_vec())),
        (2, BOB, Command::Leave { successor: None }),
        (3, EVE, Command::DeleteGroup),
        (1, BOB, Command::Leave { successor: Some(EVE) }),
    ] {
        server.happen(|world| world.execute(group(number), actor, command)).await;
    }
    for (who, mut client, mut list) in clients {
        client.settled(&server).await.iter().for_each(|message| fold(&mut list, message));
        let (_fresh, opening) = Client::ready(&server, who).await;
        let mut fresh = BTreeMap::new();
        opening.iter().for_each(|message| fold(&mut fresh, message));
        assert_eq!(list, fresh, "the list of {who}");
    }
}

#[tokio::test]
async fn the_traffic_of_a_change_is_reported_by_group_in_bytes() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (seen, mut traffic) = mpsc::unbounded_channel();
    server.hub.observe_traffic(move |group_id, sent| seen.send((group_id, sent)).unwrap());
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    server.happen(|world| world.rename(group(1), ADA, "Done")).await;
    let told = [ada.until("group_updated").await, bob.until("group_updated").await].concat();
    let (group_id, sent) = traffic.recv().await.unwrap();
    assert_eq!((group_id, sent.connections), (group(1), 2));
    // Each with the four-byte header of a frame of this length.
    let bytes: usize = told.iter().map(|event| event.to_string().len() + 4).sum();
    assert_eq!(sent.bytes, bytes);
    // Changes without connected recipients are not reported.
    server.happen(|world| world.create(group(2), EVE, &[])).await;
    server.happen(|world| world.rename(group(1), ADA, "Again")).await;
    assert_eq!(traffic.recv().await.unwrap().0, group(1));
}
