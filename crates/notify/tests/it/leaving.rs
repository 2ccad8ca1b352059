//! Clients that disconnect. Only a transport that reads from its client notices at once.

use notify::HubLimits;

use crate::client::Client;
use crate::server::{Server, patient};
use crate::world::{ADA, BOB};

#[tokio::test]
async fn a_client_that_disconnects_while_it_loads_ends_its_read_and_releases_its_turn() {
    let server = Server::start(HubLimits { opens_max: 1, ..patient() });
    let (called, mut go) = server.wait_then_read();
    let bob = Client::connect(&server, BOB, "").await;
    called.await.unwrap();
    drop(bob);
    go.closed().await;
    server.until(|hub| hub.connections() == 0).await;
    Client::ready(&server, ADA).await;
}

#[tokio::test]
async fn a_client_that_disconnects_is_forgotten() {
    let server = Server::start(patient());
    let (bob, _) = Client::ready(&server, BOB).await;
    drop(bob);
    server.until(|hub| hub.connections() == 0).await;
}
