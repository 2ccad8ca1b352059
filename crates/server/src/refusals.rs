//! Delayed rejections. A client that is rejected immediately tends to retry immediately, and such a
//! loop costs more than executing the change.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::Problem;

/// Delays rejections, up to a maximum number at the same time.
pub(crate) struct Refusals {
    pause: Duration,
    held: Semaphore,
}

impl Refusals {
    /// Delays each rejection by `pause`. If `held_max` rejections are already delayed, a rejection
    /// is sent immediately and its connection is closed.
    pub(crate) fn new(pause: Duration, held_max: usize) -> Self {
        Self { pause, held: Semaphore::new(held_max) }
    }

    /// Returns the rejection after the delay. Cancellation-safe: a client that disconnects frees
    /// its slot.
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
    async fn a_refusal_beyond_the_limit_is_sent_immediately_and_closes_the_connection() {
        let refusal = || Problem::new(Code::RateLimited, "Too many changes.");
        let refusals = Refusals::new(Duration::from_secs(3_600), 1);
        let mut held = pin!(refusals.hold(refusal()));
        assert_eq!(held.as_mut().now_or_never(), None);
        assert_eq!(refusals.hold(refusal()).now_or_never(), Some(refusal().closing()));
    }
}
