//! The life of the server: start, serve, and stop politely.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use futures_util::poll;
use groups_supervisor::{Cause, TaskFailure};
use tokio::net::TcpSocket;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::groups::{Groups, GroupsBuilder, OpenError};
use crate::serve::serve;
use crate::{Settings, SettingsError};

/// Why a server could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings contradict each other.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The service could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
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
    #[error("the server has stopped because a part of it failed; start it again")]
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

/// The signals that ask a process to stop.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StopSignals {
    /// Cancelled by the first SIGTERM or SIGINT: shut down gracefully.
    pub first: CancellationToken,
    /// Cancelled by the second one: stop at once.
    pub second: CancellationToken,
}

impl StopSignals {
    /// Listens to SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// If the operating system refuses.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let signals = Self { first: CancellationToken::new(), second: CancellationToken::new() };
        let tokens = [signals.first.clone(), signals.second.clone()];
        tokio::spawn(async move {
            for token in tokens {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(signals)
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

/// Opens the service, given by its [`Settings`] or a [`GroupsBuilder`], and serves on the listener. Everything that can keep a server from starting has not done so once this
/// returns; clients that connected meanwhile were waiting and are served from here on.
///
/// # Errors
/// [`RunError`] if the settings contradict each other, or the database, the bus or the threads cannot be had.
///
/// # Panics
/// Outside an actix system.
pub async fn start(groups: impl Into<GroupsBuilder>, listener: TcpListener) -> Result<Running, RunError> {
    let groups: GroupsBuilder = groups.into();
    let settings = groups.settings.clone();
    let address = listener.local_addr()?;
    if !groups.has_own_identity() {
        settings.check(address)?;
    }
    let groups = groups.open().await?;
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
pub async fn run(
    groups: impl Into<GroupsBuilder>,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    start(groups, listener).await?.until(shutdown).await
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
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

    /// Serves until `shutdown` is cancelled, or until a part of the service fails, and returns when everything is closed.
    ///
    /// Either way it takes no more connections, lets running requests finish, closes the WebSockets with 1012 over
    /// `drain_seconds`, and returns within that and four seconds, ten at most. Dropping the future stops the server at once:
    /// connections are cut, and changes that were acknowledged are safe.
    ///
    /// # Errors
    /// [`RunError::Failed`] if a part of the service ended unexpectedly. The process should end with an error as well.
    pub async fn until(mut self, shutdown: CancellationToken) -> Result<(), RunError> {
        let failure = tokio::select! {
            () = shutdown.cancelled() => None,
            failure = self.groups.failed() => Some(failure),
            ended = &mut self.serving => {
                let failure = TaskFailure { task: "http server".to_owned(), cause: cause_of(ended) };
                self.groups.supervisor().report(failure.clone());
                Some(failure)
            }
        };
        match &failure {
            None => tracing::info!("stopping: no new connections"),
            Some(failure) => tracing::error!(%failure, "stopping, because a part of the server has failed"),
        }
        self.groups.announce_stop();
        self.close().await;
        tracing::info!("stopped");
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
