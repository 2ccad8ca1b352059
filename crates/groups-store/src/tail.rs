//! Following the log.

use std::sync::Arc;
use tokio::time::timeout;

use crate::inner::{Backend, Inner};
use crate::log_reads::Need;
use crate::position::{Batch, BatchLimit};
#[cfg(feature = "postgres")]
use crate::postgres::PostgresTail;
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteTail;
use crate::{Cursors, LogEntry, StoreError};

/// Follows the log from where it was opened. Returns each change once, and each group's changes in
/// version order.
///
/// A tail gets the commits of its own process directly
/// ([`recent_bytes_max`](crate::StoreOptions::recent_bytes_max)), and others from the log. The log
/// is the queue: a tail that is far behind reads it in chunks of bounded entries and bytes,
/// and never blocks other readers or the writer. Tails of a store that look into the log at the same time
/// share one read; each has its own place and its own pace.
#[derive(Debug)]
pub struct Tail {
    store: Arc<Inner>,
    place: Place,
    /// A failed read, reported after the entries before it.
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

    /// Encodes the entries' positions as tokens.
    pub fn cursors(&self) -> Cursors {
        self.store.cursors.clone()
    }

    /// Waits for changes and returns a bounded, non-empty batch of them. Cancellation-safe:
    /// dropping the future loses nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer; the next call continues where this one
    /// stopped. An unreadable change is reported once as [`StoreError::Corrupt`] and then skipped;
    /// the gap shows in the version of the group's next change. [`StoreError::OlderThanLog`] is
    /// reported once if changes were pruned before this tail read them; the next call continues
    /// with the remaining ones. [`StoreError::HistoryReplaced`] is reported once; the next call
    /// continues from the end of the new history, and clients that received earlier changes must
    /// read everything again.
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
                self.wait().await;
            }
        }
    }

    /// Like [`next`](Self::next), but returns an empty batch instead of waiting for a change.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn next_available(&mut self) -> Result<Vec<LogEntry>, StoreError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let Batch { entries, failed } = self.read().await?;
        match failed {
            Some(error) if entries.is_empty() => Err(error),
            failed => {
                self.failed = failed;
                Ok(entries)
            }
        }
    }

    async fn read(&mut self) -> Result<Batch, StoreError> {
        let poll = self.store.tail_poll;
        let need = self.place.need();
        if need.read_at.elapsed() >= poll {
            // A read of another tail in the second half of the interval will do, and from then on both poll
            // at the same time: idle tails cause one read in each interval, however many there are.
            need.add(need.read_at + poll / 2);
        }
        let id = self.store.id();
        let limit =
            BatchLimit { entries_max: self.store.tail_entries_max.max(1), bytes_max: self.store.tail_bytes_max };
        match (&self.store.backend, &mut self.place) {
            #[cfg(feature = "sqlite")]
            (Backend::Sqlite(backend), Place::Sqlite(tail)) => tail.read(backend, id, limit).await,
            #[cfg(feature = "postgres")]
            (Backend::Postgres(backend), Place::Postgres(tail)) => tail.read(backend, id, limit).await,
            // Unreachable: a tail is created by the store that it belongs to.
            #[cfg(all(feature = "sqlite", feature = "postgres"))]
            _ => Err(StoreError::Unavailable(crate::Reason::Closed)),
        }
    }

    /// Waits until something wakes it, or the next poll is due.
    async fn wait(&mut self) {
        let rest = self.store.tail_poll.saturating_sub(self.place.need().read_at.elapsed());
        // Whether it was woken makes no difference: the next read sees what there is.
        drop(timeout(rest, self.place.woken()).await);
    }
}

impl Place {
    async fn woken(&mut self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(tail) => tail.woken().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(tail) => tail.woken().await,
        }
    }

    fn need(&mut self) -> &mut Need {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(tail) => tail.need(),
            #[cfg(feature = "postgres")]
            Self::Postgres(tail) => tail.need(),
        }
    }
}
