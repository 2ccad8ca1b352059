//! Group ids: UUIDv7 (RFC 9562) that increase even if the clock is set back.
//!
//! Lists are sorted by id, newest first, so a group created later needs a greater id, even on
//! another server or after a restart with an earlier clock. The generator therefore tracks the
//! newest id in the database and continues after it.
//!
//! An id reveals its creation time and nothing else. A counter would reveal how many groups others
//! create, so the 12 bits after the milliseconds hold a finer timestamp (RFC 9562, section 6.2,
//! method 3), and the rest is random.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use groups_domain::GroupId;
use uuid::Uuid;

use crate::clock;

/// Ids after this time, in the year 6429, cannot come from a real clock. They are ignored, so that
/// there is always room for later ids.
const MILLIS_END: u64 = 1 << 47;

/// How far the clock must be behind the newest id before a warning is logged.
const BEHIND_WARNING: Duration = Duration::from_secs(60 * 60);

/// The timestamp in a UUIDv7, in 60 bits: milliseconds since 1970, followed by 1/4,096ths of a
/// millisecond.
type Ticks = u64;

/// Generates ids greater than every id that it has generated or observed.
#[derive(Debug, Default)]
pub(crate) struct GroupIds(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Timestamp of the newest id.
    newest: Ticks,
    ahead: Option<Ahead>,
}

/// Set while the newest id is ahead of the clock. Ids then advance at half the clock's pace until
/// the clock catches up. If they stood still or were incremented, they would reveal how many are
/// created.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    ids: Ticks,
    clock: Ticks,
}

/// Generates an id for a connection. It is random (v4), because a sequential id would reveal how
/// many connections are opened.
pub(crate) fn new_connection_id() -> Uuid {
    Uuid::new_v4()
}

/// Generates an id for a request: random, for the same reason.
pub(crate) fn new_request_id() -> Uuid {
    Uuid::new_v4()
}

impl GroupIds {
    /// Generates an id for a group that is created now.
    pub(crate) fn generate(&self) -> GroupId {
        // The lower 64 bits of a random UUID start with two fixed variant bits; the shift drops them.
        let random = Uuid::new_v4().as_u64_pair().1 << 2;
        self.next(clock::since_epoch(), random)
    }

    /// Observes an id that was created elsewhere.
    pub(crate) fn observe(&self, id: GroupId) {
        let Some(ticks) = ticks_of(id.uuid()) else { return };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ticks > state.newest {
            (state.newest, state.ahead) = (ticks, None);
        }
    }

    /// Generates an id for the time `now` since 1970, with the low bits of `random`.
    fn next(&self, now: Duration, random: u64) -> GroupId {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ticks = state.next(ticks_at(now));
        GroupId::new(uuid(ticks, random))
    }
}

impl State {
    fn next(&mut self, clock: Ticks) -> Ticks {
        let mut ticks = clock;
        if clock <= self.newest {
            // If the clock was set back again, measure from its new value.
            let from = self.ahead.filter(|from| from.clock <= clock).unwrap_or_else(|| {
                let from = Ahead { ids: self.newest, clock };
                if from.ids - from.clock > ticks_at(BEHIND_WARNING) {
                    tracing::warn!(
                        "the newest group was made {} s after what the clock says now: was the clock set back, or was it wrong then? \
                         The ids of groups continue from there, so that lists stay sorted",
                        (from.ids - from.clock) / ticks_at(Duration::from_secs(1)),
                    );
                }
                from
            });
            self.ahead = Some(from);
            ticks = from.ids + (clock - from.clock) / 2;
        } else {
            self.ahead = None;
        }
        self.newest = ticks.max(self.newest + 1);
        self.newest
    }
}

fn ticks_at(now: Duration) -> Ticks {
    // Fits into 48 bits until the year 10889.
    let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).min(MILLIS_END * 2 - 1);
    let nanos = u64::from(now.subsec_nanos() % 1_000_000);
    (millis << 12) | (nanos * 4_096 / 1_000_000)
}

/// `None` for an id that is not a UUIDv7, or whose timestamp cannot come from a real clock.
fn ticks_of(id: Uuid) -> Option<Ticks> {
    let (high, _) = id.as_u64_pair();
    let ticks = high >> 16 << 12 | high & 0xfff;
    (id.get_version_num() == 7 && ticks >> 12 < MILLIS_END).then_some(ticks)
}

fn uuid(ticks: Ticks, random: u64) -> Uuid {
    let high = ticks >> 12 << 16 | 0x7000 | ticks & 0xfff;
    Uuid::from_u64_pair(high, 1 << 63 | random >> 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const DAWN: Duration = Duration::from_secs(1_700_000_000);

    fn millis(id: GroupId) -> u64 {
        id.uuid().as_u64_pair().0 >> 16
    }

    proptest! {
        #[test]
        fn ids_grow_whatever_the_clock_does(
            steps in prop::collection::vec((0..10_000_000_000u64, any::<u64>(), any::<bool>()), 1..200)
        ) {
            let (ids, mut newest) = (GroupIds::default(), GroupId::new(Uuid::nil()));
            for (millis, random, by_another_server) in steps {
                let now = Duration::from_millis(millis);
                if by_another_server {
                    let theirs = GroupIds::default().next(now, random);
                    ids.observe(theirs);
                    newest = newest.max(theirs);
                }
                let id = ids.next(now, random);
                prop_assert!(id > newest);
                prop_assert_eq!((id.uuid().get_version_num(), id.uuid().get_variant()), (7, uuid::Variant::RFC4122));
                newest = id;
            }
        }
    }

    #[test]
    fn an_id_contains_its_creation_time() {
        let id = GroupIds::default().next(DAWN + Duration::from_micros(1_500), u64::MAX);
        assert_eq!(id.uuid().to_string(), "018bcfe5-6801-7800-bfff-ffffffffffff");
    }

    #[test]
    fn after_the_clock_is_set_back_ids_advance_at_half_speed_until_it_catches_up() {
        let ids = GroupIds::default();
        ids.observe(GroupIds::default().next(DAWN + 3_600 * SECOND, 0));
        let start = millis(ids.next(DAWN, 0));
        assert_eq!(start, (DAWN + 3_600 * SECOND).as_millis() as u64);
        // However many ids are created in between.
        for step in 0..1_000 {
            ids.next(DAWN + step * SECOND / 1_000, 0);
        }
        assert_eq!(millis(ids.next(DAWN + 600 * SECOND, 0)), start + 300_000);
        let caught_up = DAWN + 7_300 * SECOND;
        assert_eq!(millis(ids.next(caught_up, 0)), caught_up.as_millis() as u64);
    }

    #[test]
    fn ids_of_other_versions_and_impossible_times_are_ignored() {
        let ids = GroupIds::default();
        for id in [Uuid::max(), Uuid::new_v4(), uuid(MILLIS_END << 12, 0)] {
            ids.observe(GroupId::new(id));
            assert_eq!(millis(ids.next(DAWN, 0)), DAWN.as_millis() as u64, "{id}");
        }
    }
}
