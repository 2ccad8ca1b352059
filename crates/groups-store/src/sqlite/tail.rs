//! Follows the log on SQLite, where changes are committed in log order.

use groups_domain::ReadPoint;
use tokio::sync::watch;
use uuid::Uuid;

use super::backend::SqliteBackend;
use super::queries::log_from;
use crate::connection::{Connection, SqliteConn};
use crate::position::{Batch, BatchLimit, entries};
use crate::queries::sinks;
use crate::read_class::ReadClass;
use crate::{Position, StoreError};

/// The state of a log follower.
#[derive(Debug)]
pub(crate) struct SqliteTail {
    next: u64,
    /// The end of the last gap that was reported: changes pruned before they were read.
    gap_end: u64,
    committed: watch::Receiver<()>,
}

impl SqliteTail {
    /// Follows the log from a position, or from its current end.
    pub(crate) async fn open(backend: &SqliteBackend, from: Option<Position>) -> Result<Self, StoreError> {
        let (store, committed) = (backend.id(), backend.commits());
        let next = backend.read(ReadClass::Delivery, async move |conn: &mut SqliteConn| match from {
            None => Ok(conn.read_point().await?.point.below),
            Some(from) => {
                let next = from.first_unknown();
                sinks::check_kept(conn, store, from).await?;
                Ok(next)
            }
        });
        Ok(Self { next: next.await?, gap_end: 0, committed })
    }

    /// The next changes; empty if there are none.
    pub(crate) async fn read(
        &mut self,
        backend: &SqliteBackend,
        store: Uuid,
        limit: BatchLimit,
    ) -> Result<Batch, StoreError> {
        // A commit after this point wakes the next wait, even if this read already sees it.
        self.committed.mark_unchanged();
        let from = self.next;
        let rows = async move |conn: &mut SqliteConn| log_from(conn, from, limit).await;
        let (rows, floor) = backend.read(ReadClass::Delivery, rows).await?;
        if floor > self.next && floor > self.gap_end {
            self.gap_end = floor;
            return Err(StoreError::OlderThanLog);
        }
        let Some(last) = rows.last() else { return Ok(Batch::default()) };
        self.next = last.commit_id.0 + 1;
        let seen = ReadPoint { below: self.next, except: Vec::new() };
        Ok(entries(store, rows, &seen, [], SqliteConn::COMMIT_ORDER))
    }

    /// Waits until there may be something to read.
    pub(crate) async fn woken(&mut self) {
        if self.committed.changed().await.is_err() {
            // The writer has ended; the next read reports that.
            std::future::pending::<()>().await;
        }
    }
}
