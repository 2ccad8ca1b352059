//! The complete groups service: settings, identity, HTTP, the relay, and the process life cycle.
//!
//! Two ways in:
//!
//! * [`run`] serves on a listener until it is asked to shut down. `groups-server` is a thin wrapper
//!   around it.
//! * [`Groups::builder`] and [`Groups::configure`] mount the service into your own actix-web
//!   application: see `examples/mounted.rs` and docs/embedding.md.
//!
//! # Logs
//!
//! Logs are `tracing` events. Without a subscriber, a failing sink, a failed task and a lost database
//! are silent.
//!
//! # Stability
//!
//! [`KeysError`], [`OpenError`], [`RunError`], [`SettingsError`], [`Principal`] and [`StopSignals`] are expected to
//! grow and are `#[non_exhaustive]`; so are [`Executed`], [`Outcome`] and [`Standing`]. [`Settings`]
//! is exhaustive on purpose: build it with `..Settings::default()`, which keeps compiling when a
//! setting is added. [`AddPolicy`], [`JwtSubject`] and [`NameVisibility`] are exhaustive on purpose, because an
//! application translates its own configuration to them and back.
//!
//! # Structure
//!
//! The library crates do not depend on each other more than docs/architecture.md allows; this crate
//! wires them together. It contains no rules about groups.

mod access_log;
mod actor_names;
mod bus;
mod client;
mod clock;
mod configure;
mod connection;
mod cors;
mod door_metrics;
mod expiry;
mod groups;
mod health;
mod host;
mod http_client;
mod http_server;
mod identity;
mod ids;
mod input;
mod jobs;
mod limiter;
mod link_token;
mod listeners;
mod metrics;
mod mount;
mod open_error;
mod output;
mod peers;
mod preflight;
mod problem;
mod reads;
mod refusals;
mod relay;
mod relay_lag;
mod renewals;
mod request_id;
mod resumes;
mod routes;
mod run;
mod secret;
mod serve;
mod settings;
mod sinks;
mod store_source;
mod tls;
#[cfg(feature = "otlp")]
mod traces;
mod webhooks;

pub use groups::{Groups, GroupsBuilder};
pub use groups_protocol::Code;
pub use groups_store::{ExecuteError, Executed, Outcome, SinkName, SinkNameError, Standing};
pub use groups_supervisor::{Cause, TaskFailure};
pub use http_server::http_server;
pub use identity::{Access, Identity, KeysError, NewToken, Principal};
pub use listeners::{ListenAddress, Listeners};
pub use notify::{Delivery, EventSink, SinkError};
pub use open_error::OpenError;
pub use preflight::{Checked, preflight};
pub use problem::Problem;
pub use run::{RunError, Running, StopSignals, listen, run, start};
pub use secret::Secret;
pub use settings::{AddPolicy, JwtSubject, NameVisibility, Settings, SettingsError};
pub use tls::{TlsCertificate, TlsError};
pub use tokio_util::sync::CancellationToken;

/// The checks that the fuzz targets in `crates/groups-fuzz` run.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// Any bytes as the header `If-Match`.
    pub fn if_match(input: &[u8]) {
        crate::input::fuzz::if_match(input);
    }

    /// Any bytes as a token, or as the claims in one.
    pub fn token(input: &[u8]) {
        crate::identity::fuzz::token(input);
    }
}

/// Compiles the example in the guide to embedding.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct Embedding;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::fs;
    use std::path::Path;

    fn sources(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// The names of tests in the last column of each table of a document, from the first table with
    /// this column on.
    fn tests_named_in(document: &str, column: &str) -> Vec<String> {
        let (_, tables) = document.split_once(&format!("| {column} |\n")).unwrap();
        let rows = tables.lines().filter(|line| line.starts_with('|'));
        let cells = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
        let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        names.filter(|name| name.contains('_')).map(str::to_owned).collect()
    }

    #[test]
    fn every_test_that_a_document_names_exists() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let mut text = String::new();
        sources(&root.join("crates"), &mut text);
        sources(&root.join("bins"), &mut text);
        for (file, column) in [("architecture.md", "guarded by"), ("security.md", "shown by")] {
            let document = fs::read_to_string(root.join("docs").join(file)).unwrap();
            let names = tests_named_in(&document, column);
            let missing: Vec<_> = names.iter().filter(|name| !text.contains(&format!("fn {name}("))).collect();
            assert!(names.len() > 10 && missing.is_empty(), "{file} names tests that do not exist: {missing:?}");
        }
    }
}
