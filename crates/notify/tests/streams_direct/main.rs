//! The tests of `streams` on connections that own their sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../streams/answer.rs"]
mod answer;
#[path = "../streams/catch_up.rs"]
mod catch_up;
#[path = "../streams/client.rs"]
mod client;
#[path = "../streams/event_stream.rs"]
mod event_stream;
#[path = "../direct/http.rs"]
mod http;
#[path = "../it/leaving.rs"]
mod leaving;
#[path = "../it/opening.rs"]
mod opening;
#[path = "../it/server.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod server;
#[path = "../it/world.rs"]
mod world;
