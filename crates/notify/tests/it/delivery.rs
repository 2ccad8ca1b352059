//! Who is told of what, and in which order.

use groups_domain::{Command, NewMember};
use serde_json::json;

use crate::client::{Client, types};
use crate::server::{Server, patient};
use crate::world::{ADA, BOB, EVE, group};

#[tokio::test]
async fn a_client_gets_welcome_its_list_and_ready() {
    let server = Server::start(patient());
    server.world().create(group(1), ADA, &[BOB]);
    let (_client, opening) = Client::ready(&server, BOB).await;
    assert_eq!(types(&opening), ["welcome", "snapshot", "ready"]);
    assert_eq!(opening[0]["resumed"], false);
    assert_eq!(opening[0]["user_id"], json!(BOB.to_string()));
    assert_eq!(opening[1]["groups"][0]["role"], "member");
    assert_eq!(opening[1]["more"], false);
    assert_eq!(opening[2]["cursor"], "c1");
}

#[tokio::test]
async fn a_newcomer_is_told_and_the_others_hear_of_it_and_outsiders_do_not() {
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
    assert_eq!(types(&eve.so_far().await), [""; 0]);
}
