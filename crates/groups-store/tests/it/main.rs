//! The store through its public face: one suite, compiled and run once for each backend, and what only one of them can show.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::duplicate_mod, reason = "the suite is compiled once for each backend")]

mod cast;
mod postgres;
mod server;
mod sqlite;
