//! The client against the real server program.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod calls;
mod examples;
mod feed;
mod recipes;
mod renewal;
mod retries;
mod storm;
mod support;
mod tokens;
mod watch;
mod ways_in;
