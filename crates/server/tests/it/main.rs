//! The built server from outside: what an independent client, written from the wire contract alone, may rely on.
//!
//! Every test starts the real `groups-server` process on a database of its own, and speaks HTTP and WebSocket with it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod browser;
mod cluster;
mod connections;
mod copy;
mod crash;
mod embedding;
mod errors;
mod events;
mod failures;
mod identity;
mod lifecycle;
mod limits;
mod log;
mod malformed;

mod races;
mod rates;
mod requests;
mod resume;
mod snapshots;
mod storm;
mod support;
