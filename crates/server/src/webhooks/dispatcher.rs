//! Starts and stops the tasks of webhooks: one for each webhook whose lease this server has.
//!
//! Webhooks and their leases are in the database. A server that dies loses its leases, and another one
//! continues at the saved positions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use groups_store::{Lease, PauseReason, Webhook, WebhookState};
use groups_supervisor::Cause;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::lease::LEASE;
use super::runner::{Context, Ended, Runner};
use crate::clock;

/// How often the leases are renewed, and the settings of webhooks are read: one small query.
const POLL: Duration = Duration::from_secs(2);

/// Pause before a task starts again that has ended without being asked to.
const RESTART_PAUSE: Duration = Duration::from_secs(2);

/// The same after a panic.
const PANIC_PAUSE: Duration = Duration::from_secs(10);

/// How often paused webhooks are counted.
const COUNT_EVERY: Duration = Duration::from_secs(30);

/// Webhooks that are counted: more than there can be.
const COUNT_MAX: u32 = 1_000;

/// How long running tasks have to save their progress in a graceful shutdown.
const STOP_TIME_MAX: Duration = Duration::from_millis(500);

/// What [`Dispatcher::run`] waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct DispatcherSignals {
    /// A webhook was created, changed or deleted by this server.
    pub(crate) changed: Arc<Notify>,
    /// The server shuts down.
    pub(crate) stop: CancellationToken,
}

/// Keeps one task running for each webhook of this server.
pub(crate) struct Dispatcher {
    context: Context,
    signals: DispatcherSignals,
    lease_end: watch::Sender<Instant>,
    tasks: HashMap<Uuid, Task>,
    /// Webhooks whose task must not start yet.
    not_before: HashMap<Uuid, Instant>,
    count_at: Instant,
    /// Dropped when all tasks have ended.
    stopped: Option<watch::Sender<()>>,
}

/// A running task. It is aborted when this is dropped.
struct Task {
    handle: JoinHandle<Ended>,
    settings: watch::Sender<Arc<Webhook>>,
    stop: CancellationToken,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl Dispatcher {
    pub(crate) fn new(
        context: Context,
        signals: DispatcherSignals,
        lease_end: watch::Sender<Instant>,
        stopped: watch::Sender<()>,
    ) -> Self {
        let (tasks, not_before) = (HashMap::new(), HashMap::new());
        Self { context, signals, lease_end, tasks, not_before, count_at: Instant::now(), stopped: Some(stopped) }
    }

    /// Delivers until it is dropped. After a shutdown it does nothing more.
    pub(crate) async fn run(mut self) {
        loop {
            self.look().await;
            tokio::select! {
                () = self.signals.stop.cancelled() => break,
                () = self.signals.changed.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        let tasks: Vec<Task> = self.tasks.drain().map(|(_, task)| task).collect();
        let mut stopping = tasks;
        stopping.iter().for_each(|task| task.stop.cancel());
        // Elapsed: what is not saved is delivered again.
        let _ended_or_elapsed =
            timeout(STOP_TIME_MAX, join_all(stopping.iter_mut().map(|task| &mut task.handle))).await;
        drop(stopping);
        self.stopped = None;
        std::future::pending::<()>().await;
    }

    /// Renews the leases, and starts and stops tasks so that they match.
    async fn look(&mut self) {
        self.remove_ended().await;
        // Before the database reads its clock, so that the lease ends here first.
        let asked = Instant::now();
        let lease = Lease { holder: self.context.holder, now: clock::now(), valid_for: LEASE };
        match self.context.store.lease_webhooks(lease).await {
            Ok(webhooks) => {
                // First, tasks that have lost their lease end.
                self.match_tasks(webhooks);
                self.lease_end.send_replace(asked + LEASE);
            }
            // The tasks continue for as long as the lease allows.
            Err(error) => tracing::warn!(%error, "the leases of webhooks could not be renewed; will retry"),
        }
        if Instant::now() >= self.count_at {
            self.count_at = Instant::now() + COUNT_EVERY;
            self.count_paused().await;
        }
    }

    async fn remove_ended(&mut self) {
        let ended: Vec<Uuid> =
            self.tasks.iter().filter(|(_, task)| task.handle.is_finished()).map(|(id, _)| *id).collect();
        let now = Instant::now();
        for webhook_id in ended {
            let Some(mut task) = self.tasks.remove(&webhook_id) else { continue };
            match (&mut task.handle).await {
                Ok(Ended::Stopped) => {}
                Ok(ended) => {
                    tracing::debug!(%webhook_id, ?ended, "the task of a webhook has ended");
                    self.not_before.insert(webhook_id, now + RESTART_PAUSE);
                }
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        let cause = Cause::of_panic(&*panic);
                        tracing::error!(%webhook_id, %cause, "the task of a webhook has panicked; it starts again after a pause");
                        self.context.stats.panicked();
                    }
                    self.not_before.insert(webhook_id, now + PANIC_PAUSE);
                }
            }
        }
        self.not_before.retain(|_, at| *at > now);
    }

    fn match_tasks(&mut self, webhooks: Vec<Webhook>) {
        let mut wanted: HashMap<Uuid, Webhook> =
            webhooks.into_iter().map(|webhook| (webhook.webhook_id, webhook)).collect();
        for (webhook_id, task) in &self.tasks {
            let Some(webhook) = wanted.remove(webhook_id) else {
                task.stop.cancel();
                continue;
            };
            let running = Arc::clone(&task.settings.borrow());
            if is_another(&running, &webhook) {
                // It starts again when it has ended.
                task.stop.cancel();
            } else if running.version != webhook.version {
                task.settings.send_replace(Arc::new(webhook));
            }
        }
        for (webhook_id, webhook) in wanted {
            if !self.not_before.contains_key(&webhook_id) {
                self.tasks.insert(webhook_id, self.start(webhook));
            }
        }
    }

    fn start(&self, webhook: Webhook) -> Task {
        let (settings, received) = watch::channel(Arc::new(webhook));
        let stop = self.signals.stop.child_token();
        let runner = Runner::new(self.context.clone(), received, stop.clone());
        let ended = SignalOnDrop(Arc::clone(&self.signals.changed));
        let handle = tokio::spawn(async move {
            let _ended = ended;
            runner.run().await
        });
        Task { handle, settings, stop }
    }

    /// Counts paused webhooks by reason, for operators.
    async fn count_paused(&self) {
        let webhooks = match self.context.store.webhooks(None, COUNT_MAX).await {
            Ok(page) => page.webhooks,
            Err(error) => {
                tracing::warn!(%error, "webhooks could not be counted");
                return;
            }
        };
        let mut paused = BTreeMap::from_iter(PAUSE_REASONS.map(|reason| (reason_name(reason), 0)));
        for webhook in webhooks {
            if let WebhookState::Paused(reason) = webhook.state {
                *paused.entry(reason_name(reason)).or_default() += 1;
            }
        }
        self.context.stats.set_paused(paused);
    }
}

/// Whether a task cannot continue with these settings.
fn is_another(running: &Webhook, webhook: &Webhook) -> bool {
    // Messages that were read before may be of types that are no longer wanted.
    running.generation != webhook.generation || running.types != webhook.types
}

const PAUSE_REASONS: [PauseReason; 4] =
    [PauseReason::Operator, PauseReason::Failed, PauseReason::Gone, PauseReason::LogExpired];

fn reason_name(reason: PauseReason) -> &'static str {
    match reason {
        PauseReason::Operator => "operator",
        PauseReason::Failed => "failed",
        PauseReason::Gone => "gone",
        PauseReason::LogExpired => "log_expired",
    }
}

/// Wakes the dispatcher when a task ends, even by a panic.
struct SignalOnDrop(Arc<Notify>);

impl Drop for SignalOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
