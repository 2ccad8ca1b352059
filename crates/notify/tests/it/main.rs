//! Tests of the hub with real sockets and no database. `tests/direct` runs them on the other
//! transport.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod client;
mod delivery;
mod drain;
mod failures;
mod handshake;
mod http;
mod layers;
mod leaving;
mod limits;
mod messages;
mod opening;
mod renewal;
mod server;
mod sinks;
mod typing;
mod world;
