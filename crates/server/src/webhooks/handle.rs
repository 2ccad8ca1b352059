//! What the rest of the service uses of webhooks.

use std::sync::Arc;
use std::time::Duration;

use groups_store::{Store, Webhook};
use groups_supervisor::Supervisor;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::dispatcher::{Dispatcher, DispatcherSignals};
use super::lease::LeaseEnd;
use super::message::of_test;
use super::runner::Context;
use super::sender::{Sender, UrlRefused};
use super::stats::WebhookStats;
use crate::clock;

/// How long a shutdown waits for the running deliveries, and then for the release of the leases.
const STOP_TIME_MAX: Duration = Duration::from_millis(700);

/// The result of a test message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestResult {
    pub(crate) delivered: bool,
    /// The status of the response, if there was one.
    pub(crate) status: Option<u16>,
    /// Why the message was not delivered.
    pub(crate) error: Option<String>,
    pub(crate) duration_ms: u32,
    /// The start of the response, if it is not empty.
    pub(crate) response: Option<String>,
}

/// Checks, tests and wakes webhooks. Clones share the same state.
#[derive(Clone)]
pub(crate) struct Webhooks {
    sender: Arc<Sender>,
    signals: DispatcherSignals,
    /// Closed when no task of a webhook runs any more.
    stopped: watch::Receiver<()>,
    holder: Uuid,
}

impl Webhooks {
    /// Starts to deliver. `shared`: whether other servers may use the same database.
    pub(crate) fn start(
        store: &Store,
        supervisor: &Supervisor,
        stats: WebhookStats,
        allow_private: bool,
        shared: bool,
    ) -> Self {
        let sender = Arc::new(Sender::new(allow_private));
        let signals = DispatcherSignals::default();
        // A database that only one process can use belongs to the process that has it open. So its
        // leases are those of the process before, and it waits for none of them after a crash.
        let holder = if shared { Uuid::new_v4() } else { store.id() };
        let (lease_end, lease) = watch::channel(Instant::now());
        let (ended, stopped) = watch::channel(());
        let context = Context {
            store: store.clone(),
            sender: Arc::clone(&sender),
            stats,
            supervisor: supervisor.clone(),
            holder,
            lease: LeaseEnd::new(lease),
            random: || Uuid::new_v4().as_u64_pair().0 as f64 / u64::MAX as f64,
        };
        let dispatcher = Dispatcher::new(context, signals.clone(), lease_end, ended);
        supervisor.spawn("webhooks", dispatcher.run());
        Self { sender, signals, stopped, holder }
    }

    /// Checks the URL of a new or changed webhook.
    ///
    /// # Errors
    /// [`UrlRefused`], whose text is for the caller.
    pub(crate) async fn check_url(&self, url: &str) -> Result<(), UrlRefused> {
        self.sender.check_url(url).await
    }

    /// Sends a test message now, whatever the state of the webhook is. Takes at most as long as any
    /// request to a receiver.
    pub(crate) async fn send_test(&self, webhook: &Webhook) -> TestResult {
        let now = clock::now();
        let message = of_test(webhook.webhook_id, Uuid::new_v4(), now);
        let sent = self.sender.send(&webhook.url, &webhook.secrets, &message, now).await;
        TestResult {
            delivered: sent.is_delivered(),
            status: sent.status,
            duration_ms: sent.duration_ms(),
            error: sent.error,
            response: sent.response,
        }
    }

    /// A webhook was created, changed, replayed or deleted by this server.
    pub(crate) fn changed(&self) {
        self.signals.changed.notify_one();
    }

    /// Ends the deliveries and gives the leases to other servers. Must be called before the store is
    /// closed. If the database does not answer, they run out.
    pub(crate) async fn stop(&self, store: &Store) {
        self.signals.stop.cancel();
        let mut stopped = self.stopped.clone();
        let stopping = async {
            // Nothing is ever sent; an error means that the sender was dropped.
            while stopped.changed().await.is_ok() {}
            store.release_webhooks(self.holder).await
        };
        match timeout(STOP_TIME_MAX, stopping).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the leases of webhooks could not be released"),
            Err(_) => tracing::warn!("webhooks did not stop in time"),
        }
    }
}
