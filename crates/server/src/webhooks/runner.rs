//! Delivers to one webhook: reads the log, sends messages, and saves how far it is.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use groups_domain::Timestamp;
use groups_store::{PauseReason, Position, Store, StoreError, Webhook, WebhookAttempt, WebhookProgress};
use groups_supervisor::Supervisor;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::feed::Feed;
use super::item::Item;
use super::lanes::{Attempt, Lanes, Moment};
use super::lease::LeaseEnd;
use super::sender::{Message, Sender, Sent};
use super::stats::{Observed, WebhookStats};
use crate::clock;

/// Time from one write of the progress to the next.
const SAVE_EVERY: Duration = Duration::from_millis(250);

/// Pause after the database has failed.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// How long the end of a runner waits for the database.
const LAST_SAVE_TIME_MAX: Duration = Duration::from_millis(400);

/// How long the first undelivered message may fail before the webhook is paused.
const FAILING_MAX: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Attempts that wait to be written to the delivery log. Older ones are dropped: the log of a webhook
/// has no more in any case.
const ATTEMPTS_MAX: usize = 500;

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A feed that was lent to its task, and what it has read.
type Read = (Feed, Result<Vec<Item>, StoreError>);

/// A request that has ended.
struct Answered {
    attempt: Attempt<Message>,
    sent: Sent,
    /// When it began.
    at: Timestamp,
    /// The settings that it was sent with.
    webhook: Arc<Webhook>,
}

/// What a runner needs of its server.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) sender: Arc<Sender>,
    pub(crate) stats: WebhookStats,
    /// Only for faults that tests inject. A panic is contained by the dispatcher.
    pub(crate) supervisor: Supervisor,
    /// Identifies this process as the holder of leases.
    pub(crate) holder: Uuid,
    pub(crate) lease: LeaseEnd,
    /// A random number from 0 to 1.
    pub(crate) random: fn() -> f64,
}

/// Why a runner has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was asked to.
    Stopped,
    /// The webhook is paused now.
    Paused(PauseReason),
    /// The webhook was replayed, paused or deleted, or another server has its lease.
    Superseded,
}

/// Delivers to one webhook until it ends.
pub(crate) struct Runner {
    context: Context,
    settings: watch::Receiver<Arc<Webhook>>,
    webhook: Arc<Webhook>,
    stop: CancellationToken,
    /// The name of the task.
    task: String,
    observed: Observed,
    started: Instant,
    lanes: Lanes<Uuid, Position, Message>,
    /// What was read and has no room in the lanes yet.
    read: VecDeque<Item>,
    /// `None` while it reads.
    feed: Option<Feed>,
    reading: Option<Task<Read>>,
    requests: FuturesUnordered<Task<Answered>>,
    saving: Option<Task<Result<bool, StoreError>>>,
    /// The progress that is written, or was written last.
    saved: Saved,
    save_at: Instant,
    /// No earlier than this, the log is read again.
    read_at: Instant,
    attempts: VecDeque<WebhookAttempt>,
    last_error: Option<String>,
    pause: Option<PauseReason>,
}

#[derive(Clone, PartialEq, Eq)]
struct Saved {
    position: Position,
    failing_since: Option<Timestamp>,
    last_error: Option<String>,
    pause: Option<PauseReason>,
}

impl Runner {
    pub(crate) fn new(context: Context, mut settings: watch::Receiver<Arc<Webhook>>, stop: CancellationToken) -> Self {
        let webhook = Arc::clone(&settings.borrow_and_update());
        let observed = context.stats.observe(webhook.webhook_id);
        let saved = Saved {
            position: webhook.position.clone(),
            failing_since: webhook.failing_since,
            last_error: webhook.last_error.clone(),
            pause: None,
        };
        let now = Instant::now();
        Self {
            context,
            settings,
            stop,
            task: format!("webhook {}", webhook.webhook_id),
            observed,
            started: now,
            lanes: Lanes::new(webhook.failing_since),
            read: VecDeque::new(),
            feed: None,
            reading: None,
            requests: FuturesUnordered::new(),
            saving: None,
            saved,
            save_at: now,
            read_at: now,
            attempts: VecDeque::new(),
            last_error: webhook.last_error.clone(),
            pause: None,
            webhook,
        }
    }

    /// Delivers until the webhook is stopped or paused, or another server has its lease.
    pub(crate) async fn run(mut self) -> Ended {
        if let Some(ended) = self.open().await {
            return ended;
        }
        loop {
            self.fill();
            self.start_reading();
            self.start_requests();
            self.start_saving();
            self.observe();
            let wake_at = self.wake_at();
            tokio::select! {
                () = self.stop.cancelled() => return self.finish(Ended::Stopped).await,
                Some(answered) = self.requests.next(), if !self.requests.is_empty() => {
                    self.answered(answered);
                }
                (feed, items) = finished(&mut self.reading) => {
                    self.feed = Some(feed);
                    self.has_read(items);
                }
                result = finished(&mut self.saving) => {
                    if let Some(ended) = self.has_saved(result) {
                        return ended;
                    }
                }
                changed = self.settings.changed() => {
                    if changed.is_err() {
                        return self.finish(Ended::Stopped).await;
                    }
                    self.configure();
                }
                () = self.context.lease.renewed() => {}
                () = sleep_until(wake_at) => {}
            }
        }
    }

    /// Opens the log at the position of the webhook.
    async fn open(&mut self) -> Option<Ended> {
        loop {
            match Feed::open(&self.context.store, &self.webhook).await {
                Ok(feed) => {
                    self.feed = Some(feed);
                    return None;
                }
                Err(error) if is_expired(&error) => {
                    self.expired(&error);
                    return None;
                }
                Err(error) => {
                    tracing::warn!(webhook_id = %self.webhook.webhook_id, %error, "the log cannot be read; will retry");
                    if timeout(DATABASE_PAUSE, self.stop.cancelled()).await.is_ok() {
                        return Some(Ended::Stopped);
                    }
                }
            }
        }
    }

    /// Moves what was read into the lanes, as far as there is room.
    fn fill(&mut self) {
        while self.lanes.has_room()
            && let Some(item) = self.read.pop_front()
        {
            match item {
                Item::Skip(position) => self.lanes.skip(position),
                Item::SendUnlessWaiting { key, position, .. } if self.lanes.waits(key) => self.lanes.skip(position),
                Item::Send { key, position, message } | Item::SendUnlessWaiting { key, position, message } => {
                    let bytes = message.body.len();
                    self.lanes.push(position, key, message, bytes);
                }
            }
        }
    }

    fn start_reading(&mut self) {
        if self.pause.is_some() || !self.read.is_empty() || !self.lanes.has_room() || Instant::now() < self.read_at {
            return;
        }
        let Some(mut feed) = self.feed.take() else { return };
        let settings = self.settings.clone();
        self.reading = Some(Box::pin(async move {
            let items = feed.next(&settings).await;
            (feed, items)
        }));
    }

    fn has_read(&mut self, items: Result<Vec<Item>, StoreError>) {
        match items {
            Ok(items) => self.read.extend(items),
            Err(error) if is_expired(&error) => self.expired(&error),
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(webhook_id = %self.webhook.webhook_id, %error, "a change cannot be read and was not delivered");
            }
            Err(error) => {
                tracing::warn!(webhook_id = %self.webhook.webhook_id, %error, "the log cannot be read; will retry");
                self.read_at = Instant::now() + DATABASE_PAUSE;
            }
        }
    }

    fn expired(&mut self, error: &StoreError) {
        tracing::error!(webhook_id = %self.webhook.webhook_id, %error, "the log no longer has what a webhook has to deliver; it is paused");
        self.last_error = Some("The log no longer has the changes after the position.".to_owned());
        self.pause(PauseReason::LogExpired);
    }

    /// Sends nothing more, and writes the reason at once.
    fn pause(&mut self, reason: PauseReason) {
        self.pause = Some(reason);
        self.save_at = Instant::now();
    }

    fn start_requests(&mut self) {
        self.context.supervisor.fault_point(&self.task);
        let now = Instant::now();
        while self.pause.is_none()
            && self.context.lease.allows_request(now)
            && let Some(attempt) = self.lanes.next(self.moment(now))
        {
            let (sender, webhook) = (Arc::clone(&self.context.sender), Arc::clone(&self.webhook));
            self.requests.push(Box::pin(async move {
                let at = clock::now();
                let sent = sender.send(&webhook.url, &webhook.secrets, &attempt.message, at).await;
                Answered { attempt, sent, at, webhook }
            }));
        }
    }

    fn answered(&mut self, Answered { attempt, sent, at, webhook }: Answered) {
        self.context.stats.attempted(&sent);
        if !sent.is_delivered() && webhook.url != self.webhook.url {
            // The receiver of before says nothing about the one of now.
            self.lanes.failed(attempt.number, self.moment(Instant::now()), at, 0.0, None);
            self.lanes.retry_now();
        } else if sent.is_delivered() {
            self.lanes.delivered(attempt.number);
            if self.lanes.failing_since().is_none() {
                self.last_error = None;
            }
        } else {
            self.failed(&attempt, &sent);
        }
        if self.attempts.len() == ATTEMPTS_MAX {
            self.attempts.pop_front();
        }
        self.attempts.push_back(WebhookAttempt {
            message_id: attempt.message.id.clone(),
            event_type: attempt.message.event_type.clone(),
            at,
            attempt: attempt.attempt,
            status: sent.status,
            duration_ms: sent.duration_ms(),
            error: sent.error,
            response: sent.response,
        });
    }

    fn failed(&mut self, attempt: &Attempt<Message>, sent: &Sent) {
        let (webhook_id, now) = (self.webhook.webhook_id, clock::now());
        tracing::debug!(%webhook_id, message_id = attempt.message.id, attempt = attempt.attempt, error = ?sent.error, "a message was not delivered");
        self.last_error.clone_from(&sent.error);
        let (moment, random) = (self.moment(Instant::now()), (self.context.random)());
        self.lanes.failed(attempt.number, moment, now, random, sent.retry_after);
        let failing = self.lanes.failing_since().map(|since| now.unix_millis().saturating_sub(since.unix_millis()));
        if sent.is_gone() {
            tracing::warn!(%webhook_id, "a receiver answered 410; its webhook is paused");
            self.pause(PauseReason::Gone);
        } else if failing.is_some_and(|millis| u128::try_from(millis).unwrap_or(0) > FAILING_MAX.as_millis()) {
            tracing::error!(%webhook_id, "a receiver has failed for three days; its webhook is paused");
            self.pause(PauseReason::Failed);
        }
    }

    /// Writes the progress if it has changed.
    fn start_saving(&mut self) {
        if self.saving.is_none() && Instant::now() >= self.save_at {
            self.saving = self.save();
        }
    }

    fn save(&mut self) -> Option<Task<Result<bool, StoreError>>> {
        let next = Saved {
            position: self.lanes.position().unwrap_or(&self.webhook.position).clone(),
            failing_since: self.lanes.failing_since(),
            last_error: self.last_error.clone(),
            pause: self.pause,
        };
        if next == self.saved && self.attempts.is_empty() {
            return None;
        }
        self.saved = next.clone();
        self.save_at = Instant::now() + SAVE_EVERY;
        let progress = WebhookProgress {
            webhook_id: self.webhook.webhook_id,
            generation: self.webhook.generation,
            position: next.position,
            failing_since: next.failing_since,
            last_error: next.last_error,
            attempts: std::mem::take(&mut self.attempts).into(),
            pause: next.pause,
        };
        let (store, holder) = (self.context.store.clone(), self.context.holder);
        Some(Box::pin(async move { store.save_webhook_progress(progress, holder, clock::now()).await }))
    }

    fn has_saved(&mut self, result: Result<bool, StoreError>) -> Option<Ended> {
        match result {
            Ok(true) => self.saved.pause.map(Ended::Paused),
            Ok(false) => Some(Ended::Superseded),
            Err(error) => {
                tracing::warn!(webhook_id = %self.webhook.webhook_id, %error, "the progress of a webhook could not be stored; will retry");
                // Differs from everything, so that it is written again.
                self.saved.last_error = Some(String::new());
                self.saved.pause = None;
                self.save_at = Instant::now() + DATABASE_PAUSE;
                None
            }
        }
    }

    /// Writes the progress a last time. What is in flight is sent again.
    async fn finish(mut self, ended: Ended) -> Ended {
        let saving = async {
            if let Some(saving) = self.saving.take() {
                saving.await?;
            }
            match self.save() {
                Some(saving) => saving.await,
                None => Ok(true),
            }
        };
        match timeout(LAST_SAVE_TIME_MAX, saving).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(webhook_id = %self.webhook.webhook_id, "the last progress of a webhook could not be stored");
            }
        }
        ended
    }

    fn configure(&mut self) {
        let next = Arc::clone(&self.settings.borrow_and_update());
        if next.url != self.webhook.url || next.secrets.current != self.webhook.secrets.current {
            self.lanes.retry_now();
        }
        self.webhook = next;
    }

    fn observe(&self) {
        let (oldest, failing_since) = match self.lanes.oldest() {
            Some((message, failing_since)) => (Some(message.at), failing_since),
            None => (None, None),
        };
        self.observed.set(oldest, failing_since.is_some());
    }

    /// When there is something to do that no event announces.
    fn wake_at(&self) -> Instant {
        let now = Instant::now();
        let far = now + Duration::from_secs(60);
        // Otherwise the renewal of the lease wakes it.
        let may_send = self.pause.is_none() && self.context.lease.allows_request(now);
        let retry = self.lanes.next_at().filter(|_| may_send).map_or(far, |moment| self.started + moment);
        let is_dirty = !self.attempts.is_empty()
            || self.saved.pause != self.pause
            || self.lanes.position().is_some_and(|position| *position != self.saved.position);
        let save = if is_dirty && self.saving.is_none() { self.save_at } else { far };
        let read = if self.feed.is_some() && self.read_at > now { self.read_at } else { far };
        retry.min(save).min(read).min(far)
    }

    fn moment(&self, now: Instant) -> Moment {
        now.saturating_duration_since(self.started)
    }
}

/// Whether the log no longer has what follows a position.
fn is_expired(error: &StoreError) -> bool {
    matches!(error, StoreError::OlderThanLog | StoreError::HistoryReplaced)
}

/// Waits for a task, if there is one, and removes it when it ends.
async fn finished<T>(task: &mut Option<Task<T>>) -> T {
    match task {
        Some(running) => {
            let result = running.await;
            *task = None;
            result
        }
        None => std::future::pending().await,
    }
}
