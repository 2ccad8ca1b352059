//! The way of a connection from its accept to its first HTTP request.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use actix_http::error::DispatchError;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;

use crate::client::{ClientAddress, TrustedProxies};
use crate::connection::{
    Admission, Deadlines, Full, Guarded, ProxyHeaderError, Socket, Ticket, Transport, read_proxy_header,
};
use crate::door_metrics::CloseReason;
use crate::tls::TlsCertificate;

/// What an encrypted connection may keep for a client that does not read, in bytes.
const TLS_BUFFER_BYTES: usize = 16 * 1024;

/// What is needed to open connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) admission: Admission,
    pub(super) deadlines: Deadlines,
    pub(super) proxies: TrustedProxies,
    /// Whether trusted proxies announce their clients with a PROXY header.
    pub(super) proxy_protocol: bool,
    pub(super) tls: Option<TlsCertificate>,
}

/// An admitted connection.
pub(super) struct Arrival {
    socket: Socket,
    ticket: Ticket,
    peer: Option<SocketAddr>,
}

/// A connection that is ready for HTTP, with the address of its peer or of the client that its proxy
/// has announced. `None` on a Unix socket.
pub(super) struct Opened {
    pub(super) guarded: Guarded,
    pub(super) peer: Option<SocketAddr>,
    pub(super) is_http2: bool,
}

/// Why a connection is closed before its first request.
#[derive(Debug, thiserror::Error)]
enum Unopened {
    #[error(transparent)]
    Full(#[from] Full),
    #[error("the connection was closed to make room for another one")]
    Evicted,
    #[error("the PROXY header or the TLS handshake was not complete in time")]
    Slow,
    #[error(transparent)]
    ProxyHeader(#[from] ProxyHeaderError),
    #[error("the TLS handshake failed")]
    Handshake(#[source] io::Error),
}

impl Unopened {
    /// For the metrics. `None`: already counted.
    fn reason(&self) -> Option<CloseReason> {
        match self {
            Self::Full(_) | Self::Evicted => None,
            Self::Slow => Some(CloseReason::HeadTimeout),
            Self::ProxyHeader(_) => Some(CloseReason::ProxyHeader),
            Self::Handshake(_) => Some(CloseReason::TlsHandshake),
        }
    }
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
        self.certificate(arrival).is_some() || self.is_announced(arrival)
    }

    /// `None`: the connection is not encrypted. A Unix socket does not leave the machine.
    fn certificate(&self, arrival: &Arrival) -> Option<&TlsCertificate> {
        self.tls.as_ref().filter(|_| matches!(arrival.socket, Socket::Tcp(_)))
    }

    fn is_announced(&self, arrival: &Arrival) -> bool {
        self.proxy_protocol && self.proxies.trusts(arrival.peer.map(|peer| peer.ip()))
    }

    /// Opens a connection for which [`must_wait`](Self::must_wait) is false.
    pub(super) fn open_now(&self, arrival: Arrival) -> Opened {
        let Arrival { socket, ticket, peer } = arrival;
        let guarded = Guarded::new(Transport::Plain(socket), ticket, self.deadlines);
        Opened { guarded, peer, is_http2: false }
    }

    /// Reads what comes before HTTP. Dropping the future closes the connection.
    ///
    /// # Errors
    /// If it is invalid or too slow.
    pub(super) async fn open(&self, mut arrival: Arrival) -> Result<Opened, DispatchError> {
        let deadline = Instant::now() + self.deadlines.head;
        let proxy = arrival.peer;
        if self.is_announced(&arrival)
            && let Err(error) = hear_proxy(&mut arrival, deadline).await
        {
            tracing::info!(?proxy, "connection of a trusted proxy closed: {error}");
            return Err(closed(&arrival.ticket, error));
        }
        let Some(certificate) = self.certificate(&arrival) else { return Ok(self.open_now(arrival)) };
        let Arrival { socket, ticket, peer } = arrival;
        let acceptor = TlsAcceptor::from(certificate.config());
        let handshake = acceptor.accept_with(socket, |tls| tls.set_buffer_limit(Some(TLS_BUFFER_BYTES)));
        let shaken = before(deadline, &ticket, handshake).await;
        match shaken.and_then(|stream| stream.map_err(Unopened::Handshake)) {
            Ok(stream) => {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let stream = Transport::Tls(Box::new(stream));
                let guarded = match is_http2 {
                    true => Guarded::multiplexed(stream, ticket, self.deadlines),
                    false => Guarded::new(stream, ticket, self.deadlines),
                };
                Ok(Opened { guarded, peer, is_http2 })
            }
            Err(error) => {
                tracing::debug!(?peer, "connection closed: {error}");
                Err(closed(&ticket, error))
            }
        }
    }
}

async fn hear_proxy(arrival: &mut Arrival, deadline: Instant) -> Result<(), Unopened> {
    let Arrival { socket, ticket, peer } = arrival;
    if let Some(client) = before(deadline, ticket, read_proxy_header(socket)).await?? {
        ticket.move_to(ClientAddress::of_peer(Some(client.ip())))?;
        *peer = Some(client);
    }
    Ok(())
}

/// Counts a connection that is closed before its first request.
fn closed(ticket: &Ticket, error: Unopened) -> DispatchError {
    if let Some(reason) = error.reason() {
        ticket.closed(reason);
    }
    io::Error::other(error).into()
}

/// Runs a step of opening a connection until the deadline, or until the connection must make room.
async fn before<T>(deadline: Instant, ticket: &Ticket, step: impl Future<Output = T>) -> Result<T, Unopened> {
    let evicted = poll_fn(|cx| if ticket.is_evicted(cx) { Poll::Ready(()) } else { Poll::Pending });
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
