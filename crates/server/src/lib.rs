//! Everything of groups, wired together: settings, identity, HTTP, the relay, and the life of the process.
//!
//! Two ways in:
//!
//! * [`run`] serves on a listener until told to stop: the whole server, as `groups-server` runs it.
//! * [`Groups::open`] and [`Groups::configure`] mount the same into an actix-web application of one's own:
//!   see `examples/mounted.rs`.
//!
//! The rooms below know nothing of each other; this one knows them all. It decides nothing about groups itself.

mod access_log;
mod edge;
mod groups;
mod identity;
mod input;
mod limiter;
mod mount;
mod openings;
mod output;
mod problem;
mod relay;
mod routes;
mod run;
mod settings;

pub use groups::{Groups, OpenError};
pub use notify::on_connect;
pub use problem::{Code, Problem};
pub use run::{RunError, Shutdown, ShutdownHandle, listen, run};
pub use settings::{Settings, SettingsError};

/// The examples of the README are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
