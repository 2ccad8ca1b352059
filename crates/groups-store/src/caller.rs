//! Detects that the caller of a multi-step read has gone.

use std::sync::{Arc, Weak};

use crate::{Reason, StoreError};

/// The read's view of its caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller(Weak<()>);

/// Held by the future that waits for the read, and dropped with it.
pub(crate) struct Waits {
    _token: Arc<()>,
}

impl Caller {
    pub(crate) fn new() -> (Self, Waits) {
        let token = Arc::new(());
        (Self(Arc::downgrade(&token)), Waits { _token: token })
    }

    /// Fails if the caller has gone, so that the read stops. Nobody receives the error.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.0.strong_count() == 0 { Err(StoreError::Unavailable(Reason::Closed)) } else { Ok(()) }
    }
}
