//! SIGHUP: reads again what can change while the server runs.

use std::io::{self, IsTerminal as _};

use server::{Groups, TlsCertificate};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::arguments::Arguments;
use crate::log::LogControl;
use crate::systemd::Systemd;

/// Waits for SIGHUP.
pub(crate) struct Hangups {
    signal: Signal,
    /// The server was started from a terminal, which sends SIGHUP when it is closed.
    has_terminal: bool,
}

impl Hangups {
    /// # Errors
    /// If the operating system rejects the handler.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { signal: signal(SignalKind::hangup())?, has_terminal: io::stdin().is_terminal() })
    }

    /// Reloads at each SIGHUP. Returns when the terminal from which the server was started is closed.
    pub(crate) async fn reload(mut self, server: &Reloaded, log: &LogControl, systemd: &Systemd) {
        loop {
            self.signal.recv().await;
            if self.has_terminal {
                return;
            }
            systemd.reloading();
            reload(server, log).await;
            systemd.ready();
        }
    }
}

/// The parts of a server that are reloaded.
pub(crate) struct Reloaded {
    pub(crate) groups: Groups,
    pub(crate) tls: Option<TlsCertificate>,
}

/// What cannot be read again stays as it is.
async fn reload(Reloaded { groups, tls }: &Reloaded, log: &LogControl) {
    match Arguments::of_process() {
        Ok(arguments) => {
            if let Err(error) = log.apply(&arguments.cli.server.log) {
                tracing::error!(error = &error as &dyn std::error::Error, "the log filter was not reloaded");
            }
        }
        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "the settings were not reloaded"),
    }
    if let Err(error) = groups.reload_keys().await {
        tracing::error!(error = &*error as &dyn std::error::Error, "the keys for tokens were not reloaded");
    }
    if let Some(tls) = tls
        && let Err(error) = tls.reload().await
    {
        tracing::error!(error = &error as &dyn std::error::Error, "the TLS certificate was not reloaded");
    }
    tracing::info!("reloaded after SIGHUP");
}
