//! Limits how often a user's typing is forwarded, over all of the user's connections and HTTP.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use groups_domain::{GroupId, UserId};

use crate::HubLimits;
use crate::clock::Moment;
use crate::shard::TypingEvent;

/// Recently forwarded typing. The lock is held for one lookup.
#[derive(Default)]
pub(crate) struct TypingThrottle(Mutex<Generations>);

/// A user moves to the recent generation when they type. The older generation, whose users have not
/// typed for at least one interval, is dropped as a whole, so no search for expired entries is
/// needed.
#[derive(Default)]
struct Generations {
    recent: Users,
    earlier: Users,
    recent_since: Moment,
}

type Users = HashMap<UserId, Vec<(GroupId, bool, Moment)>, RandomState>;

impl TypingThrottle {
    /// Records a typing event. Returns whether to forward it: it is not a repetition within the
    /// interval, and not over the limits.
    pub(crate) fn note(&self, now: Moment, limits: &HubLimits, types: TypingEvent) -> bool {
        let TypingEvent { group_id, user_id, typing } = types;
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let forgotten = generations.turn(now, limits);
        let Some(lately) = generations.of(user_id, limits.typing_users_max) else { return false };
        lately.retain(|(_, _, at)| now < *at + limits.typing_interval);
        let repeated = lately.iter().any(|(group, state, _)| *group == group_id && *state == typing);
        let is_news = !repeated && lately.len() < limits.typing_states_per_user_max;
        if is_news {
            lately.push((group_id, typing, now));
        }
        drop(generations);
        // Dropped after the lock is released, because there may be many entries.
        drop(forgotten);
        is_news
    }
}

impl Generations {
    fn turn(&mut self, now: Moment, limits: &HubLimits) -> Users {
        if now < self.recent_since + limits.typing_interval {
            return Users::default();
        }
        self.recent_since = now;
        std::mem::replace(&mut self.earlier, std::mem::take(&mut self.recent))
    }

    /// `None` if too many other users are typing.
    fn of(&mut self, user_id: UserId, users_max: usize) -> Option<&mut Vec<(GroupId, bool, Moment)>> {
        let is_full = self.recent.len() >= users_max;
        let earlier = &mut self.earlier;
        match self.recent.entry(user_id) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(_) if is_full => None,
            Entry::Vacant(place) => Some(place.insert(earlier.remove(&user_id).unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::{ADA, BOB, EVE, group};

    /// Sends a typing event at a given millisecond.
    fn note(typed: &TypingThrottle, at_ms: u64, user_id: UserId, number: u128, typing: bool) -> bool {
        let limits = HubLimits { typing_users_max: 2, ..HubLimits::default() };
        let now = Moment::since_start(Duration::from_millis(at_ms));
        typed.note(now, &limits, TypingEvent { group_id: group(number), user_id, typing })
    }

    #[test]
    fn a_repeated_typing_state_is_forwarded_once_per_interval() {
        let typed = TypingThrottle::default();
        assert!(note(&typed, 1_500, ADA, 1, true));
        assert!(!note(&typed, 1_500, ADA, 1, true));
        assert!(note(&typed, 1_500, ADA, 1, false), "another state is news");
        assert!(note(&typed, 1_500, ADA, 2, true), "another group is too");
        assert!(note(&typed, 1_500, BOB, 1, true), "and another user");
        assert!(!note(&typed, 3_499, ADA, 1, true));
        assert!(note(&typed, 3_500, ADA, 1, true));
        assert!(note(&typed, 100_000, ADA, 1, true));
    }

    #[test]
    fn typing_states_of_one_user_beyond_the_limit_are_dropped_until_others_expire() {
        let typed = TypingThrottle::default();
        let news = (1..=100).filter(|number| note(&typed, 0, ADA, *number, true)).count();
        assert_eq!(news, HubLimits::default().typing_states_per_user_max);
        assert!(note(&typed, 0, BOB, 1, true), "others are");
        assert!(note(&typed, 2_000, ADA, 100, true));
    }

    #[test]
    fn typing_users_beyond_the_limit_are_dropped_until_others_expire() {
        let typed = TypingThrottle::default();
        assert!(note(&typed, 0, ADA, 1, true));
        assert!(note(&typed, 0, BOB, 1, true));
        assert!(!note(&typed, 1_999, EVE, 1, true));
        assert!(note(&typed, 2_000, EVE, 1, true));
        assert!(note(&typed, 2_000, ADA, 1, true));
        assert!(note(&typed, 4_000, ADA, 1, true));
        let generations = typed.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(generations.recent.len() + generations.earlier.len() <= 4, "nobody is kept permanently");
    }
}
