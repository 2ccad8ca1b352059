//! Following the log.

use crate::{LogEntry, Reason, StoreError};

/// Follows the log from where it was opened: every change once, each group's in version order.
#[derive(Debug)]
pub struct Tail {}

impl Tail {
    /// Waits for changes and gives a bounded number of them, never none. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer; the next call goes on where this one stopped.
    pub async fn next(&mut self) -> Result<Vec<LogEntry>, StoreError> {
        Err(StoreError::Unavailable(Reason::Closed))
    }
}
