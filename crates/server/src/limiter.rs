//! How often one user may change things or be seen typing: a token bucket for each.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use groups_domain::{GroupId, UserId};

use crate::{Code, Problem};

type Buckets<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

/// The limits on what one user asks for.
pub(crate) struct Limiter {
    /// `None` is no limit.
    changes: Option<Buckets<UserId>>,
    typing: Buckets<(UserId, GroupId, bool)>,
}

impl Limiter {
    /// How many seconds' worth of requests may come at once.
    const BURST_SECONDS: u32 = 4;
    /// How often the buckets of users who have been quiet are thrown away.
    pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(60);

    /// `changes_per_second` changing requests for each user, 0 being no limit, and the same state of typing once in `typing_interval`.
    pub(crate) fn new(changes_per_second: u32, typing_interval: Duration) -> Self {
        let burst = NonZeroU32::new(changes_per_second.saturating_mul(Self::BURST_SECONDS));
        let changes = NonZeroU32::new(changes_per_second).zip(burst);
        let once = Quota::with_period(typing_interval).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self {
            changes: changes.map(|(rate, burst)| RateLimiter::hashmap(Quota::per_second(rate).allow_burst(burst))),
            typing: RateLimiter::hashmap(once),
        }
    }

    /// Whether somebody's typing is news. What is not is dropped: it would tell nobody anything.
    pub(crate) fn typing_is_news(&self, user_id: UserId, group_id: GroupId, typing: bool) -> bool {
        self.typing.check_key(&(user_id, group_id, typing)).is_ok()
    }

    /// # Errors
    /// [`Code::RateLimited`], with the time to wait.
    pub(crate) fn check(&self, user_id: UserId) -> Result<(), Problem> {
        let Some(buckets) = &self.changes else { return Ok(()) };
        buckets.check_key(&user_id).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Problem::new(Code::RateLimited, "too many changes in too short a time").retry_after(seconds)
        })
    }

    /// Forgets who has been quiet.
    pub(crate) fn sweep(&self) {
        self.typing.retain_recent();
        if let Some(buckets) = &self.changes {
            buckets.retain_recent();
        }
    }
}
