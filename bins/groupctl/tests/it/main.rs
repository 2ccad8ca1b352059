//! `groupctl` as a program, against the real server program.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod commands;
mod exit_codes;
mod generated;
mod profiles;
mod program;
#[path = "../../../../crates/groups-client/tests/it/support/server.rs"]
#[expect(dead_code, reason = "shared with the tests of the library, which need more of it")]
mod server;
#[path = "../../../../crates/groups-client/tests/it/support/token.rs"]
mod token;
mod watch;
