//! Results of queries, apart from the code that runs the queries. So that code, with its retries and
//! deadlines, is compiled once, and not for each kind of result.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::pool::Body;
use crate::StoreError;
use crate::connection::PostgresConn;
use crate::query_error::QueryError;

/// Where work leaves its result.
pub(super) struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Slot<T> {
    pub(super) fn fill(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    /// The result of work that has succeeded.
    pub(super) fn take(&self) -> Result<T, StoreError> {
        let value = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Unreachable: work that succeeds has filled it.
        value.ok_or_else(|| StoreError::Database { detail: "a query has no result".to_owned() })
    }
}

/// A query that leaves its result in the slot.
pub(super) fn slotted<T: Send + 'static>(
    body: impl for<'c> Fn(&'c mut PostgresConn) -> BoxFuture<'c, Result<T, QueryError>> + Send + Sync + 'static,
) -> (Slot<T>, Body) {
    let slot = Slot::default();
    let filled = slot.clone();
    let body = erased(move |conn| {
        let (result, filled) = (body(conn), filled.clone());
        async move {
            filled.fill(result.await?);
            Ok(())
        }
        .boxed()
    });
    (slot, body)
}

/// Lets the compiler infer that the connection may have any lifetime.
fn erased(
    body: impl for<'c> Fn(&'c mut PostgresConn) -> BoxFuture<'c, Result<(), QueryError>> + Send + Sync + 'static,
) -> Body {
    Box::new(body)
}
