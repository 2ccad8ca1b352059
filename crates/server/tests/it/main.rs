//! Black-box tests of the server program: what an independent client, written only from the
//! contract, may rely on.
//!
//! Every test starts the real `groups-server` process with its own database, and uses HTTP and
//! WebSocket.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod actor_names;
mod admin;
mod backup;
mod browser;
mod cluster;
mod connections;
mod copy;
mod crash;
mod deployment;
mod documents;
mod door;
mod embedding;
mod errors;
mod events;
mod failures;
mod forged;
mod identity;
mod keys;
mod lifecycle;
mod limits;
mod listening;
mod log;
mod malformed;
mod metrics;
mod oidc;

mod races;
mod rates;
mod readme_tokens;
mod renewal;
mod replica;
mod request_ids;
mod requests;
mod resume;
mod scopes;
mod settings;
mod snapshots;
mod storm;
mod subjects;
mod support;
#[cfg(feature = "otlp")]
mod traces;
mod ways_in;
mod webhooks;
