//! Connections to SQLite, which run each call in place.

use std::error::Error;

use diesel::SqliteConnection;
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::StoreError;

/// A connection to SQLite. Its calls block until they finish when their future is polled.
pub(crate) type SqliteConn = SyncConnectionWrapper<SqliteConnection, InPlace>;

/// Runs each database call in place: the threads of the SQLite backend may block.
#[derive(Debug)]
pub(crate) struct InPlace;

impl SpawnBlocking for InPlace {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        std::future::ready(Ok(task())).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// Polls a future once. All calls of these connections finish in place, so a future that waits for
/// nothing else is then complete.
pub(crate) fn in_place<T>(future: impl Future<Output = T>) -> Option<T> {
    future.now_or_never()
}

/// The error of a future that was not complete.
pub(crate) fn not_in_place() -> StoreError {
    StoreError::Database { detail: "a call of SQLite did not finish in place".to_owned() }
}
