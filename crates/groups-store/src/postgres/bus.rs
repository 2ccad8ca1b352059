//! What the servers on one database tell each other: that the log has grown, and short signals that may be lost.
//!
//! The log is the truth, and a bus only wakes: a notification that is lost costs the time until the next poll. NOTIFY in a
//! committing transaction would take a lock on the whole database, so it is sent afterwards, on a connection of its own, once
//! for however many commits were made meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use diesel::QueryResult;
use diesel::sql_types::{Array, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use uuid::Uuid;

use super::Conn;
use super::connection::{ConnectError, Connection, Settings, connect, quoted};

/// Says that the log has grown. The payload is the id of the server that says so.
const LOG: &str = "groups_log";

/// Carries signals: the id of the server, a space, and the text.
const SIGNALS: &str = "groups_signals";

/// Signals that wait to be sent; with more the newest are dropped.
const SIGNALS_WAITING_MAX: usize = 256;

/// Signals that were heard and wait to be taken; whoever is slower misses the oldest.
const SIGNALS_HEARD_MAX: usize = 1_024;

/// How long a silent connection is trusted before it is asked whether it is still there. That may be a half-open one, on which
/// nothing is heard any more.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Between two attempts to connect.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Where commits are reported and signals are exchanged.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    me: Uuid,
    /// Told of what anybody has committed: wakes those who follow the log.
    here: Arc<watch::Sender<()>>,
    /// Told of what this server has committed.
    committed: Arc<watch::Sender<()>>,
    elsewhere: Arc<Notify>,
    sending: mpsc::Sender<String>,
    heard: broadcast::Sender<Arc<str>>,
    listening: Arc<AtomicBool>,
}

/// The signals that wait to be sent.
pub(super) type Waiting = mpsc::Receiver<String>;

impl Bus {
    pub(super) fn new() -> (Self, Waiting) {
        let (sending, waiting) = mpsc::channel(SIGNALS_WAITING_MAX);
        let bus = Self {
            me: Uuid::new_v4(),
            here: Arc::new(watch::Sender::new(())),
            committed: Arc::new(watch::Sender::new(())),
            elsewhere: Arc::new(Notify::new()),
            sending,
            heard: broadcast::Sender::new(SIGNALS_HEARD_MAX),
            listening: Arc::new(AtomicBool::new(false)),
        };
        (bus, waiting)
    }

    /// This server has committed: somebody may want to read the log now.
    pub(super) fn committed(&self) {
        self.here.send_replace(());
        self.committed.send_replace(());
        self.elsewhere.notify_one();
    }

    /// Another server may have committed.
    pub(crate) fn wake(&self) {
        self.here.send_replace(());
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.here.subscribe()
    }

    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.committed.subscribe()
    }

    /// Whether there was room for it.
    pub(crate) fn send(&self, text: &str) -> bool {
        self.sending.try_send(format!("{} {text}", self.me)).is_ok()
    }

    pub(crate) fn heard(&self) -> broadcast::Receiver<Arc<str>> {
        self.heard.subscribe()
    }

    pub(crate) fn is_listening(&self) -> bool {
        AtomicBool::load(&self.listening, Relaxed)
    }

    /// Tells the other servers, until dropped.
    pub(super) async fn notify(self, settings: Settings, mut waiting: Waiting) {
        let settings = settings.prompt();
        let mut conn: Option<Connection> = None;
        loop {
            let mut signals = Vec::new();
            let mut grown = tokio::select! {
                () = self.elsewhere.notified() => true,
                _ = waiting.recv_many(&mut signals, SIGNALS_WAITING_MAX) => false,
            };
            let mut attempts = 0;
            loop {
                // What came meanwhile goes with it.
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
                conn = connect(&settings).await.ok();
                attempts += 1;
                if conn.is_none() || attempts > 1 {
                    // They are not worth keeping for later.
                    signals.clear();
                    tokio::time::sleep(RECONNECT_AFTER).await;
                }
                // Somebody may not have been told before.
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
                    tracing::warn!(%error, "not listening to the other servers; polling goes on, and so do attempts to listen");
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
        // Something may have been said before.
        self.wake();
        let me = self.me.to_string();
        let silence_max = SILENCE_MAX.min(settings.wait_max);
        loop {
            match tokio::time::timeout(silence_max, conn.notification()).await {
                Ok(Some(notification)) => {
                    let (from, text) = notification.payload().split_once(' ').unwrap_or((notification.payload(), ""));
                    match notification.channel() {
                        _ if from == me => {}
                        // Where nobody takes signals, there is nobody to miss them.
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

async fn tell(conn: &mut Conn, settings: &Settings, grown: Option<Uuid>, signals: &[String]) -> QueryResult<()> {
    if let Some(me) = grown {
        let notify = diesel::sql_query("SELECT pg_notify($1, $2)").bind::<Text, _>(settings.channel(LOG));
        notify.bind::<Text, _>(me.to_string()).execute(conn).await?;
    }
    if !signals.is_empty() {
        let notify = diesel::sql_query("SELECT pg_notify($1, signal) FROM unnest($2) AS signal");
        let notify = notify.bind::<Text, _>(settings.channel(SIGNALS));
        notify.bind::<Array<Text>, _>(signals).execute(conn).await?;
    }
    Ok(())
}
