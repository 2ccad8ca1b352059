//! Event sinks for committed changes, first of all WebSocket clients.

mod delivery;
mod frame;
mod hub;
mod limits;
mod sink;
mod source;
mod transport;
pub mod wire;

pub use delivery::{Delivery, ReadPoint};
pub use hub::{Client, Hub, HubStats};
pub use limits::{Drain, HubLimits};
pub use sink::{EventSink, FanOut, FanOutStats, Recorder, SinkError};
pub use source::{Opening, Source, SourceError, Start};
pub use transport::on_connect;
