//! Typing indicators.

use std::time::Duration;

use groups_domain::{Command, GroupId};
use notify::HubLimits;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::{Client, types};
use crate::server::{Server, patient};
use crate::world::{ADA, BOB, EVE, group};

fn typing(group_id: GroupId, typing: bool) -> Value {
    json!({"type": "typing", "group_id": group_id, "typing": typing})
}

#[tokio::test]
async fn typing_is_sent_to_the_other_members_on_every_worker_and_to_nobody_else() {
    let server = Server::with_workers(patient(), 2);
    server.world().create(group(1), ADA, &[BOB]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut tablet, _) = Client::ready(&server, ADA).await;
    let mut devices = Vec::new();
    for _ in 0..4 {
        devices.push(Client::ready(&server, BOB).await.0);
    }
    let (mut eve, _) = Client::ready(&server, EVE).await;
    ada.say(typing(group(1), true)).await;
    for device in &mut devices {
        let told =
            json!({"type": "typing", "group_id": group(1), "user_id": ADA, "typing": true, "expires_in_seconds": 6});
        assert_eq!(device.next().await, told);
    }
    // Anything sent to them would have arrived before this.
    server.happen(|world| world.create(group(2), EVE, &[ADA])).await;
    assert_eq!(types(&eve.until("group_created").await), ["group_created"]);
    assert_eq!(types(&tablet.until("added_to_group").await), ["added_to_group"]);
    assert_eq!(types(&ada.until("added_to_group").await), ["added_to_group"]);
}

#[tokio::test]
async fn typing_of_a_client_that_may_only_read_is_refused_and_the_connection_stays_open() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let mut ada = Client::connect(&server, ADA, "&read_only=true").await;
    ada.until("ready").await;
    ada.say(typing(group(1), true)).await;
    let refused = ada.next().await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("forbidden")));
    server.happen(|world| world.rename(group(1), ADA, "Done")).await;
    assert_eq!(types(&ada.until("group_updated").await), ["group_updated"]);
    assert_eq!(types(&bob.until("group_updated").await), ["group_updated"]);
}

#[tokio::test]
async fn repeated_typing_is_forwarded_once() {
    let server = Server::start(HubLimits { typing_interval: Duration::from_secs(3_600), ..patient() });
    server.world().create(group(1), ADA, &[BOB]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    for state in [true, true, true, false, false] {
        ada.say(typing(group(1), state)).await;
    }
    assert!(ada.so_far(&server).await.is_empty(), "it is no error");
    server.happen(|world| world.rename(group(1), ADA, "Done")).await;
    let told = bob.until("group_updated").await;
    assert_eq!(types(&told), ["typing", "typing", "group_updated"]);
    assert_eq!((&told[0]["typing"], &told[1]["typing"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn typing_of_one_user_on_several_devices_and_over_http_is_forwarded_once() {
    let limits = HubLimits { typing_interval: Duration::from_secs(3_600), ..patient() };
    let server = Server::with_workers(limits, 2);
    server.world().create(group(1), ADA, &[BOB]);
    let (relayed, mut relay) = mpsc::unbounded_channel();
    server.hub.relay_typing(move |_, user_id, typing| relayed.send((user_id, typing)).unwrap());
    let (mut bob, _) = Client::ready(&server, BOB).await;
    for _ in 0..3 {
        let (mut device, _) = Client::ready(&server, ADA).await;
        device.say(typing(group(1), true)).await;
        assert!(device.so_far(&server).await.is_empty(), "it is no error");
        server.hub.user_types(group(1), ADA, true);
    }
    server.hub.user_types(group(1), ADA, false);
    server.happen(|world| world.rename(group(1), ADA, "Done")).await;
    let told = bob.until("group_updated").await;
    assert_eq!(types(&told), ["typing", "typing", "group_updated"]);
    assert_eq!((&told[0]["typing"], &told[1]["typing"]), (&json!(true), &json!(false)));
    assert_eq!([relay.try_recv(), relay.try_recv()], [Ok((ADA, true)), Ok((ADA, false))]);
    assert!(relay.try_recv().is_err(), "nor is it relayed again");
}

#[tokio::test]
async fn only_members_can_send_typing() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut ada, _) = Client::ready(&server, ADA).await;
    let (mut bob, _) = Client::ready(&server, BOB).await;
    let (mut eve, _) = Client::ready(&server, EVE).await;
    eve.say(typing(group(1), true)).await;
    assert_eq!(eve.next().await["code"], "group_not_found");
    server.happen(|world| world.execute(group(1), ADA, Command::RemoveMember { user_id: BOB })).await;
    bob.until("removed_from_group").await;
    bob.say(typing(group(1), true)).await;
    assert_eq!(bob.next().await["code"], "group_not_found");
    ada.until("group_updated").await;
    assert!(ada.so_far(&server).await.is_empty());
}

#[tokio::test]
async fn typing_received_from_another_server_is_sent_to_members() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (mut bob, _) = Client::ready(&server, BOB).await;
    for _ in 0..2 {
        server.hub.typing(group(1), ADA, false);
        assert_eq!(bob.next().await["typing"], false);
    }
}
