//! NATS between the servers (<https://docs.nats.io/nats-concepts/core-nats>). Its at-most-once
//! delivery is enough for a bus that only sends hints.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use actix_web::web::Bytes;
use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use futures_util::StreamExt;
use groups_store::{CommitMessages, Store};
use groups_supervisor::Supervisor;
use tokio::sync::mpsc;

use super::inlet::Inlet;

/// Maximum number of queued signals. When the queue is full, new signals are dropped.
const SIGNALS_WAITING_MAX: usize = 256;

/// Send timeout. A message that is lost or late does no harm.
const SENDING_MAX: Duration = Duration::from_secs(2);

/// Interval of pings on an idle connection.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Maximum delay between two connection attempts.
const RECONNECT_AFTER_MAX: Duration = Duration::from_secs(2);

/// A connection to NATS, which reconnects automatically.
#[derive(Clone)]
pub(crate) struct Nats {
    sending: mpsc::Sender<String>,
    up: Arc<AtomicBool>,
}

impl Nats {
    /// Queues a text for the other servers, or drops it if the connection is down or the queue is
    /// full.
    pub(super) fn send(&self, text: String) {
        // A signal that cannot be sent now is useless later.
        let _dropped_or_not = self.up.load(Relaxed) && self.sending.try_send(text).is_ok();
    }

    pub(super) fn is_up(&self) -> bool {
        self.up.load(Relaxed)
    }
}

/// Connects once, and disconnects again.
pub(super) async fn try_connect(urls: &str) -> Result<(), String> {
    let client = ConnectOptions::new().name("groups check").connect(addresses(urls)?).await;
    client.map(drop).map_err(|error| format!("NATS: {error}"))
}

fn addresses(urls: &str) -> Result<Vec<ServerAddr>, String> {
    let addresses = urls.split(',').map(|url| url.trim().parse::<ServerAddr>()).collect::<Result<Vec<_>, _>>();
    // The error's own message may contain the password.
    addresses.map_err(|_| "GROUPS_NATS_URL: not a URL such as nats://127.0.0.1:4222".to_owned())
}

/// Connects now, or as soon as NATS is reachable. Several comma-separated URLs are members of one
/// cluster.
pub(super) async fn start(urls: &str, store: &Store, inlet: &Inlet, supervisor: &Supervisor) -> Result<Nats, String> {
    let addresses = addresses(urls)?;
    let up = Arc::new(AtomicBool::new(false));
    let (state, waking) = (Arc::clone(&up), store.clone());
    let options = ConnectOptions::new()
        .name("groups")
        .no_echo()
        .retry_on_initial_connect()
        .ping_interval(PING_EVERY)
        .reconnect_delay_callback(|attempts| {
            let doubled = Duration::from_millis(50 << attempts.min(10));
            doubled.min(RECONNECT_AFTER_MAX)
        })
        .event_callback(move |event| {
            tracing::debug!(%event, "NATS");
            match event {
                Event::Connected => {
                    state.store(true, Relaxed);
                    // Wake-ups may have been missed while disconnected.
                    waking.wake();
                }
                Event::Disconnected | Event::Closed => state.store(false, Relaxed),
                _ => {}
            }
            std::future::ready(())
        });
    let failed = |error: &dyn std::fmt::Display| format!("NATS: {error}");
    let client = options.connect(addresses).await.map_err(|error| failed(&error))?;
    // Subjects contain the store id, because several deployments may share one NATS.
    let (log, typing) = (format!("groups.{}.log", store.id()), format!("groups.{}.typing", store.id()));
    let grown = client.subscribe(log.clone()).await.map_err(|error| failed(&error))?;
    let signals = client.subscribe(typing.clone()).await.map_err(|error| failed(&error))?;
    let (sending, waiting) = mpsc::channel(SIGNALS_WAITING_MAX);
    if let Some(messages) = store.commit_messages() {
        supervisor.spawn("nats: telling of commits", tell_of_commits(client.clone(), log, messages));
    }
    supervisor.spawn("nats: sending signals", tell_signals(client, typing, waiting));
    supervisor.spawn("nats: hearing of commits", wake_on_commits(grown, store.clone()));
    supervisor.spawn("nats: hearing signals", hear_signals(signals, inlet.clone()));
    Ok(Nats { sending, up })
}

async fn tell_of_commits(client: Client, subject: String, mut messages: CommitMessages) {
    while let Some(message) = messages.next().await {
        say(&client, &subject, message).await;
    }
    // The store was closed, and this service ends.
    std::future::pending().await
}

async fn tell_signals(client: Client, subject: String, mut waiting: mpsc::Receiver<String>) {
    while let Some(text) = waiting.recv().await {
        say(&client, &subject, text).await;
    }
}

async fn say(client: &Client, subject: &str, text: impl Into<Bytes>) {
    let sent = tokio::time::timeout(SENDING_MAX, async {
        client.publish(subject.to_owned(), text.into()).await.map_err(|error| error.to_string())?;
        client.flush().await.map_err(|error| error.to_string())
    });
    match sent.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(error, subject, "message not sent to the other servers"),
        Err(_) => tracing::debug!(subject, "message not sent to the other servers in time"),
    }
}

async fn wake_on_commits(mut grown: Subscriber, store: Store) {
    while let Some(message) = grown.next().await {
        store.hear_commit(&message.payload);
    }
}

async fn hear_signals(mut signals: Subscriber, inlet: Inlet) {
    while let Some(message) = signals.next().await {
        if let Ok(text) = std::str::from_utf8(&message.payload) {
            inlet.receive(text);
        }
    }
}
