//! How often a user's typing is passed on, over all of the user's connections and whatever else tells it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use groups_domain::{GroupId, UserId};

use crate::HubLimits;
use crate::clock::Moment;
use crate::shard::Types;

/// What was passed on lately. Its lock is held for one look-up.
#[derive(Default)]
pub(crate) struct Typed(Mutex<Generations>);

/// Users move to the recent ones when they type; those who have not done so for an interval at least are forgotten as a whole,
/// so that nothing has to be searched for what is old.
#[derive(Default)]
struct Generations {
    recent: Users,
    earlier: Users,
    recent_since: Moment,
}

type Users = HashMap<UserId, Vec<(GroupId, bool, Moment)>, RandomState>;

impl Typed {
    /// Notes that somebody types, and says whether it is news: not what was said in the same interval, and not what is beyond the limits.
    pub(crate) fn note(&self, now: Moment, limits: &HubLimits, types: Types) -> bool {
        let Types { group_id, user_id, typing } = types;
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
        // There may be many, and others wait for the lock.
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

    /// `None` where too many others type.
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

    /// What is said at which millisecond, one after the other.
    fn note(typed: &Typed, at_ms: u64, user_id: UserId, number: u128, typing: bool) -> bool {
        let limits = HubLimits { typing_users_max: 2, ..HubLimits::default() };
        let now = Moment::since_start(Duration::from_millis(at_ms));
        typed.note(now, &limits, Types { group_id: group(number), user_id, typing })
    }

    #[test]
    fn the_same_state_of_one_user_in_one_group_is_news_once_in_an_interval() {
        let typed = Typed::default();
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
    fn who_types_in_too_many_groups_at_once_is_not_news_until_some_have_aged() {
        let typed = Typed::default();
        let news = (1..=100).filter(|number| note(&typed, 0, ADA, *number, true)).count();
        assert_eq!(news, HubLimits::default().typing_states_per_user_max);
        assert!(note(&typed, 0, BOB, 1, true), "others are");
        assert!(note(&typed, 2_000, ADA, 100, true));
    }

    #[test]
    fn where_too_many_type_at_once_one_more_is_not_news_until_others_have_ceased() {
        let typed = Typed::default();
        assert!(note(&typed, 0, ADA, 1, true));
        assert!(note(&typed, 0, BOB, 1, true));
        assert!(!note(&typed, 1_999, EVE, 1, true));
        assert!(note(&typed, 2_000, EVE, 1, true));
        assert!(note(&typed, 2_000, ADA, 1, true));
        assert!(note(&typed, 4_000, ADA, 1, true));
        let generations = typed.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(generations.recent.len() + generations.earlier.len() <= 4, "nobody is kept for ever");
    }
}
