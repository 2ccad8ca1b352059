//! How often one user may change things: a token bucket for each.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use groups_domain::UserId;

use crate::{Code, Problem};

type Buckets = RateLimiter<UserId, HashMapStateStore<UserId>, DefaultClock>;

/// The limit on the changing requests of each user; `None` is no limit.
pub(crate) struct Limiter(Option<Buckets>);

impl Limiter {
    /// How many seconds' worth of requests may come at once.
    const BURST_SECONDS: u32 = 4;
    /// How often the buckets of users who have been quiet are thrown away.
    pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(60);

    /// `changes_per_second` changing requests for each user, 0 being no limit.
    pub(crate) fn new(changes_per_second: u32) -> Self {
        let burst = NonZeroU32::new(changes_per_second.saturating_mul(Self::BURST_SECONDS));
        let changes = NonZeroU32::new(changes_per_second).zip(burst);
        Self(changes.map(|(rate, burst)| RateLimiter::hashmap(Quota::per_second(rate).allow_burst(burst))))
    }

    /// # Errors
    /// [`Code::RateLimited`], with the time to wait.
    pub(crate) fn check(&self, user_id: UserId) -> Result<(), Problem> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        buckets.check_key(&user_id).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Problem::new(Code::RateLimited, "too many changes in too short a time").retry_after(seconds)
        })
    }

    /// Forgets who has been quiet.
    pub(crate) fn sweep(&self) {
        if let Some(buckets) = &self.0 {
            buckets.retain_recent();
        }
    }
}
