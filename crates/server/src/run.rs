//! The life of the server: start, serve, and stop politely.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::access_log::access_log;
use crate::groups::{Groups, OpenError};
use crate::{Settings, SettingsError, routes};

/// Why a server could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings contradict each other.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The service could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which one.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The operating system refused something else.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Binds the address of the settings. From here on clients can connect; they are served once [`run`] is called.
///
/// # Errors
/// [`RunError`] where the settings contradict each other, or the address is taken.
pub fn listen(settings: &Settings) -> Result<TcpListener, RunError> {
    let address = settings.address()?;
    settings.check(address)?;
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG_CONNECTIONS_MAX)?.into_std()
    };
    bind().map_err(|source| RunError::Listen { address, source })
}

/// Connections that wait to be accepted, so that clients who all come back at once are not turned away. Linux cuts it to `somaxconn`.
const BACKLOG_CONNECTIONS_MAX: u32 = 4_096;

/// Tells a server to stop: once politely, a second time at once.
pub struct Shutdown(mpsc::Receiver<()>);

/// The other end of a [`Shutdown`].
#[derive(Clone)]
pub struct ShutdownHandle(mpsc::Sender<()>);

impl Shutdown {
    /// A shutdown in the program's own hand.
    pub fn manual() -> (ShutdownHandle, Self) {
        let (sender, receiver) = mpsc::channel(2);
        (ShutdownHandle(sender), Self(receiver))
    }

    /// On SIGTERM and SIGINT.
    ///
    /// # Errors
    /// Where the signals cannot be listened to.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn on_signals() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (handle, shutdown) = Self::manual();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                handle.stop();
            }
        });
        Ok(shutdown)
    }

    async fn asked(&mut self) {
        if self.0.recv().await.is_none() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }
}

impl ShutdownHandle {
    /// Asks the server to stop; asked again, it stops at once.
    pub fn stop(&self) {
        // Full means that it was asked twice before.
        let _ = self.0.try_send(());
    }
}

/// How long running requests and closing sockets are waited for, after the clients were told to go.
const GRACE: Duration = Duration::from_secs(4);

/// Connections of one worker, HTTP and WebSocket together; further ones wait to be accepted until others end.
const CONNECTIONS_PER_WORKER_MAX: usize = 100_000;

/// Serves on the listener until told to stop, and comes back when everything is closed.
///
/// Asked to stop, it takes no more connections, lets running requests finish, sends the WebSocket clients away over
/// `drain_seconds` with close code 1012, and ends within that and four seconds, ten at most. Asked twice, it ends at once.
///
/// # Errors
/// [`RunError`], before anything is served.
///
/// # Panics
/// Outside an actix system.
pub async fn run(settings: Settings, listener: TcpListener, shutdown: Shutdown) -> Result<(), RunError> {
    settings.check(listener.local_addr()?)?;
    let groups = Groups::open(&settings).await?;
    let mounted = groups.clone();
    let server = HttpServer::new(move || {
        let app = App::new().wrap(from_fn(access_log)).configure(mounted.configure());
        app.default_service(web::to(routes::not_found))
    })
    .on_connect(notify::on_connect)
    .tcp_nodelay(true)
    .keep_alive(match settings.keep_alive_seconds {
        0 => KeepAlive::Disabled,
        seconds => KeepAlive::Timeout(Duration::from_secs(seconds.into())),
    })
    // With more, each WebSocket connection would keep a larger buffer for good.
    .h1_write_buffer_size(7 * 1024)
    // The sockets do their own closing handshake; waiting once more would only keep clients.
    .client_disconnect_timeout(Duration::ZERO)
    .max_connections(CONNECTIONS_PER_WORKER_MAX)
    // Not before the last client was told to go.
    .shutdown_timeout(u64::from(settings.drain_seconds) + GRACE.as_secs())
    .disable_signals();
    let server = if settings.workers > 0 { server.workers(settings.workers) } else { server };
    let server = server.listen(listener)?.run();
    let handle = server.handle();
    let stopping = stop_when_asked(shutdown, groups, handle, settings.drain_seconds);
    let serving = actix_web::rt::spawn(server);
    stopping.await;
    serving.abort();
    Ok(())
}

async fn stop_when_asked(
    mut shutdown: Shutdown,
    groups: Groups,
    server: actix_web::dev::ServerHandle,
    drain_seconds: u32,
) {
    shutdown.asked().await;
    tracing::info!("stopping: no new connections; a second signal ends it at once");
    groups.announce_stop();
    let spread = Duration::from_secs(u64::from(drain_seconds));
    let polite = async {
        // Stops accepting at once, and waits for the connections that there are.
        let requests = timeout(spread + GRACE, server.stop(true));
        let sockets = timeout(spread + GRACE, groups.say_goodbye(spread));
        if let (Err(_), _) | (_, Err(_)) = tokio::join!(requests, sockets) {
            tracing::warn!("some connections did not end in time and were cut");
        }
        groups.close_store().await;
    };
    tokio::select! {
        () = polite => tracing::info!("stopped"),
        () = shutdown.asked() => {
            // Whatever still runs ends with the process; what was acknowledged is on the disk.
            tracing::warn!("stopped at once");
        }
    }
}
