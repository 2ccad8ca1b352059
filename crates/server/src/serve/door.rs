//! The way of a connection from its accept to its first HTTP request.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_http::error::DispatchError;
use tokio::time::{Instant, timeout_at};

use crate::client::{ClientAddress, TrustedProxies};
use crate::connection::{Admission, Deadlines, Full, Guarded, ProxyHeaderError, Socket, Ticket, read_proxy_header};
use crate::metrics::CloseReason;

/// What is needed to open connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) admission: Admission,
    pub(super) deadlines: Deadlines,
    pub(super) proxies: TrustedProxies,
    /// Whether trusted proxies announce their clients with a PROXY header.
    pub(super) proxy_protocol: bool,
}

/// An admitted connection.
pub(super) struct Arrival {
    socket: Socket,
    ticket: Ticket,
    peer: Option<SocketAddr>,
}

/// A connection that is ready for HTTP, with the address of its peer or of the client that its proxy
/// has announced. `None` on a Unix socket.
pub(super) type Opened = (Guarded, Option<SocketAddr>);

/// Why a connection is closed before its first request.
#[derive(Debug, thiserror::Error)]
enum Unopened {
    #[error(transparent)]
    Full(#[from] Full),
    #[error("the connection was closed to make room for another one")]
    Evicted,
    #[error("the PROXY header did not arrive in time")]
    Slow,
    #[error(transparent)]
    ProxyHeader(#[from] ProxyHeaderError),
}

impl Door {
    /// # Errors
    /// If there are too many connections, or the client has already disconnected.
    pub(super) fn admit(&self, socket: Socket) -> Result<Arrival, DispatchError> {
        let peer = socket.peer()?;
        let client = ClientAddress::of_peer(peer.map(|peer| peer.ip()));
        let ticket = self.admission.enter(client).map_err(|full| {
            tracing::info!(%client, "connection refused: {full}");
            io::Error::other(full)
        })?;
        socket.set_options();
        Ok(Arrival { socket, ticket, peer })
    }

    /// Whether something comes before HTTP.
    pub(super) fn must_wait(&self, arrival: &Arrival) -> bool {
        self.proxy_protocol && self.proxies.trusts(arrival.peer.map(|peer| peer.ip()))
    }

    /// Opens a connection for which [`must_wait`](Self::must_wait) is false.
    pub(super) fn open_now(&self, arrival: Arrival) -> Opened {
        let Arrival { socket, ticket, peer } = arrival;
        (Guarded::new(socket, ticket, self.deadlines), peer)
    }

    /// Reads what comes before HTTP.
    ///
    /// # Errors
    /// If it is invalid or too slow.
    pub(super) async fn open(&self, mut arrival: Arrival) -> Result<Opened, DispatchError> {
        let proxy = arrival.peer;
        if let Err(error) = self.hear_proxy(&mut arrival, Instant::now() + self.deadlines.head).await {
            let reason = match error {
                // Already counted.
                Unopened::Full(_) | Unopened::Evicted => None,
                Unopened::Slow => Some(CloseReason::HeadTimeout),
                Unopened::ProxyHeader(_) => Some(CloseReason::ProxyHeader),
            };
            if let Some(reason) = reason {
                arrival.ticket.closed(reason);
                tracing::info!(?proxy, "connection of a trusted proxy closed: {error}");
            }
            return Err(io::Error::other(error).into());
        }
        Ok(self.open_now(arrival))
    }

    async fn hear_proxy(&self, arrival: &mut Arrival, deadline: Instant) -> Result<(), Unopened> {
        let Arrival { socket, ticket, peer } = arrival;
        if let Some(client) = before(deadline, ticket, read_proxy_header(socket)).await?? {
            ticket.move_to(ClientAddress::of_peer(Some(client.ip())))?;
            *peer = Some(client);
        }
        Ok(())
    }
}

/// Runs a step of opening a connection until the deadline, or until the connection must make room.
async fn before<T>(deadline: Instant, ticket: &Ticket, step: impl Future<Output = T>) -> Result<T, Unopened> {
    let evicted =
        poll_fn(|cx| if ticket.is_evicted(cx) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending });
    tokio::select! {
        biased;
        done = timeout_at(deadline, step) => done.map_err(|_| Unopened::Slow),
        () = evicted => Err(Unopened::Evicted),
    }
}

/// The deadlines that the settings ask for.
pub(super) fn deadlines(settings: &crate::Settings) -> Deadlines {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Deadlines::new(
        seconds(settings.keep_alive_seconds),
        seconds(settings.header_timeout_seconds),
        seconds(settings.body_timeout_seconds),
    )
}
