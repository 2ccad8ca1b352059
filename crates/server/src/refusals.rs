//! Refusals that are held back: one that is answered at once is asked for again at once, and costs the others more than a change.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::Problem;

/// Holds back refusals, a bounded number at once.
pub(crate) struct Refusals {
    pause: Duration,
    held: Semaphore,
}

impl Refusals {
    /// Holds each back for `pause`. Beyond `held_max` at once, a refusal is answered immediately and ends its connection.
    pub(crate) fn new(pause: Duration, held_max: usize) -> Self {
        Self { pause, held: Semaphore::new(held_max) }
    }

    /// Returns the refusal after the pause. Cancellation-safe: a client that leaves frees its place.
    pub(crate) async fn hold(&self, refusal: Problem) -> Problem {
        match self.held.try_acquire() {
            Ok(_held) => {
                sleep(self.pause).await;
                refusal
            }
            Err(_) => refusal.closing(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;
    use crate::Code;

    #[tokio::test]
    async fn what_does_not_fit_is_refused_at_once_and_ends_its_connection() {
        let refusal = || Problem::new(Code::RateLimited, "Too many changes.");
        let refusals = Refusals::new(Duration::from_secs(3_600), 1);
        let mut held = pin!(refusals.hold(refusal()));
        assert_eq!(held.as_mut().now_or_never(), None);
        assert_eq!(refusals.hold(refusal()).now_or_never(), Some(refusal().closing()));
    }
}
