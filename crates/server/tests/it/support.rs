//! What the tests stand on: the server as a process, its clients, and the view that a client keeps.

mod browser;
mod build;
mod http;
mod people;
mod proxy;
mod random;
mod server;
mod shape;
mod socket;
mod token;
mod view;

use std::time::Duration;

pub(crate) use browser::{Browser, Page};
pub(crate) use build::program;
pub(crate) use http::{Answer, Http};
pub(crate) use people::User;
pub(crate) use proxy::Line;
pub(crate) use random::Chance;
pub(crate) use server::{SECRET, Server};
pub(crate) use shape::{assert_group, assert_time, check_event};
pub(crate) use socket::{Dial, Heard, Refused, Socket};
pub(crate) use token::{claims, seconds_from_now, signed, signed_with};
pub(crate) use view::{Folded, View};

/// How long anything may take before a test fails: far above what it takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must happen; says what did not.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: nothing within {PATIENCE:?}"),
    }
}

/// A new id: a UUID in the form of the wire.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
