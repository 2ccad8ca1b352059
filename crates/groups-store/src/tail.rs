//! Following the log.

use std::sync::Arc;
use std::time::Duration;

use crate::position::{Batch, BatchLimit};
#[cfg(feature = "postgres")]
use crate::postgres::PostgresTail;
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteTail;
use crate::store::{Backend, Inner};
use crate::{Cursors, LogEntry, StoreError};

/// Follows the log from where it was opened: each change once, each group's in version order.
///
/// The log is the queue: a tail that is far behind reads it in pieces of bounded entries and bytes, and holds up nobody.
#[derive(Debug)]
pub struct Tail {
    store: Arc<Inner>,
    place: Place,
    /// What could not be read, to be reported after what stands before it.
    failed: Option<StoreError>,
}

#[derive(Debug)]
pub(crate) enum Place {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteTail),
    #[cfg(feature = "postgres")]
    Postgres(PostgresTail),
}

impl Tail {
    pub(crate) fn new(store: Arc<Inner>, place: Place) -> Self {
        Self { store, place, failed: None }
    }

    /// Makes the tokens of the entries' positions.
    pub fn cursors(&self) -> Cursors {
        self.store.cursors.clone()
    }

    /// Waits for changes and gives a bounded number of them, never none. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer; the next call goes on where this one stopped. A change that
    /// cannot be read is reported once as [`StoreError::Corrupt`] and then passed over: the group's next change shows by
    /// its version that one is missing. [`StoreError::OlderThanLog`] is reported once if changes were pruned before this tail
    /// had read them, and the next call goes on with those that are kept. [`StoreError::HistoryReplaced`] is reported once, and the next call goes on from the end of the new
    /// history: readers that were told of changes before have to read everything again.
    pub async fn next(&mut self) -> Result<Vec<LogEntry>, StoreError> {
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            let Batch { entries, failed } = self.read().await?;
            self.failed = failed;
            if !entries.is_empty() {
                return Ok(entries);
            }
            if self.failed.is_none() {
                self.wait(self.store.tail_poll).await;
            }
        }
    }

    async fn read(&mut self) -> Result<Batch, StoreError> {
        let id = self.store.id();
        let limit =
            BatchLimit { entries_max: self.store.tail_entries_max.max(1), bytes_max: self.store.tail_bytes_max };
        match (&self.store.backend, &mut self.place) {
            #[cfg(feature = "sqlite")]
            (Backend::Sqlite(backend), Place::Sqlite(tail)) => tail.read(backend, id, limit).await,
            #[cfg(feature = "postgres")]
            (Backend::Postgres(backend), Place::Postgres(tail)) => tail.read(backend, id, limit).await,
            // A tail is made by the store that it belongs to.
            #[cfg(all(feature = "sqlite", feature = "postgres"))]
            _ => Err(StoreError::Unavailable(crate::Reason::Closed)),
        }
    }

    /// Waits until something wakes it, or for so long.
    async fn wait(&mut self, poll: Duration) {
        // Either way the log is read next.
        let _woken_or_not = match &mut self.place {
            #[cfg(feature = "sqlite")]
            Place::Sqlite(tail) => tokio::time::timeout(poll, tail.woken()).await,
            #[cfg(feature = "postgres")]
            Place::Postgres(tail) => tokio::time::timeout(poll, tail.woken()).await,
        };
    }
}
