//! Token buckets by key. Callers pass in the current time.
//!
//! A bucket is stored as one number: the time at which it will be full again. A full bucket need
//! not be stored.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Refill rate and capacity of a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Time to refill one token.
    token: Duration,
    /// Time to refill an empty bucket.
    burst: Duration,
}

impl Rate {
    /// Refills `tokens` per second. The capacity is what is refilled in `burst`, at least one
    /// token.
    pub(super) fn per_second(tokens: f64, burst: Duration) -> Self {
        let token = Duration::try_from_secs_f64(1.0 / tokens).unwrap_or(burst);
        Self { token, burst: burst.max(token) }
    }

    fn time_of(self, tokens: f64) -> Duration {
        Duration::try_from_secs_f64(self.token.as_secs_f64() * tokens).unwrap_or(Buckets::<(), 0>::DEBT_MAX)
    }
}

/// `N` buckets per key. Times are relative to the start of the program.
pub(super) struct Buckets<K, const N: usize> {
    rates: [Rate; N],
    keys_max: usize,
    state: Mutex<State<K, N>>,
}

struct State<K, const N: usize> {
    full_at: HashMap<K, [Duration; N]>,
    swept_at: Duration,
}

impl<K: Copy + Eq + Hash, const N: usize> Buckets<K, N> {
    /// When `keys_max` is exceeded, keys are evicted: first keys whose buckets are full, which
    /// changes nothing for them, then arbitrary keys, whose buckets are thereby full again.
    pub(super) fn new(rates: [Rate; N], keys_max: usize) -> Self {
        let state = State { full_at: HashMap::new(), swept_at: Duration::ZERO };
        Self { rates, keys_max: keys_max.max(1), state: Mutex::new(state) }
    }

    /// Takes tokens. A request for more than the capacity succeeds if the bucket is full; the
    /// bucket then owes the rest.
    ///
    /// # Errors
    /// How long to wait until there are enough tokens, if nobody else takes any.
    pub(super) fn take(&self, now: Duration, key: K, bucket: usize, tokens: f64) -> Result<(), Duration> {
        self.take_more(now, key, bucket, 0.0, tokens)
    }

    /// Takes more tokens for a request that has already taken some, as if all were taken at once.
    ///
    /// # Errors
    /// How long to wait until there are enough for all of them. The tokens taken before stay taken.
    pub(super) fn take_more(
        &self,
        now: Duration,
        key: K,
        bucket: usize,
        already: f64,
        tokens: f64,
    ) -> Result<(), Duration> {
        let Some(rate) = self.rates.get(bucket).copied() else { return Ok(()) };
        let (already, price) = (rate.time_of(already), rate.time_of(tokens));
        let mut state = self.lock();
        let full_at = state.of(now, key, self.keys_max, bucket);
        let missing = full_at.saturating_sub(now);
        let all = (already + price).min(rate.burst);
        let wait = (missing.saturating_sub(already) + all).saturating_sub(rate.burst);
        if !wait.is_zero() {
            return Err(wait);
        }
        *full_at = now + missing + price;
        Ok(())
    }

    /// Checks that a bucket is not in debt. Does not store the key.
    ///
    /// # Errors
    /// How long to wait until the debt is paid.
    pub(super) fn check(&self, now: Duration, key: K, bucket: usize) -> Result<(), Duration> {
        let state = self.lock();
        let full_at = state.full_at.get(&key).and_then(|buckets| buckets.get(bucket)).copied().unwrap_or_default();
        let burst = self.rates.get(bucket).map_or(Duration::MAX, |rate| rate.burst);
        let wait = full_at.saturating_sub(now).saturating_sub(burst);
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    /// Takes tokens even if there are too few. The next request waits until the debt is paid.
    pub(super) fn owe(&self, now: Duration, key: K, bucket: usize, tokens: f64) {
        let Some(rate) = self.rates.get(bucket).copied() else { return };
        let mut state = self.lock();
        let full_at = state.of(now, key, self.keys_max, bucket);
        let missing = full_at.saturating_sub(now) + rate.time_of(tokens);
        *full_at = now + missing.min(rate.burst + Self::DEBT_MAX);
    }

    /// Returns tokens to a bucket.
    pub(super) fn give_back(&self, key: K, bucket: usize, tokens: f64) {
        let Some(rate) = self.rates.get(bucket).copied() else { return };
        if let Some(full_at) = self.lock().full_at.get_mut(&key).and_then(|buckets| buckets.get_mut(bucket)) {
            *full_at = full_at.saturating_sub(rate.time_of(tokens));
        }
    }

    /// Removes keys whose buckets are all full.
    pub(super) fn sweep(&self, now: Duration) {
        self.lock().sweep(now);
    }

    fn lock(&self) -> MutexGuard<'_, State<K, N>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, const N: usize> Buckets<K, N> {
    /// Maximum debt of a bucket.
    const DEBT_MAX: Duration = Duration::from_secs(60);
}

impl<K: Copy + Eq + Hash, const N: usize> State<K, N> {
    /// Minimum interval between two sweeps that make room for new keys.
    const SWEEP_PAUSE: Duration = Duration::from_secs(1);

    fn of(&mut self, now: Duration, key: K, keys_max: usize, bucket: usize) -> &mut Duration {
        if self.full_at.len() >= keys_max && !self.full_at.contains_key(&key) {
            if now.saturating_sub(self.swept_at) >= Self::SWEEP_PAUSE {
                self.sweep(now);
            }
            if self.full_at.len() >= keys_max
                && let Some(displaced) = self.full_at.keys().next().copied()
            {
                self.full_at.remove(&displaced);
            }
        }
        &mut self.full_at.entry(key).or_insert([Duration::ZERO; N])[bucket]
    }

    fn sweep(&mut self, now: Duration) {
        self.swept_at = now;
        self.full_at.retain(|_, buckets| buckets.iter().any(|full_at| *full_at > now));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Ten tokens per second, with a capacity of twenty.
    fn buckets() -> Buckets<u32, 1> {
        Buckets::new([Rate::per_second(10.0, 2 * SECOND)], 4)
    }

    fn keys(buckets: &Buckets<u32, 1>) -> usize {
        buckets.lock().full_at.len()
    }

    #[test]
    fn after_a_burst_the_rate_applies_and_the_wait_is_exact() {
        let buckets = buckets();
        for _ in 0..20 {
            assert_eq!(buckets.take(SECOND, 1, 0, 1.0), Ok(()));
        }
        assert_eq!(buckets.take(SECOND, 1, 0, 1.0), Err(SECOND / 10));
        assert_eq!(buckets.take(SECOND, 1, 0, 5.0), Err(SECOND / 2));
        assert_eq!(buckets.take(SECOND, 2, 0, 20.0), Ok(()), "others have buckets of their own");
        assert_eq!(buckets.take(SECOND + SECOND / 2, 1, 0, 5.0), Ok(()));
        assert_eq!(buckets.take(SECOND + SECOND / 2, 1, 0, 1.0), Err(SECOND / 10));
    }

    #[test]
    fn a_price_above_the_burst_is_accepted_by_a_full_bucket_and_paid_off_later() {
        let buckets = buckets();
        assert_eq!(buckets.take(SECOND, 1, 0, 100.0), Ok(()));
        assert_eq!(buckets.take(SECOND, 1, 0, 1.0), Err(8 * SECOND + SECOND / 10));
        buckets.owe(SECOND, 2, 0, 1e12);
        assert_eq!(buckets.take(SECOND, 2, 0, 20.0), Err(62 * SECOND), "a debt is bounded");
    }

    #[test]
    fn charging_in_two_parts_costs_the_same_as_in_one() {
        let buckets = buckets();
        assert_eq!(buckets.take(SECOND, 1, 0, 15.0), Ok(()));
        assert_eq!(buckets.take_more(SECOND, 1, 0, 15.0, 50.0), Ok(()), "65 are more than a full bucket holds");
        assert_eq!(buckets.take(SECOND, 2, 0, 1.0), Ok(()));
        assert_eq!(buckets.take(SECOND, 2, 0, 15.0), Ok(()));
        assert_eq!(buckets.take_more(SECOND, 2, 0, 15.0, 50.0), Err(SECOND / 10), "this one was not quite full");
    }

    #[test]
    fn tokens_can_be_refunded() {
        let buckets = buckets();
        assert_eq!(buckets.take(SECOND, 1, 0, 20.0), Ok(()));
        buckets.give_back(1, 0, 19.0);
        assert_eq!(buckets.take(SECOND, 1, 0, 19.0), Ok(()));
        assert!(buckets.take(SECOND, 1, 0, 1.0).is_err());
    }

    #[test]
    fn a_bounded_number_of_keys_is_remembered_and_full_buckets_are_evicted_first() {
        let buckets = buckets();
        assert_eq!(buckets.take(SECOND, 0, 0, 20.0), Ok(()));
        for key in 1..4 {
            assert_eq!(buckets.take(SECOND, key, 0, 1.0), Ok(()));
        }
        assert_eq!(buckets.take(SECOND + SECOND / 2, 9, 0, 1.0), Ok(()));
        assert!(buckets.take(SECOND + SECOND / 2, 0, 0, 20.0).is_err(), "the empty one is still known");
        for key in 10..100 {
            assert_eq!(buckets.take(SECOND + SECOND / 2, key, 0, 20.0), Ok(()));
            assert!(keys(&buckets) <= 4);
        }
        buckets.sweep(10 * SECOND);
        assert_eq!(keys(&buckets), 0);
    }

    proptest! {
        #[test]
        fn in_any_time_no_more_is_taken_than_the_rate_a_burst_and_one_request(
            requests in prop::collection::vec((0_u64..400, 1_u32..40), 1..200),
        ) {
            let buckets = buckets();
            let (mut now, mut taken) = (SECOND, 0.0);
            for (pause_ms, price) in requests {
                now += Duration::from_millis(pause_ms);
                if buckets.take(now, 1, 0, f64::from(price)).is_ok() {
                    taken += f64::from(price);
                }
            }
            let allowed = 20.0 + 10.0 * (now - SECOND).as_secs_f64() + 20.0;
            prop_assert!(taken <= allowed + 0.001, "{taken} of {allowed}");
        }

        #[test]
        fn after_the_wait_that_it_was_told_a_request_gets_through(
            requests in prop::collection::vec((0_u64..100, 1_u32..40), 1..100),
        ) {
            let buckets = buckets();
            let mut now = SECOND;
            for (pause_ms, price) in requests {
                now += Duration::from_millis(pause_ms);
                if let Err(wait) = buckets.take(now, 1, 0, f64::from(price)) {
                    now += wait;
                    prop_assert_eq!(buckets.take(now, 1, 0, f64::from(price)), Ok(()));
                }
            }
        }
    }
}
