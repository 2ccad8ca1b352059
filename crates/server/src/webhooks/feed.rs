//! What a webhook reads from the log, as messages in log order.

use std::sync::Arc;

use groups_store::{LogEntry, Store, StoreError, Tail, Webhook};
use tokio::sync::watch;

use super::catch_up::CatchUp;
use super::event_types::are_catch_up;
use super::item::Item;
use super::message::of_change;

/// Reads the log for one webhook.
pub(crate) enum Feed {
    /// One message for each change.
    Changes(Box<Tail>),
    /// One message for each user and batch of changes.
    CatchUp(Box<CatchUp>),
}

impl Feed {
    /// # Errors
    /// [`StoreError::OlderThanLog`] or [`StoreError::HistoryReplaced`] if the log no longer has what
    /// follows the position of the webhook, or another [`StoreError`].
    pub(crate) async fn open(store: &Store, webhook: &Webhook) -> Result<Self, StoreError> {
        let tail = store.tail_from(Some(webhook.position.clone())).await?;
        Ok(match are_catch_up(webhook.types.as_deref()) {
            false => Self::Changes(Box::new(tail)),
            true => Self::CatchUp(Box::new(CatchUp::new(store.clone(), tail, webhook.position.clone()))),
        })
    }

    /// Waits for the next changes. Must not be dropped before it returns. The settings of the webhook
    /// are those at the time of its return.
    ///
    /// # Errors
    /// As for [`Tail::next`]. The next call continues after what could not be read.
    pub(crate) async fn next(&mut self, settings: &watch::Receiver<Arc<Webhook>>) -> Result<Vec<Item>, StoreError> {
        match self {
            Self::Changes(tail) => {
                let cursors = tail.cursors();
                let entries = tail.next().await?;
                let webhook = Arc::clone(&settings.borrow());
                let types = webhook.types.as_deref();
                let item = |entry: &LogEntry| {
                    let (key, position) = (entry.change.group_id().uuid(), entry.position.clone());
                    match of_change(entry, &cursors, types) {
                        Some(message) => Item::Send { key, position, message },
                        None => Item::Skip(position),
                    }
                };
                Ok(entries.iter().map(item).collect())
            }
            Self::CatchUp(batches) => batches.next().await,
        }
    }
}
