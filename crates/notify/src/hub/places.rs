//! How many connections each user has, over all workers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use groups_domain::UserId;
use tokio::sync::Notify;

/// The count. Its lock is taken when a client comes and when it goes, and held for one look-up.
pub(crate) struct Places {
    per_user_max: u32,
    users: Mutex<HashMap<UserId, u32, RandomState>>,
    connections: AtomicUsize,
    left: Notify,
}

/// A connection's place; given back when it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    user_id: UserId,
}

impl Places {
    pub(crate) fn new(per_user_max: u32) -> Arc<Self> {
        Arc::new(Self { per_user_max, users: Mutex::default(), connections: AtomicUsize::new(0), left: Notify::new() })
    }

    /// A place, where the user has one left.
    pub(crate) fn take(this: &Arc<Self>, user_id: UserId) -> Option<Place> {
        let mut users = this.users.lock().unwrap_or_else(PoisonError::into_inner);
        let count = users.entry(user_id).or_default();
        if *count >= this.per_user_max {
            if *count == 0 {
                users.remove(&user_id);
            }
            return None;
        }
        *count += 1;
        this.connections.fetch_add(1, SeqCst);
        Some(Place { places: Arc::clone(this), user_id })
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Waits until nobody is connected.
    pub(crate) async fn all_left(&self) {
        loop {
            let left = self.left.notified();
            if self.connections() == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut users = self.places.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = users.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                users.remove(&self.user_id);
            }
        }
        drop(users);
        if self.places.connections.fetch_sub(1, SeqCst) == 1 {
            self.places.left.notify_waiters();
        }
    }
}
