//! Messages between the servers on one database: commits, that the log has grown, and short signals
//! that may be lost.
//!
//! The log is the source of truth, and the bus only saves reading it: a lost notification delays
//! readers until the next poll. NOTIFY in a committing transaction would take a database-wide lock,
//! so it is sent after the commit, on a connection of its own, once for all commits made meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use diesel::QueryResult;
use diesel::sql_types::{Array, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::announcement;
use super::connection::{ConnectError, Connection, Settings, connect, quoted};
use super::history::History;
use super::parts::{self, Joined, Joining};
use super::peers::{HELLO_EVERY, Peers};
use super::statement::Prepared;
use crate::connection::PostgresConn;
use crate::recent_commits::{Follower, Next, RecentCommits};

/// The channel for the log. The payload is the id of the sending server if the log has grown, and
/// otherwise a [part](super::parts) of a commit.
const LOG: &str = "groups_log";

/// The channel for signals. The payload is the id of the sending server, a space, and the text.
const SIGNALS: &str = "groups_signals";

/// Maximum number of signals queued for sending; above it the newest are dropped.
const SIGNALS_WAITING_MAX: usize = 256;

/// Maximum size of commits in bytes that are sent together. With more, the other servers read the
/// log.
const COMMITS_BYTES_MAX: usize = 256 * 1024;

/// Maximum number of received signals that are buffered; a slow consumer misses the oldest.
const SIGNALS_HEARD_MAX: usize = 1_024;

/// How long a silent connection is trusted before it is probed. It may be half-open, and then
/// nothing arrives any more.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Pause between two notifications while no other server is known, which would have said that it is there.
/// They are for servers that do not, and for messages that were lost.
const UNHEARD_PAUSE: Duration = Duration::from_millis(200);

/// Pause between two connection attempts.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Reports commits and exchanges signals.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    me: Uuid,
    /// When another server may have committed last: the log followers have to read the log after that.
    elsewhere_committed: Arc<watch::Sender<std::time::Instant>>,
    /// Notified of commits of this server.
    committed: Arc<watch::Sender<()>>,
    /// The other servers have to be notified.
    untold: Arc<Notify>,
    /// They have to read the log, because a commit cannot be announced.
    unannounced: Arc<AtomicBool>,
    peers: Arc<Peers>,
    sending: mpsc::Sender<String>,
    heard: broadcast::Sender<Arc<str>>,
    listening: Arc<AtomicBool>,
}

/// What the bus needs of the store in order to announce commits.
#[derive(Clone)]
pub(super) struct Commits {
    pub(super) recent: RecentCommits,
    pub(super) history: Arc<History>,
}

/// The signals queued for sending.
pub(super) type Waiting = mpsc::Receiver<String>;

impl Bus {
    pub(super) fn new() -> (Self, Waiting) {
        let (sending, waiting) = mpsc::channel(SIGNALS_WAITING_MAX);
        let bus = Self {
            me: Uuid::new_v4(),
            elsewhere_committed: Arc::new(watch::Sender::new(std::time::Instant::now())),
            committed: Arc::new(watch::Sender::new(())),
            untold: Arc::new(Notify::new()),
            unannounced: Arc::default(),
            peers: Arc::default(),
            sending,
            heard: broadcast::Sender::new(SIGNALS_HEARD_MAX),
            listening: Arc::new(AtomicBool::new(false)),
        };
        (bus, waiting)
    }

    /// Reports a commit of this server, which is among the recent commits.
    pub(super) fn committed(&self) {
        self.committed.send_replace(());
        self.untold.notify_one();
    }

    /// Reports a commit of this server, which log followers everywhere have to read.
    pub(super) fn committed_unannounced(&self) {
        self.unannounced.store(true, Relaxed);
        self.wake();
        self.committed();
    }

    /// Whether the other servers have to read the log, because a commit cannot be announced. Reported
    /// once.
    pub(crate) fn take_unannounced(&self) -> bool {
        self.unannounced.swap(false, Relaxed)
    }

    /// Makes the log followers read the log, because another server may have committed.
    pub(crate) fn wake(&self) {
        self.elsewhere_committed.send_modify(|at| *at = std::time::Instant::now());
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<std::time::Instant> {
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
    pub(super) async fn notify(self, settings: Settings, commits: Commits, mut waiting: Waiting) {
        let settings = settings.prompt();
        let mut conn: Option<Connection> = None;
        let mut own = commits.recent.follow();
        let mut told_at = Instant::now();
        loop {
            let mut signals = self.wait_for_news(&mut waiting, told_at).await;
            let (mut texts, mut grown) = self.announcements(&mut own, &commits.history);
            let mut attempts = 0;
            loop {
                // Send the signals that were queued meanwhile too.
                while let Ok(signal) = waiting.try_recv() {
                    signals.push(signal);
                }
                let sent = match conn.as_mut() {
                    Some(conn) => tell(conn.conn(), &settings, &self.log_texts(&texts, grown), &signals).await.is_ok(),
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
                (texts, grown) = (Vec::new(), true);
            }
            if !texts.is_empty() || grown {
                told_at = Instant::now();
            }
        }
    }

    /// Waits until there is something to tell: signals, if any, and news of the log. `told_at`: when
    /// something was told last.
    async fn wait_for_news(&self, waiting: &mut Waiting, told_at: Instant) -> Vec<String> {
        let (mut signals, mut has_grown) = (Vec::new(), false);
        loop {
            let silence_max = if has_grown { UNHEARD_PAUSE } else { HELLO_EVERY };
            tokio::select! {
                () = self.untold.notified() => has_grown = true,
                _ = waiting.recv_many(&mut signals, SIGNALS_WAITING_MAX) => {}
                () = sleep_until(told_at + silence_max) => {
                    self.unannounced.fetch_or(!has_grown, Relaxed);
                    return signals;
                }
            }
            let is_heard = !self.peers.is_empty(Instant::now());
            if is_heard || !signals.is_empty() || AtomicBool::load(&self.unannounced, Relaxed) {
                return signals;
            }
        }
    }

    /// The commits of this server that are not announced yet, as texts, and whether the other
    /// servers have to read the log.
    fn announcements(&self, own: &mut Follower, history: &History) -> (Vec<String>, bool) {
        let (store, mut grown) = (history.id(), self.take_unannounced());
        let (mut texts, mut bytes) = (Vec::new(), 0);
        let nobody_is_known = self.peers.is_empty(Instant::now());
        loop {
            let commit = match own.next() {
                Next::Commit(commit) => commit,
                Next::Missed(_) => {
                    grown = true;
                    continue;
                }
                Next::None => break,
            };
            if !commit.is_own {
                continue;
            }
            // Nobody is known who could use more than a hint.
            let text = if nobody_is_known { None } else { announcement::encode(store, &commit) };
            match text.filter(|text| bytes + text.len() <= COMMITS_BYTES_MAX) {
                Some(text) => {
                    bytes += text.len();
                    texts.push(text);
                }
                None => grown = true,
            }
        }
        (texts, grown)
    }

    /// The payloads for the log's channel.
    fn log_texts(&self, texts: &[String], grown: bool) -> Vec<String> {
        let me = self.me.to_string();
        let parts = texts.iter().flat_map(|text| parts::split(text)).map(|part| format!("{me} {part}"));
        parts.chain(grown.then(|| me.clone())).collect()
    }

    /// Listens to the other servers, until dropped.
    pub(super) async fn listen(self, settings: Settings, commits: Commits) {
        let settings = settings.prompt();
        loop {
            let ended = self.listen_once(&settings, &commits).await;
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

    async fn listen_once(&self, settings: &Settings, commits: &Commits) -> Result<(), ConnectError> {
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
        // The other servers learn that this one listens.
        self.unannounced.store(true, Relaxed);
        self.untold.notify_one();
        let me = self.me.to_string();
        let silence_max = SILENCE_MAX.min(settings.wait_max);
        let mut joining = Joining::default();
        loop {
            match tokio::time::timeout(silence_max, conn.notification()).await {
                Ok(Some(notification)) => {
                    let (from, text) = notification.payload().split_once(' ').unwrap_or((notification.payload(), ""));
                    if from == me {
                        continue;
                    }
                    self.hear(from);
                    match notification.channel() {
                        // An error means that there is no subscriber.
                        channel if channel == signals => drop(self.heard.send(text.into())),
                        _ => match joining.add(from, text) {
                            Joined::Part => {}
                            Joined::Whole(text) => self.hear_announcement(commits, Some(&text)),
                            Joined::Other => self.wake(),
                        },
                    }
                }
                Ok(None) => return Err(ConnectError::Refused(conn.wire().ended().unwrap_or_default())),
                Err(_) => conn.conn().batch_execute("SELECT 1").await.map_err(failed)?,
            }
        }
    }

    /// Another server has said something.
    fn hear(&self, from: &str) {
        if self.peers.is_new(from, Instant::now()) {
            // It learns that this server exists, too.
            self.unannounced.store(true, Relaxed);
            self.untold.notify_one();
        }
    }

    /// Passes an announced commit on to the log followers. Any other text makes them read the log.
    pub(super) fn hear_announcement(&self, commits: &Commits, text: Option<&str>) {
        let (store, epoch) = commits.history.id_and_epoch();
        match text.and_then(|text| announcement::decode(store, text)) {
            Some(changes) => commits.recent.push_of_another_server(epoch, changes),
            None => self.wake(),
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

async fn tell(conn: &mut PostgresConn, settings: &Settings, log: &[String], signals: &[String]) -> QueryResult<()> {
    for (channel, texts) in [(LOG, log), (SIGNALS, signals)] {
        if !texts.is_empty() {
            let notify = Prepared::<_, ()>::new("SELECT pg_notify($1, text) FROM unnest($2) AS text");
            let notify = notify.bind::<Text, _>(settings.channel(channel)).bind::<Array<Text>, _>(texts);
            RunQueryDsl::execute(notify, conn).await?;
        }
    }
    Ok(())
}
