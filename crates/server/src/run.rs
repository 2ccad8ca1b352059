//! The life of the server: start, serve, and stop politely.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use futures_util::poll;
use groups_supervisor::{Cause, TaskFailure};
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use crate::groups::{Groups, OpenError};
use crate::serve::serve;
use crate::{Settings, SettingsError};

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
    /// A part of the running service ended unexpectedly. Clients were sent away, and the service was closed.
    #[error("{0}; the server has stopped and has to be started again")]
    Failed(#[source] TaskFailure),
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

    /// Waits until it is told to stop.
    pub async fn asked(&mut self) {
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

/// How long the database may take to finish what it has accepted.
const STORE_GRACE: Duration = Duration::from_secs(1);

/// A server that serves, from [`start`] until [`until`](Self::until) is told to stop it.
pub struct Running {
    groups: Groups,
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    spread: Duration,
}

/// Opens the service and serves on the listener. Everything that can keep a server from starting has not done so once this
/// returns; clients that connected meanwhile were waiting and are served from here on.
///
/// # Errors
/// [`RunError`] if the settings contradict each other, or the database, the bus or the threads cannot be had.
///
/// # Panics
/// Outside an actix system.
pub async fn start(settings: Settings, listener: TcpListener) -> Result<Running, RunError> {
    let address = listener.local_addr()?;
    settings.check(address)?;
    let groups = Groups::open(&settings).await?;
    // Not before the last client was told to go.
    let grace = Duration::from_secs(settings.drain_seconds.into()) + GRACE;
    let mut server = Box::pin(serve(&groups, &settings, listener, grace)?);
    let handle = server.handle();
    // The first poll starts the workers, which may fail.
    let serving = match poll!(&mut server) {
        Poll::Pending => actix_web::rt::spawn(server),
        Poll::Ready(Ok(())) => return Err(io::Error::other("the HTTP server ended as it started").into()),
        Poll::Ready(Err(error)) => return Err(error.into()),
    };
    let spread = Duration::from_secs(u64::from(settings.drain_seconds));
    Ok(Running { groups, address, handle, serving, spread })
}

/// [`start`] and [`Running::until`] in one.
///
/// # Errors
/// Those of the two.
///
/// # Panics
/// Outside an actix system.
pub async fn run(settings: Settings, listener: TcpListener, shutdown: Shutdown) -> Result<(), RunError> {
    start(settings, listener).await?.until(shutdown).await
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service that is served.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Serves until told to stop, or until a part of the service fails, and comes back when everything is closed.
    ///
    /// Either way it takes no more connections, lets running requests finish, sends the WebSocket clients away over
    /// `drain_seconds` with close code 1012, and ends within that and four seconds, ten at most. Asked (once more), it ends
    /// at once.
    ///
    /// # Errors
    /// [`RunError::Failed`] if a part of the service ended unexpectedly. The process should end with an error as well.
    pub async fn until(mut self, mut shutdown: Shutdown) -> Result<(), RunError> {
        let failure = tokio::select! {
            () = shutdown.asked() => None,
            failure = self.groups.failed() => Some(failure),
            ended = &mut self.serving => {
                let failure = TaskFailure { task: "http server".to_owned(), cause: cause_of(ended) };
                self.groups.supervisor().report(failure.clone());
                Some(failure)
            }
        };
        match &failure {
            None => tracing::info!("stopping: no new connections; a second signal ends it at once"),
            Some(failure) => tracing::error!(%failure, "stopping, because a part of the server has failed"),
        }
        self.groups.announce_stop();
        tokio::select! {
            () = self.close() => tracing::info!("stopped"),
            () = shutdown.asked() => {
                // Whatever still runs ends with the process; what was acknowledged is on the disk.
                tracing::warn!("stopped at once");
            }
        }
        self.serving.abort();
        failure.map_or(Ok(()), |failure| Err(RunError::Failed(failure)))
    }

    async fn close(&self) {
        // Stops accepting at once, and waits for the connections that there are.
        let requests = timeout(self.spread + GRACE, self.handle.stop(true));
        let sockets = timeout(self.spread + GRACE, self.groups.say_goodbye(self.spread));
        if let (Err(_), _) | (_, Err(_)) = tokio::join!(requests, sockets) {
            tracing::warn!("some connections did not end in time and were cut");
        }
        if timeout(STORE_GRACE, self.groups.close_store()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
    }
}

/// How the task of the HTTP server ended.
fn cause_of(ended: Result<io::Result<()>, JoinError>) -> Cause {
    match ended {
        Ok(Ok(())) => Cause::Returned,
        Ok(Err(error)) => Cause::Failed { detail: error.to_string() },
        Err(error) => match error.try_into_panic() {
            Ok(panic) => Cause::of_panic(&*panic),
            Err(_) => Cause::Returned,
        },
    }
}
