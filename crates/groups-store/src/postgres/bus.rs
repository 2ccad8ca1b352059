//! Messages between the servers on one database: that the log has grown, and short signals that may
//! be lost.
//!
//! The log is the source of truth, and the bus only wakes readers: a lost notification delays them
//! until the next poll. NOTIFY in a committing transaction would take a database-wide lock, so it
//! is sent after the commit, on a connection of its own, once for all commits made meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use diesel::QueryResult;
use diesel::sql_types::{Array, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use uuid::Uuid;

use super::connection::{ConnectError, Connection, Settings, connect, quoted};
use super::statement::Prepared;
use crate::connection::PostgresConn;

/// The channel for "the log has grown". The payload is the id of the sending server.
const LOG: &str = "groups_log";

/// The channel for signals. The payload is the id of the sending server, a space, and the text.
const SIGNALS: &str = "groups_signals";

/// Maximum number of signals queued for sending; above it the newest are dropped.
const SIGNALS_WAITING_MAX: usize = 256;

/// Maximum number of received signals that are buffered; a slow consumer misses the oldest.
const SIGNALS_HEARD_MAX: usize = 1_024;

/// How long a silent connection is trusted before it is probed. It may be half-open, and then
/// nothing arrives any more.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Pause between two connection attempts.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Reports commits and exchanges signals.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    me: Uuid,
    /// Notified of commits of other servers: the log followers have to read the log.
    elsewhere_committed: Arc<watch::Sender<()>>,
    /// Notified of commits of this server.
    committed: Arc<watch::Sender<()>>,
    /// The other servers have to be notified.
    untold: Arc<Notify>,
    sending: mpsc::Sender<String>,
    heard: broadcast::Sender<Arc<str>>,
    listening: Arc<AtomicBool>,
}

/// The signals queued for sending.
pub(super) type Waiting = mpsc::Receiver<String>;

impl Bus {
    pub(super) fn new() -> (Self, Waiting) {
        let (sending, waiting) = mpsc::channel(SIGNALS_WAITING_MAX);
        let bus = Self {
            me: Uuid::new_v4(),
            elsewhere_committed: Arc::new(watch::Sender::new(())),
            committed: Arc::new(watch::Sender::new(())),
            untold: Arc::new(Notify::new()),
            sending,
            heard: broadcast::Sender::new(SIGNALS_HEARD_MAX),
            listening: Arc::new(AtomicBool::new(false)),
        };
        (bus, waiting)
    }

    /// Reports a commit of this server.
    pub(super) fn committed(&self) {
        self.committed.send_replace(());
        self.untold.notify_one();
    }

    /// Makes the log followers read the log, because another server may have committed.
    pub(crate) fn wake(&self) {
        self.elsewhere_committed.send_replace(());
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.elsewhere_committed.subscribe()
    }

    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.committed.subscribe()
    }

    /// Queues a signal. Returns whether there was room for it.
    pub(crate) fn send(&self, text: &str) -> bool {
        self.sending.try_send(format!("{} {text}", self.me)).is_ok()
    }

    pub(crate) fn heard(&self) -> broadcast::Receiver<Arc<str>> {
        self.heard.subscribe()
    }

    pub(crate) fn is_listening(&self) -> bool {
        AtomicBool::load(&self.listening, Relaxed)
    }

    /// Notifies the other servers, until dropped.
    pub(super) async fn notify(self, settings: Settings, mut waiting: Waiting) {
        let settings = settings.prompt();
        let mut conn: Option<Connection> = None;
        loop {
            let mut signals = Vec::new();
            let mut grown = tokio::select! {
                () = self.untold.notified() => true,
                _ = waiting.recv_many(&mut signals, SIGNALS_WAITING_MAX) => false,
            };
            let mut attempts = 0;
            loop {
                // Send the signals that were queued meanwhile too.
                while let Ok(signal) = waiting.try_recv() {
                    signals.push(signal);
                }
                let sent = match conn.as_mut() {
                    Some(conn) => tell(conn.conn(), &settings, grown.then_some(self.me), &signals).await.is_ok(),
                    None => false,
                };
                if sent {
                    break;
                }
                conn = connect_to_notify(&settings).await;
                attempts += 1;
                if conn.is_none() || attempts > 1 {
                    // Signals are not worth keeping until the connection is back.
                    signals.clear();
                    tokio::time::sleep(RECONNECT_AFTER).await;
                }
                // A server may have missed an earlier notification.
                grown = true;
            }
        }
    }

    /// Listens to the other servers, until dropped.
    pub(super) async fn listen(self, settings: Settings) {
        let settings = settings.prompt();
        loop {
            let ended = self.listen_once(&settings).await;
            let was_listening = self.listening.swap(false, Relaxed);
            if let Err(error) = ended {
                if was_listening {
                    tracing::warn!(%error, "cannot listen to the other servers; polling, and retrying to listen");
                } else {
                    tracing::debug!(%error, "still not listening to the other servers");
                }
            }
            tokio::time::sleep(RECONNECT_AFTER).await;
        }
    }

    async fn listen_once(&self, settings: &Settings) -> Result<(), ConnectError> {
        let mut conn = connect(settings).await?;
        let wire = conn.wire().clone();
        let signals = settings.channel(SIGNALS);
        let failed = |error: diesel::result::Error| ConnectError::Refused(wire.ended().unwrap_or(error.to_string()));
        conn.conn()
            .batch_execute(&format!("LISTEN {}; LISTEN {}", quoted(&settings.channel(LOG)), quoted(&signals)))
            .await
            .map_err(failed)?;
        self.listening.store(true, Relaxed);
        // Notifications may have been missed before.
        self.wake();
        let me = self.me.to_string();
        let silence_max = SILENCE_MAX.min(settings.wait_max);
        loop {
            match tokio::time::timeout(silence_max, conn.notification()).await {
                Ok(Some(notification)) => {
                    let (from, text) = notification.payload().split_once(' ').unwrap_or((notification.payload(), ""));
                    match notification.channel() {
                        _ if from == me => {}
                        // An error means that there is no subscriber.
                        channel if channel == signals => drop(self.heard.send(text.into())),
                        _ => self.wake(),
                    }
                }
                Ok(None) => return Err(ConnectError::Refused(conn.wire().ended().unwrap_or_default())),
                Err(_) => conn.conn().batch_execute("SELECT 1").await.map_err(failed)?,
            }
        }
    }
}

/// A connection for sending notifications.
async fn connect_to_notify(settings: &Settings) -> Option<Connection> {
    let mut conn = connect(settings).await.ok()?;
    // A notification does not survive a crash, so nothing is flushed for it.
    conn.conn().batch_execute("SET synchronous_commit = off").await.ok()?;
    Some(conn)
}

async fn tell(
    conn: &mut PostgresConn,
    settings: &Settings,
    grown: Option<Uuid>,
    signals: &[String],
) -> QueryResult<()> {
    if let Some(me) = grown {
        let notify = Prepared::<_, ()>::new("SELECT pg_notify($1, $2)").bind::<Text, _>(settings.channel(LOG));
        RunQueryDsl::execute(notify.bind::<Text, _>(me.to_string()), conn).await?;
    }
    if !signals.is_empty() {
        let notify = Prepared::<_, ()>::new("SELECT pg_notify($1, signal) FROM unnest($2) AS signal");
        let notify = notify.bind::<Text, _>(settings.channel(SIGNALS)).bind::<Array<Text>, _>(signals);
        RunQueryDsl::execute(notify, conn).await?;
    }
    Ok(())
}
