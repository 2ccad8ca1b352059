//! How far each relay is behind, for operators.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use groups_domain::Timestamp;

/// The time of [`RelayLag`] if no change waits.
const NONE_WAITS: i64 = i64::MAX;

/// All relays of a service. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RelayLags(Arc<Mutex<Vec<RelayLag>>>);

/// The oldest change that a relay has read and its sink has not accepted.
#[derive(Clone, Debug)]
pub(crate) struct RelayLag {
    sink: Arc<str>,
    /// When its request was accepted, in milliseconds since 1970.
    oldest_ms: Arc<AtomicI64>,
}

impl RelayLags {
    /// Adds a relay.
    pub(crate) fn relay(&self, sink: &str) -> RelayLag {
        let lag = RelayLag { sink: sink.into(), oldest_ms: Arc::new(AtomicI64::new(NONE_WAITS)) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(lag.clone());
        lag
    }

    /// How far each sink is behind. If several have the same name, the one that is furthest behind
    /// counts.
    pub(crate) fn by_sink(&self, now: Timestamp) -> BTreeMap<Arc<str>, Duration> {
        let mut by_sink = BTreeMap::<_, Duration>::new();
        for relay in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let lag = by_sink.entry(Arc::clone(&relay.sink)).or_default();
            *lag = relay.lag(now).max(*lag);
        }
        by_sink
    }
}

impl RelayLag {
    /// The sink gets changes, of which the oldest was made at this time.
    pub(crate) fn waits_since(&self, oldest: Timestamp) {
        self.oldest_ms.store(oldest.unix_millis(), Relaxed);
    }

    /// The sink has accepted everything that was read.
    pub(crate) fn none_waits(&self) {
        self.oldest_ms.store(NONE_WAITS, Relaxed);
    }

    fn lag(&self, now: Timestamp) -> Duration {
        let millis = now.unix_millis().saturating_sub(self.oldest_ms.load(Relaxed));
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_the_age_of_the_oldest_change_that_waits() {
        let lags = RelayLags::default();
        let (first, second, other) = (lags.relay("mail"), lags.relay("mail"), lags.relay("websocket"));
        other.waits_since(Timestamp::from_unix_millis(9_500));
        first.waits_since(Timestamp::from_unix_millis(4_000));
        second.waits_since(Timestamp::from_unix_millis(7_000));
        let seconds = || {
            let by_sink = lags.by_sink(Timestamp::from_unix_millis(10_000));
            by_sink.into_iter().map(|(sink, lag)| (sink.to_string(), lag.as_secs_f64())).collect::<Vec<_>>()
        };
        assert_eq!(seconds(), [("mail".to_owned(), 6.0), ("websocket".to_owned(), 0.5)]);
        first.none_waits();
        other.none_waits();
        assert_eq!(seconds(), [("mail".to_owned(), 3.0), ("websocket".to_owned(), 0.0)]);
    }
}
