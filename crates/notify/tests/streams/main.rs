//! Tests of the hub with clients that use no WebSocket. The tests of `opening` are those of `it`, with
//! server-sent events.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod answer;
mod catch_up;
mod client;
mod event_stream;
#[path = "../it/http.rs"]
mod http;
#[path = "../it/opening.rs"]
mod opening;
#[path = "../it/server.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod server;
#[path = "../it/world.rs"]
mod world;
