//! A boxed future that makes its owner `Sync`.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

/// A boxed future. It is only polled through `&mut`, so the mutex is never locked: it is there because a future is not `Sync`, and
/// a shared reference to a watch could not be held across an `await` otherwise.
pub(super) struct SyncFuture<T>(Mutex<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T> SyncFuture<T> {
    pub(super) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Mutex::new(Box::pin(future)))
    }

    /// Waits for its result. Cancellation-safe; not to be called after it has returned.
    pub(super) async fn result(&mut self) -> T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().await
    }
}
