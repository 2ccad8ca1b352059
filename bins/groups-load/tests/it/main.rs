//! The load generator as a program: against the real server, and against one that breaks its promise.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod liar;
mod program;
mod promises;
mod refusals;
mod runs;
mod server;
