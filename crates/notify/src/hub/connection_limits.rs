//! Limits the connections per user, over all workers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use groups_domain::UserId;
use tokio::sync::Notify;

use crate::HubLimits;
use crate::clock::Moment;

/// Connection counts. The lock is taken when a client connects and disconnects, and held for one
/// lookup.
pub(crate) struct ConnectionLimits {
    limits: Arc<HubLimits>,
    users: Mutex<HashMap<UserId, Taken, RandomState>>,
    connections: AtomicUsize,
    left: Notify,
}

/// The slots that a user occupies.
#[derive(Default)]
struct Taken {
    count: u32,
    /// How often the user was disconnected since the first of these slots was taken.
    disconnects: u32,
    /// Until when the rate of accepted excess connections is used up.
    excess_until: Moment,
}

/// Whether a client may connect.
pub(crate) enum Entry {
    Admitted(ConnectionPermit),
    /// The user has too many connections. This one is accepted and closed, because a close code is
    /// all that a page in a browser can see.
    Excess(ConnectionPermit),
    /// The user has too many connections, and too many were accepted in order to be closed. The
    /// upgrade is refused; retry after this time.
    Refused(Duration),
}

/// The user of a connection, and the slot that it takes. Dropping it frees the slot.
pub(crate) struct ConnectionPermit {
    /// Where the slot is counted. `None`: the user had none left, and the connection is closed at once.
    connection_limits: Option<Arc<ConnectionLimits>>,
    user_id: UserId,
    /// The user's disconnects when the slot was taken.
    disconnects: u32,
}

impl ConnectionPermit {
    pub(crate) fn without_slot(user_id: UserId) -> Self {
        Self { connection_limits: None, user_id, disconnects: 0 }
    }

    pub(crate) fn has_slot(&self) -> bool {
        self.connection_limits.is_some()
    }

    pub(crate) fn user_id(&self) -> UserId {
        self.user_id
    }

    /// Whether the user was disconnected after the slot was taken.
    pub(crate) fn is_revoked(&self) -> bool {
        let Some(connection_limits) = &self.connection_limits else { return false };
        let users = connection_limits.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.get(&self.user_id).is_some_and(|taken| taken.disconnects != self.disconnects)
    }
}

impl ConnectionLimits {
    pub(crate) fn new(limits: Arc<HubLimits>) -> Arc<Self> {
        Arc::new(Self { limits, users: Mutex::default(), connections: AtomicUsize::new(0), left: Notify::new() })
    }

    /// Takes a slot, if the user has one left.
    pub(crate) fn take(this: &Arc<Self>, now: Moment, user_id: UserId) -> Entry {
        let HubLimits { connections_per_user_max, excess_interval, excess_burst, .. } = *this.limits;
        if connections_per_user_max == 0 {
            return Entry::Refused(excess_interval);
        }
        let mut users = this.users.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = users.entry(user_id).or_default();
        if taken.count >= connections_per_user_max {
            let until = taken.excess_until.max(now) + excess_interval;
            let wait_millis = until.millis_since(now + excess_interval * excess_burst);
            if wait_millis > 0 {
                return Entry::Refused(Duration::from_millis(wait_millis));
            }
            taken.excess_until = until;
            return Entry::Excess(ConnectionPermit::without_slot(user_id));
        }
        taken.count += 1;
        this.connections.fetch_add(1, SeqCst);
        let disconnects = taken.disconnects;
        Entry::Admitted(ConnectionPermit { connection_limits: Some(Arc::clone(this)), user_id, disconnects })
    }

    /// Revokes the permits of a user whose connections are not established yet.
    pub(crate) fn disconnect(&self, user_id: UserId) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = users.get_mut(&user_id) {
            taken.disconnects = taken.disconnects.wrapping_add(1);
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Waits until no client is connected.
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

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let Some(connection_limits) = &self.connection_limits else { return };
        let mut users = connection_limits.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = users.get_mut(&self.user_id) {
            taken.count -= 1;
            if taken.count == 0 {
                users.remove(&self.user_id);
            }
        }
        drop(users);
        if connection_limits.connections.fetch_sub(1, SeqCst) == 1 {
            connection_limits.left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "tests fail by panicking")]

    use uuid::Uuid;

    use super::*;

    const ADA: UserId = UserId::new(Uuid::from_u128(1));
    const BOB: UserId = UserId::new(Uuid::from_u128(2));

    fn connection_limits() -> Arc<ConnectionLimits> {
        let limits = HubLimits {
            connections_per_user_max: 2,
            excess_interval: Duration::from_secs(1),
            excess_burst: 10,
            ..HubLimits::default()
        };
        ConnectionLimits::new(Arc::new(limits))
    }

    fn admitted(entry: Entry) -> ConnectionPermit {
        match entry {
            Entry::Admitted(permit) => permit,
            Entry::Excess(_) | Entry::Refused(_) => panic!("there was a slot"),
        }
    }

    #[test]
    fn connections_beyond_the_limit_are_closed_with_a_reason_at_a_low_rate_and_then_refused_before_the_upgrade() {
        let connection_limits = connection_limits();
        let at = |seconds| Moment::since_start(Duration::from_secs(seconds));
        let mut taken: Vec<_> =
            (0..2).map(|_| admitted(ConnectionLimits::take(&connection_limits, at(100), ADA))).collect();
        let told = (0..1_000)
            .filter(|_| matches!(ConnectionLimits::take(&connection_limits, at(100), ADA), Entry::Excess(_)))
            .count();
        assert_eq!(told, 10);
        let Entry::Refused(wait) = ConnectionLimits::take(&connection_limits, at(100), ADA) else {
            panic!("it was told often enough")
        };
        assert_eq!(wait, Duration::from_secs(1));
        let told = (0..1_000)
            .filter(|_| matches!(ConnectionLimits::take(&connection_limits, at(103), ADA), Entry::Excess(_)))
            .count();
        assert_eq!(told, 3, "one a second");
        // Other users are not affected, and a freed slot can be taken.
        admitted(ConnectionLimits::take(&connection_limits, at(103), BOB));
        taken.pop();
        taken.push(admitted(ConnectionLimits::take(&connection_limits, at(103), ADA)));
        assert_eq!(connection_limits.connections(), 2);
        drop(taken);
        assert!(connection_limits.users.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
    }
}
