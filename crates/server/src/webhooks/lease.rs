//! How long this server may deliver.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::sender::REQUEST_TIME_MAX;

/// How long a lease is valid. Each look at the database renews it.
pub(crate) const LEASE: Duration = Duration::from_secs(20);

/// Time between the end of the last possible request and the end of the lease.
const MARGIN: Duration = Duration::from_secs(1);

/// The end of the leases of this server, on its monotonic clock.
#[derive(Clone, Debug)]
pub(crate) struct LeaseEnd(watch::Receiver<Instant>);

impl LeaseEnd {
    pub(crate) fn new(end: watch::Receiver<Instant>) -> Self {
        Self(end)
    }

    /// Whether a request that starts now ends before the lease, so that no other server sends at the
    /// same time.
    pub(crate) fn allows_request(&self, now: Instant) -> bool {
        now + REQUEST_TIME_MAX + MARGIN <= *self.0.borrow()
    }

    /// Waits until the lease was renewed.
    pub(crate) async fn renewed(&mut self) {
        if self.0.changed().await.is_err() {
            // The task that renews it has ended, and with it all that wait here.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_starts_only_if_it_ends_before_the_lease() {
        let now = Instant::now();
        let (_renew, end) = watch::channel(now + LEASE);
        let lease = LeaseEnd::new(end);
        assert!(lease.allows_request(now) && lease.allows_request(now + Duration::from_secs(4)));
        assert!(!lease.allows_request(now + Duration::from_secs(5)));
    }
}
