//! Connections to SQLite, which run each call in place.

use diesel::connection::SimpleConnection as _;
use diesel::{QueryResult, SqliteConnection};
use futures_util::FutureExt;

use crate::StoreError;

/// A connection to SQLite. Its calls block until they finish: the threads of the SQLite backend may
/// block.
///
/// Unlike diesel-async's wrapper of a blocking connection, it copies neither rows nor bound values,
/// and finds the prepared statement of most queries without building their text.
pub(crate) struct SqliteConn(SqliteConnection);

impl SqliteConn {
    pub(crate) fn new(conn: SqliteConnection) -> Self {
        Self(conn)
    }

    /// The connection for Diesel.
    pub(crate) fn diesel(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }

    /// Runs statements without parameters and results.
    pub(crate) fn batch_execute(&mut self, statements: &str) -> QueryResult<()> {
        self.0.batch_execute(statements)
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
