//! The server life cycle: start, serve, and shut down gracefully.

use std::io;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use futures_util::poll;
use groups_supervisor::{Cause, TaskFailure};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::groups::{Groups, GroupsBuilder};
use crate::listeners::{ListenAddress, Listener, Listeners, SocketFile, bind_tcp};
use crate::serve::{serve, serve_operations};
use crate::tls::{TlsCertificate, TlsError};
use crate::{OpenError, Settings, SettingsError};

/// Why a server could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
        /// The address that was requested.
        address: ListenAddress,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The certificate of the server cannot be used.
    #[error("GROUPS_TLS_CERT or GROUPS_TLS_KEY cannot be used")]
    Tls(#[from] TlsError),
    /// Another operating system error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A task of the running service ended unexpectedly. The client connections and the service
    /// were closed.
    #[error("the server has stopped because a part of it failed; start it again")]
    Failed(#[source] TaskFailure),
}

/// Binds the configured addresses, or takes the sockets that systemd has passed on. Clients can connect
/// from now on; they are served once [`run`] is called.
///
/// # Errors
/// [`RunError`] if the settings contradict each other or an address is in use.
pub fn listen(settings: &Settings) -> Result<Listeners, RunError> {
    let inherited = Listeners::inherited()?;
    if !inherited.is_empty() {
        tracing::info!(addresses = ?inherited.addresses()?, "listening on sockets of systemd; GROUPS_LISTEN is ignored");
        settings.check_all(&inherited.addresses()?)?;
        return Ok(inherited);
    }
    let addresses = settings.addresses()?;
    settings.check_all(&addresses)?;
    let bound = Listeners::bind(addresses, settings.unix_socket_mode()?);
    bound.map_err(|(address, source)| RunError::Listen { address, source })
}

/// Shutdown signals of the process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StopSignals {
    /// Cancelled by the first SIGTERM or SIGINT: graceful shutdown.
    pub first: CancellationToken,
    /// Cancelled by the second signal: immediate shutdown.
    pub second: CancellationToken,
}

impl StopSignals {
    /// Installs handlers for SIGTERM and SIGINT.
    ///
    /// # Errors
    /// If the operating system rejects the handlers.
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

/// How long to wait for running requests and closing sockets after the drain period.
const GRACE: Duration = Duration::from_secs(4);

/// How long the database may take to finish the commands it has accepted.
const STORE_GRACE: Duration = Duration::from_secs(1);

/// A running server, from [`start`] until [`until`](Self::until) stops it.
#[derive(Debug)]
pub struct Running {
    groups: Groups,
    addresses: Vec<ListenAddress>,
    /// Removed when the server has stopped.
    _files: Vec<SocketFile>,
    handle: ServerHandle,
    /// The server on the address for operators.
    operations: Option<(SocketAddr, ServerHandle)>,
    serving: JoinHandle<io::Result<()>>,
    delay: Duration,
    tls: Option<TlsCertificate>,
    spread: Duration,
}

/// Opens the service from its [`Settings`] or a [`GroupsBuilder`], and serves it on the listeners: what
/// [`listen`] returns, or a `TcpListener` or `UnixListener` of the standard library.
/// When this returns, startup has succeeded completely. Clients that connected in the meantime
/// waited in the accept queue and are served from now on.
///
/// # Errors
/// [`RunError`] if the settings contradict each other, or the database, the bus or the threads are
/// not available.
///
/// # Panics
/// Outside an actix system.
pub async fn start(groups: impl Into<GroupsBuilder>, listeners: impl Into<Listeners>) -> Result<Running, RunError> {
    let groups: GroupsBuilder = groups.into();
    let settings = groups.settings.clone();
    let Listeners { sockets, files } = listeners.into();
    let addresses = sockets.iter().map(Listener::address).collect::<io::Result<Vec<_>>>()?;
    if !groups.has_own_identity() {
        settings.check_all(&addresses)?;
    }
    let bind =
        |address| bind_tcp(address).map_err(|source| RunError::Listen { address: ListenAddress::Tcp(address), source });
    let operations_listener = settings.operations_address()?.map(bind).transpose()?;
    let tls = match settings.tls()? {
        Some((certificate, key)) => Some(TlsCertificate::open(certificate, key).await?),
        None => None,
    };
    let groups = groups.open().await?;
    if let Some(tls) = tls.clone() {
        groups.supervisor().spawn("TLS certificate", tls.follow());
    }
    let operations = match operations_listener {
        Some(listener) => {
            let address = listener.local_addr()?;
            let server = serve_operations(&groups, listener)?;
            let handle = server.handle();
            groups.supervisor().spawn("server for operators", async move {
                if let Err(error) = server.await {
                    tracing::error!(%error, "the server for operators has failed");
                }
            });
            Some((address, handle))
        }
        None => None,
    };
    // The drain period comes first: it ends when the last client has been told to reconnect.
    let grace = Duration::from_secs(settings.drain_seconds.into()) + GRACE;
    let mut server = Box::pin(serve(&groups, &settings, sockets, tls.clone(), grace)?);
    let handle = server.handle();
    // The first poll starts the workers. If that fails, the error is reported here.
    let serving = match poll!(&mut server) {
        Poll::Pending => actix_web::rt::spawn(server),
        Poll::Ready(Ok(())) => return Err(io::Error::other("the HTTP server ended as it started").into()),
        Poll::Ready(Err(error)) => return Err(error.into()),
    };
    let delay = Duration::from_secs(u64::from(settings.shutdown_delay_seconds));
    let spread = Duration::from_secs(u64::from(settings.drain_seconds));
    Ok(Running { groups, addresses, _files: files, handle, operations, serving, delay, tls, spread })
}

/// Calls [`start`] and then [`Running::until`].
///
/// # Errors
/// See [`start`] and [`Running::until`].
///
/// # Panics
/// Outside an actix system.
pub async fn run(
    groups: impl Into<GroupsBuilder>,
    listeners: impl Into<Listeners>,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    start(groups, listeners).await?.until(shutdown).await
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Running {
    /// The addresses on which the server listens.
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// The address of `/metrics`, if it is separate.
    pub fn operations_address(&self) -> Option<SocketAddr> {
        self.operations.as_ref().map(|(address, _)| *address)
    }

    /// The certificate, if the server uses TLS: for a signal handler that
    /// [reloads](TlsCertificate::reload) it.
    pub fn tls(&self) -> Option<&TlsCertificate> {
        self.tls.as_ref()
    }

    /// The service behind this server.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Serves until `shutdown` is cancelled or a task of the service fails, and returns when
    /// everything is closed.
    ///
    /// After `shutdown`, the server serves for another `shutdown_delay_seconds`, while `/readyz` returns
    /// 503. Then, or after a failure, it stops accepting connections, lets running requests finish, and
    /// closes the WebSockets with 1012 over `drain_seconds`. It returns at most four seconds after
    /// the drain period. Dropping the future stops the server immediately: connections are cut, but
    /// acknowledged changes are safe.
    ///
    /// # Errors
    /// [`RunError::Failed`] if a task of the service ended unexpectedly. The process should then
    /// exit with an error.
    pub async fn until(mut self, shutdown: CancellationToken) -> Result<(), RunError> {
        let failure = tokio::select! {
            () = leave(&self.groups, shutdown, self.delay) => None,
            failure = self.groups.failed() => Some(failure),
            ended = &mut self.serving => {
                let failure = TaskFailure { task: "http server".to_owned(), cause: cause_of(ended) };
                self.groups.supervisor().report(failure.clone());
                Some(failure)
            }
        };
        match &failure {
            None => tracing::info!("shutting down: no new connections are accepted"),
            Some(failure) => tracing::error!(%failure, "shutting down because a task has failed"),
        }
        self.groups.announce_stop();
        self.close().await;
        tracing::info!("stopped");
        failure.map_or(Ok(()), |failure| Err(RunError::Failed(failure)))
    }

    async fn close(&self) {
        // Stops accepting immediately, and waits for the open connections.
        let requests = timeout(self.spread + GRACE, self.handle.stop(true));
        let sockets = timeout(self.spread + GRACE, self.groups.close_clients(self.spread));
        // Before the tasks are aborted, so that their progress is stored.
        let webhooks = self.groups.stop_webhooks();
        if let (Err(_), _, ()) | (_, Err(_), ()) = tokio::join!(requests, sockets, webhooks) {
            tracing::warn!("some connections did not close in time and were cut");
        }
        // Last, so that it can be seen why the server is not ready.
        if let Some((_, operations)) = &self.operations {
            self.groups.supervisor().stop();
            operations.stop(false).await;
        }
        if timeout(STORE_GRACE, self.groups.close_store()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
    }
}

/// Waits for the shutdown, and then until load balancers have noticed it.
async fn leave(groups: &Groups, shutdown: CancellationToken, delay: Duration) {
    shutdown.cancelled().await;
    if !delay.is_zero() {
        tracing::info!(seconds = delay.as_secs(), "not ready from now on; shutting down after a delay");
        groups.announce_leaving();
        tokio::time::sleep(delay).await;
    }
}

/// Converts the result of the HTTP server task into a failure cause.
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
