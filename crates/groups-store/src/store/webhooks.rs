//! Webhooks.

#[cfg(feature = "postgres")]
use futures_util::FutureExt;
use groups_domain::{GroupId, Timestamp, UserId, Version};
use uuid::Uuid;

use super::Store;
#[cfg(feature = "sqlite")]
use crate::connection::SqliteConn;
use crate::inner::Backend;
use crate::queries;
use crate::read_class::ReadClass;
use crate::{
    AttemptKey, AttemptPage, Lease, NewWebhook, Position, StoreError, Webhook, WebhookChange, WebhookChanged,
    WebhookCreated, WebhookDeleted, WebhookKey, WebhookPage, WebhookProgress,
};

impl Store {
    /// Creates a webhook, which gets the changes from now on.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn create_webhook(&self, new: NewWebhook) -> Result<WebhookCreated, StoreError> {
        let store = self.inner.id();
        let created = run!(self, write, webhooks::create(store, new));
        self.of_one_history(store, created)
    }

    /// One page of the webhooks, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn webhooks(&self, after: Option<WebhookKey>, limit: u32) -> Result<WebhookPage, StoreError> {
        run!(self, read(Request), webhooks::list(after, limit))
    }

    /// One webhook; `None` if there is no such webhook.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn webhook(&self, webhook: Uuid) -> Result<Option<Webhook>, StoreError> {
        run!(self, read(Request), webhooks::get(webhook))
    }

    /// Changes the settings of a webhook, if it has the expected version.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn change_webhook(
        &self,
        webhook: Uuid,
        expected_version: Option<u64>,
        change: WebhookChange,
        at: Timestamp,
    ) -> Result<WebhookChanged, StoreError> {
        run!(self, write, webhooks::change(webhook, expected_version, change, at))
    }

    /// Deletes a webhook with its attempts, if it has the expected version.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn delete_webhook(
        &self,
        webhook: Uuid,
        expected_version: Option<u64>,
    ) -> Result<WebhookDeleted, StoreError> {
        run!(self, write, webhooks::delete(webhook, expected_version))
    }

    /// Makes a webhook active, and lets it continue after a position. Progress of deliveries that
    /// began before is refused. `None` if there is no such webhook.
    ///
    /// # Errors
    /// * [`StoreError::OlderThanLog`] if changes after the position were pruned.
    /// * [`StoreError::HistoryReplaced`] if the position belongs to another database, or to this
    ///   one before it was restored to an earlier state.
    /// * Another [`StoreError`] if the database did not answer.
    pub async fn replay_webhook(
        &self,
        webhook: Uuid,
        after: Position,
        at: Timestamp,
    ) -> Result<Option<Webhook>, StoreError> {
        let store = self.inner.id();
        let replayed = run!(self, write, webhooks::replay(store, webhook, after, at));
        self.of_one_history(store, replayed)
    }

    /// One page of the attempts to deliver to a webhook, newest first; `None` if there is no such
    /// webhook.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn webhook_attempts(
        &self,
        webhook: Uuid,
        after: Option<AttemptKey>,
        limit: u32,
    ) -> Result<Option<AttemptPage>, StoreError> {
        run!(self, read(Request), deliveries::attempts(webhook, after, limit))
    }

    /// Renews the leases of this holder, takes over every active webhook to which no other server
    /// delivers, and returns all that it holds now, oldest first. A webhook that cannot be read is
    /// logged and left out.
    ///
    /// Servers whose clocks differ by more than the lease may deliver to a webhook at the same time:
    /// the receiver then gets some messages twice, and only one of the servers can
    /// [save its progress](Self::save_webhook_progress).
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn lease_webhooks(&self, lease: Lease) -> Result<Vec<Webhook>, StoreError> {
        run!(self, write, deliveries::lease(lease))
    }

    /// Saves the progress of a delivery, if no other server has taken over the webhook and it was
    /// not replayed since. Returns whether it was saved; if not, the delivery must end. Progress of a
    /// webhook that was paused meanwhile is saved.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn save_webhook_progress(
        &self,
        progress: WebhookProgress,
        holder: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        run!(self, write, deliveries::save(progress, holder, now))
    }

    /// Gives up all leases of this holder, so that other servers need not wait until they run out.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn release_webhooks(&self, holder: Uuid) -> Result<(), StoreError> {
        run!(self, write, deliveries::release(holder))
    }

    /// One page of the users who get an event of their own for a change, in the order of their ids:
    /// members up to the version in which they left, and users whose invitation or request to join
    /// began or ended. The last page has fewer than `limit` users. Users who were erased are left out.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn users_told(
        &self,
        group: GroupId,
        version: Version,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        run!(self, read(Delivery), told::users(group, version, after, limit))
    }
}
