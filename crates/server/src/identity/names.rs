//! Display names, as tokens tell them, kept so that others see more than an id.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use groups_domain::UserId;
use groups_store::{Store, StoreError};

/// What was written last, so that a name is written when it is new and not at every request.
#[derive(Default)]
pub(crate) struct Names {
    written: Mutex<HashMap<UserId, String>>,
}

impl Names {
    /// The most names remembered here. One more empties the memory: names are then written once again, and nothing else happens.
    const REMEMBERED_MAX: usize = 50_000;

    /// Whether a name differs from what was written last; from now on it does not.
    pub(crate) fn is_news(&self, user_id: UserId, name: &str) -> bool {
        let mut written = self.lock();
        if written.get(&user_id).is_some_and(|known| known == name) {
            return false;
        }
        if written.len() >= Self::REMEMBERED_MAX {
            written.clear();
        }
        written.insert(user_id, name.to_owned());
        true
    }

    /// Writes a name.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written; it is news again then.
    pub(crate) async fn write(&self, store: &Store, user_id: UserId, name: &str) -> Result<(), StoreError> {
        let written = store.remember_name(user_id, name).await;
        if written.is_err() {
            self.lock().remove(&user_id);
        }
        written
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, String>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
