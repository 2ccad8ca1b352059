//! Test support: the server as a process, its clients, and the view that a client keeps.

mod application;
mod balancer;
mod browser;
mod build;
mod certificate;
mod heard;
mod http;
mod key_server;
mod listening;
#[cfg(feature = "nats")]
mod nats;
mod people;
mod postgres;
mod proxy;
mod random;
mod receiver;
mod server;
mod shape;
mod signer;
mod socket;
mod token;
mod view;

use std::{ffi::OsString, path::PathBuf, time::Duration};

pub(crate) use application::Application;
pub(crate) use balancer::Balancer;
pub(crate) use browser::{Browser, Page, in_each_browser};
pub(crate) use build::program;
pub(crate) use certificate::certify;
pub(crate) use heard::{Heard, Refused};
pub(crate) use http::{Answer, Call, Http};
pub(crate) use key_server::KeyServer;
#[cfg(feature = "nats")]
pub(crate) use nats::Nats;
pub(crate) use people::{User, escaped};
pub(crate) use postgres::Postgres;
pub(crate) use proxy::Line;
pub(crate) use random::Chance;
pub(crate) use receiver::{Received, Receiver, Reply};
pub(crate) use server::{SECRET, Server, free_address};
pub(crate) use shape::{assert_group, assert_time, check_event};
pub(crate) use signer::Signer;
pub(crate) use socket::{Dial, Road, Socket};
pub(crate) use token::{claims, seconds_from_now, signed, signed_with};
pub(crate) use view::{Folded, View};

/// Timeout of any wait, far above what a busy machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something that must happen; panics with a description if it does not.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: nothing within {PATIENCE:?}"),
    }
}

/// A new UUID in the format of the API.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Finds a program in the path or among the server programs.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin"));
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    places.map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// Records that something is missing on this machine; a failure if `GROUPS_TEST_REQUIRE_ALL` is 1.
pub(crate) fn skipped<T>(what: &str) -> Option<T> {
    untested::skip(what);
    None
}
