//! Event sinks for committed changes, first of all WebSocket clients.

mod clock;
mod conn;
mod counters;
mod delivery;
mod frame;
mod hub;
mod limits;
mod queue;
mod session;
mod shard;
mod sink;
mod source;
mod transport;
pub mod wire;
mod worker;

/// The tests' world names this crate as its other users do.
#[cfg(test)]
extern crate self as notify;

#[cfg(test)]
#[path = "../tests/it/world.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "shared with the integration tests")]
mod world;

pub use delivery::{Delivery, ReadPoint};
pub use hub::{Client, Hub, HubStats};
pub use limits::{Drain, HubLimits};
pub use sink::{EventSink, FanOut, FanOutStats, Recorder, SinkError};
pub use source::{Opening, Source, SourceError, Start};
#[doc(hidden)]
pub use transport::echo;
pub use transport::on_connect;
