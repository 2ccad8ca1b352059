//! The tests of `it` on connections that own their sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../it/client.rs"]
mod client;
#[path = "../it/delivery.rs"]
mod delivery;
#[path = "../it/drain.rs"]
mod drain;
#[path = "../it/failures.rs"]
mod failures;
#[path = "../it/handshake.rs"]
mod handshake;
mod http;
#[path = "../it/leaving.rs"]
mod leaving;
#[path = "../it/limits.rs"]
mod limits;
#[path = "../it/messages.rs"]
mod messages;
#[path = "../it/opening.rs"]
mod opening;
#[path = "../it/renewal.rs"]
mod renewal;
#[path = "../it/server.rs"]
mod server;
#[path = "../it/typing.rs"]
mod typing;
#[path = "../it/world.rs"]
mod world;
