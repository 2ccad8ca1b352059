//! Whether somebody still waits for a read that takes several steps.

use std::sync::{Arc, Weak};

use crate::{Reason, StoreError};

/// What a read knows of its caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller(Weak<()>);

/// Held by the future that waits for the read; dropped with it.
pub(crate) struct Waits {
    _token: Arc<()>,
}

impl Caller {
    pub(crate) fn new() -> (Self, Waits) {
        let token = Arc::new(());
        (Self(Arc::downgrade(&token)), Waits { _token: token })
    }

    /// Fails if nobody waits any longer, so that the read ends here. Nobody receives the error.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.0.strong_count() == 0 { Err(StoreError::Unavailable(Reason::Closed)) } else { Ok(()) }
    }
}
