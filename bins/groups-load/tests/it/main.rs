//! Tests of the load generator as a program: with the real server, and with one that violates its
//! guarantee.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

mod liar;
mod program;
mod promises;
mod refusals;
mod runs;
mod server;
