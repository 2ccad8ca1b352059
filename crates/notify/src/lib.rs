//! Event sinks for committed changes, first of all WebSocket clients.
//!
//! A change leaves the store through its log. Whoever reads the log makes a [`Delivery`] of each change and gives it to
//! an [`EventSink`]. The [`Hub`] is the sink for WebSocket clients: it knows who is connected and who must hear, and
//! tells each affected user's connections what they have to know. This crate knows the domain and not the store; what a
//! client begins with it reads from a [`Source`].
//!
//! # The promise
//!
//! For every group, every connection of a member gets exactly one event for each version, from the one with which the
//! member came in to the one with which they left, in order, without a gap, once. Where that cannot be kept, because a
//! client is too slow or the list cannot be read, the connection is closed with a code that says to come again; the
//! client resumes from its last cursor, and the promise holds again. Nobody else is told anything.
//!
//! # How it is built
//!
//! ```text
//!            deliver(batch)                 one bounded inbox for each worker thread
//! relay ─────────────▶ Hub ─────────┬──────▶ Worker ─▶ Shard ─▶ Session ─▶ queue ─▶ Body ─▶ socket
//!                                   └──────▶ Worker ─▶ Shard ─▶ Session ─▶ queue ─▶ Body ─▶ socket
//! ```
//!
//! * `shard`: one worker's connections, and who of them hears of what. Pure: no IO, no clock, no tasks. The argument why no
//!   event is lost or told twice stands at its head, and its tests hold it against random histories.
//! * `session`: the protocol with one client. Pure as well: messages, events and the clock go in, frames come out.
//! * `worker`: the tasks around a shard. It never leaves its thread, so nothing in it is locked.
//! * `hub`: what the workers share, which is little: the limits, the source, how many connections each user has, and who typed lately.
//! * `transport`: the one place that knows actix.
//!
//! A frame is encoded once for all who get the same, and shared. Nobody who delivers ever waits for a client: a client
//! that takes too little fills its own queue and is closed. Every queue has a bound, and [`HubLimits`] says what happens there.
//!
//! # What it costs
//!
//! An idle connection takes about 14.5 KB of resident memory (glibc, x86-64), of which some 9 KB are the two buffers of
//! actix's HTTP/1 dispatcher, and one file descriptor; two where `pidfd_getfd(2)` is not to be had (see [`on_connect`]).
//!
//! # Serving it
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
//! use groups_domain::UserId;
//! use notify::{Client, Hub, HubLimits, Source};
//! use uuid::Uuid;
//!
//! async fn connect(request: HttpRequest, payload: web::Payload, hub: web::Data<Hub>) -> actix_web::Result<HttpResponse> {
//!     let user_id = UserId::new(Uuid::nil()); // whoever the token names
//!     let (connection_id, expires_in) = (Uuid::now_v7(), Duration::from_secs(3_600));
//!     hub.accept(&request, payload, Client { user_id, connection_id, cursor: None, expires_in })
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
mod worker;

/// The tests' world names this crate as its other users do.
#[cfg(test)]
extern crate self as notify;

#[cfg(test)]
#[path = "../tests/it/world.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "shared with the integration tests")]
mod world;

pub use delivery::{Delivery, ReadPoint};
pub use hub::{Client, GroupTraffic, Hub, HubStats};
pub use limits::{Drain, HubLimits};
pub use sink::{EventSink, Recorder, SinkError};
pub use source::{List, ListPiece, Opening, PieceMax, Source, SourceError, Start};
#[doc(hidden)]
pub use transport::echo;
pub use transport::on_connect;
