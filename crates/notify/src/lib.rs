//! Event sinks for committed changes, primarily WebSocket clients.
//!
//! The relay reads committed changes from the store's log, converts each into a [`Delivery`], and
//! passes it to an [`EventSink`]. The [`Hub`] is the sink for WebSocket clients: it tracks who is
//! connected, and sends events to the connections of each affected user. This crate depends on the
//! domain but not on the store; it reads the initial state of a client from a [`Source`].
//!
//! # The promise
//!
//! For every group, every connection of a member receives exactly one event per version, in order
//! and without gaps, from the version with which the member joined to the one with which they left.
//! If this is impossible, because a client is too slow or its list cannot be read, the connection
//! is closed with a code that asks the client to reconnect. The client resumes from its last
//! cursor, and the guarantee holds again. Users who are not members receive nothing.
//!
//! # How it is built
//!
//! ```text
//!            deliver(batch)                 one bounded inbox for each worker thread
//! relay ─────────────▶ Hub ─────────┬──────▶ Worker ─▶ Shard ─▶ Session ─▶ queue ─▶ socket
//!                                   └──────▶ Worker ─▶ Shard ─▶ Session ─▶ queue ─▶ socket
//! ```
//!
//! * `shard`: the connections of one worker, and which events each receives. Pure: no I/O, no
//!   clock, no tasks. Its module docs argue why no event is lost or duplicated, and its tests check
//!   that against random histories.
//! * `session`: the protocol with one client. Also pure: messages, events and the time go in,
//!   frames come out.
//! * `worker`: the tasks around a shard. A worker never leaves its thread, so it needs no locks.
//! * `hub`: the state that workers share: the limits, the source, the number of connections per
//!   user, and recent typing.
//! * `decoder`: frames from clients (RFC 6455), also without I/O; `frame` encodes those to clients.
//! * `transport`: the only module that depends on actix.
//!
//! A frame is encoded once and shared by everyone who receives it. Delivery never waits for a
//! client: a slow consumer fills its own queue and is closed. Every queue is bounded; [`HubLimits`]
//! says what happens at each limit.
//!
//! # What it costs
//!
//! An idle connection that owns its socket takes about 2 KB of resident memory (glibc, x86-64)
//! and one file descriptor; see [`lend`]. In an `HttpServer` it takes about 14 KB more, mainly the
//! two buffers of actix's HTTP/1 dispatcher, and two descriptors if `pidfd_getfd(2)` is not available
//! (see [`on_connect`]). A group of a connected user takes about 10 bytes.
//!
//! # Stability
//!
//! [`HubStats`] and [`GroupTraffic`] are expected to grow and are `#[non_exhaustive]`. All other types
//! with public fields or variants are exhaustive on purpose: a [`Source`] builds an [`InitialState`]
//! and a [`ListPiece`], and must set every field; [`HubLimits`], [`Drain`], [`Client`], [`Grant`], [`Renewal`]
//! and [`NotRenewed`] are built by the caller, the limits with `..HubLimits::default()`.
//!
//! # Serving it
//!
//! In any actix-web application:
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
//! use groups_domain::{Timestamp, UserId};
//! use notify::{Client, Grant, Hub, HubLimits, Source};
//! use uuid::Uuid;
//!
//! async fn connect(request: HttpRequest, payload: web::Payload, hub: web::Data<Hub>) -> actix_web::Result<HttpResponse> {
//!     let user_id = UserId::new(Uuid::nil()); // the user in the token
//!     let (expires_at, expires_in) = (Timestamp::from_unix_millis(1_900_000_000_000), Duration::from_secs(3_600));
//!     let grant = Grant { expires_at, expires_in, read_only: false };
//!     hub.accept(&request, payload, Client { user_id, connection_id: Uuid::now_v7(), cursor: None, grant })
//! }
//!
//! async fn serve(source: Arc<dyn Source>) -> std::io::Result<()> {
//!     let hub = web::Data::new(Hub::new(HubLimits::default(), source));
//!     HttpServer::new(move || App::new().app_data(hub.clone()).route("/v1/ws", web::get().to(connect)))
//!         .on_connect(notify::on_connect)
//!         .tcp_nodelay(true)
//!         .h1_write_buffer_size(7 * 1024)
//!         .client_disconnect_timeout(Duration::ZERO)
//!         .bind("127.0.0.1:8080")?
//!         .run()
//!         .await
//! }
//! ```

mod authenticator;
mod client;
mod clock;
mod conn;
mod counters;
mod decoder;
mod delivery;
mod frame;
mod hub;
mod inbox;
mod limits;
mod queue;
mod recent;
mod replay;
mod sent_change;
mod session;
mod shard;
mod sink;
mod source;
mod transport;
mod worker;

/// The shared test module refers to this crate by its external name.
#[cfg(test)]
extern crate self as notify;

#[cfg(test)]
#[path = "../tests/it/world.rs"]
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "shared with the integration tests")]
mod world;

pub use authenticator::{Authenticator, NotRenewed, Renewal};
pub use client::{Client, Grant};
pub use delivery::Delivery;
pub use hub::{GroupTraffic, Hub, HubStats};
pub use limits::{Drain, HubLimits};
pub use recent::{RecentDeliveries, ReplayMax, Resuming};
pub use replay::with_views;
pub use sent_change::SentChange;
pub use sink::{EventSink, Recorder, SinkError};
pub use source::{InitialContent, InitialState, List, ListPiece, PieceMax, Source, SourceError};
#[doc(hidden)]
pub use transport::echo;
pub use transport::{
    CatchUpError, ClientStream, Handover, Lender, Lent, SendBuffer, Upgraded, lend, on_connect, set_socket_options,
};

/// The checks that the fuzz targets in `crates/groups-fuzz` run.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// Any bytes from a WebSocket client.
    pub fn frames(input: &[u8]) {
        crate::decoder::fuzz::frames(input);
    }
}
