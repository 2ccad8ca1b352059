//! `groupctl` as a program, against the real server program.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod admin;
mod commands;
mod exit_codes;
mod feed;
mod generated;
mod profiles;
mod program;
mod running;
#[path = "../../../../crates/groups-client/tests/it/support/server.rs"]
mod server;
mod tls;
#[path = "../../../../crates/groups-client/tests/it/support/token.rs"]
mod token;
mod watch;
mod ways_in;
mod webhooks;
