//! Keeps reads away from a replica for a while after it has failed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long the replica is skipped after a failure. Then one read tries it, while others still skip
/// it.
pub(super) const SKIPPED: Duration = Duration::from_secs(2);

/// Whether the replica is tried.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    /// Until when it is skipped; `None` if the last read worked.
    skipped_until: Mutex<Option<Instant>>,
}

impl Circuit {
    /// Whether a read may try the replica.
    pub(super) fn admits(&self, now: Instant) -> bool {
        let mut skipped_until = self.lock();
        match *skipped_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                *skipped_until = Some(now + SKIPPED);
                true
            }
        }
    }

    /// Notes a failure. Returns whether it is the first one in a row.
    pub(super) fn failed(&self, now: Instant) -> bool {
        self.lock().replace(now + SKIPPED).is_none()
    }

    /// Notes a success. Returns whether the replica was skipped before.
    pub(super) fn worked(&self) -> bool {
        self.lock().take().is_some()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.skipped_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_one_read_at_a_time_tries_the_replica_until_one_works() {
        let (circuit, start) = (Circuit::default(), Instant::now());
        assert!(circuit.admits(start) && circuit.admits(start) && circuit.is_closed());
        assert!(circuit.failed(start), "the first one");
        assert!(!circuit.failed(start), "a read that was running");
        assert!(!circuit.admits(start + SKIPPED / 2) && !circuit.is_closed());
        let later = start + SKIPPED;
        assert!(circuit.admits(later));
        assert!(!circuit.admits(later), "another one is trying");
        assert!(!circuit.failed(later));
        assert!(circuit.admits(later + SKIPPED));
        assert!(circuit.worked());
        assert!(!circuit.worked());
        assert!(circuit.admits(later + SKIPPED) && circuit.is_closed());
    }
}
