//! The newest deliveries of the log, from which clients resume without reading it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use groups_domain::{Audience, GroupId, ReadPoint, UserId, View};

use crate::Delivery;
use crate::replay::before;

/// Estimated memory of an entry, and of each place of a delivery in an index.
const ENTRY_BYTES: usize = 128;

/// Deliveries in the order in which a relay read them from the log, indexed by the groups and users
/// that they are about. Encoded frames are shared with the connections that received them live.
///
/// If a client's position is older than the oldest retained delivery, the client must be served
/// from the log. Nothing is ever missing in between.
#[derive(Debug)]
pub struct RecentDeliveries {
    bytes_max: usize,
    bytes: usize,
    entries: VecDeque<Entry>,
    /// Number of the first entry.
    first: u64,
    of_group: HashMap<GroupId, VecDeque<u64>>,
    /// The deliveries that change what a user is to a group.
    of_user: HashMap<UserId, VecDeque<u64>>,
    /// Every commit from here on that was delivered is among the entries. `None` until the first
    /// delivery.
    complete_from: Option<u64>,
    known: ReadPoint,
}

#[derive(Debug)]
struct Entry {
    delivery: Arc<Delivery>,
    bytes: usize,
    /// The greatest commit up to here.
    newest: u64,
}

/// How much is replayed at most. With more, the client gets its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayMax {
    /// Number of deliveries.
    pub events: usize,
    /// Approximate size of their frames in bytes.
    pub bytes: usize,
}

/// Whose missed deliveries are wanted, between two points of one history.
#[derive(Clone, Copy, Debug)]
pub struct Resuming<'a> {
    /// The user.
    pub user_id: UserId,
    /// The groups to which the user is something at `until`, and the deleted groups to which the user
    /// was something when they were deleted. Ascending.
    pub groups: &'a [(GroupId, Audience)],
    /// What the client has received.
    pub from: &'a ReadPoint,
    /// What the client will have received.
    pub until: &'a ReadPoint,
}

impl RecentDeliveries {
    /// Retains deliveries up to about this size, as measured by [`Delivery::bytes`]. Above it, the
    /// oldest are dropped; clients that still need them are served from the log.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            entries: VecDeque::new(),
            first: 0,
            of_group: HashMap::new(),
            of_user: HashMap::new(),
            complete_from: None,
            known: ReadPoint::default(),
        }
    }

    /// Adds the next delivery. A client that has processed it, and everything before it, knows
    /// what `known` sees.
    pub fn push(&mut self, delivery: &Arc<Delivery>, known: ReadPoint) {
        if self.complete_from.is_none() {
            self.complete_from = Some(known.below);
        }
        let number = self.first + self.entries.len() as u64;
        let newest = self.entries.back().map_or(0, |last| last.newest).max(delivery.commit());
        self.of_group.entry(delivery.change().group_id()).or_default().push_back(number);
        let people = delivery.moves().iter().map(|(user_id, _)| *user_id);
        people.for_each(|user_id| self.of_user.entry(user_id).or_default().push_back(number));
        let places = 2 + delivery.moves().len();
        let bytes = delivery.bytes() + places * ENTRY_BYTES;
        self.bytes += bytes;
        self.entries.push_back(Entry { delivery: Arc::clone(delivery), bytes, newest });
        self.known = known;
        while self.bytes > self.bytes_max && self.drop_oldest() {}
    }

    /// Drops everything, because deliveries are missing or the history was replaced. The next
    /// delivery starts again.
    pub fn restart(&mut self) {
        *self = Self::new(self.bytes_max);
    }

    /// What a client knows that has processed all deliveries.
    pub fn known(&self) -> &ReadPoint {
        &self.known
    }

    /// Whether all deliveries after this point are retained, or will be when they come.
    pub fn reaches_back_to(&self, from: &ReadPoint) -> bool {
        self.complete_from.is_some_and(|complete_from| from.first_unseen() >= complete_from)
    }

    /// Exactly the deliveries that the user missed, in log order, each with how the user sees it. `None`
    /// if they are not all retained, or too many, or if one comes after a delivery that `until` does not
    /// see: its cursor says that the client knows that one too, but the client gets it only after the
    /// replay, and may be cut off before.
    ///
    /// The caller has made sure that everything that `until` sees was pushed.
    pub fn missed(&self, resuming: Resuming<'_>, max: ReplayMax) -> Option<Vec<(Arc<Delivery>, View)>> {
        let Resuming { user_id, groups, from, until } = resuming;
        if !self.reaches_back_to(from) {
            return None;
        }
        let first_unseen = from.first_unseen();
        let start = self.first + self.entries.partition_point(|entry| entry.newest < first_unseen) as u64;
        // Groups that the user has left meanwhile, or joined and left.
        let mut others: Vec<GroupId> = Vec::new();
        for (_, delivery) in self.since(self.of_user.get(&user_id), start) {
            let group_id = delivery.change().group_id();
            if groups.binary_search_by_key(&group_id, |(group_id, _)| *group_id).is_err() {
                others.push(group_id);
            }
        }
        others.sort_unstable();
        others.dedup();
        let ended = others.into_iter().map(|group_id| (group_id, None));
        let (mut missed, mut bytes) = (Vec::new(), 0_usize);
        let mut first_after_replay = u64::MAX;
        let current = groups.iter().map(|(group_id, audience)| (*group_id, Some(*audience)));
        for (group_id, mut audience) in current.chain(ended) {
            // Backwards from the known end.
            for (number, delivery) in self.since(self.of_group.get(&group_id), start) {
                if from.sees(delivery.commit()) {
                    continue;
                }
                if !until.sees(delivery.commit()) {
                    first_after_replay = first_after_replay.min(number);
                    continue;
                }
                let Some(view) = delivery.view_for(user_id, audience) else { continue };
                missed.push((number, view));
                bytes = bytes.saturating_add(delivery.frame_bytes());
                if missed.len() > max.events || bytes > max.bytes {
                    return None;
                }
                audience = before(view, audience);
            }
        }
        missed.sort_unstable_by_key(|(number, _)| *number);
        if missed.last().is_some_and(|(last, _)| *last > first_after_replay) {
            return None;
        }
        Some(missed.into_iter().filter_map(|(number, view)| Some((Arc::clone(self.get(number)?), view))).collect())
    }

    /// The deliveries of an index from a number on, newest first.
    fn since<'a>(
        &'a self,
        index: Option<&'a VecDeque<u64>>,
        start: u64,
    ) -> impl Iterator<Item = (u64, &'a Arc<Delivery>)> {
        let numbers = index.into_iter().flat_map(|numbers| numbers.iter().rev().copied());
        numbers.take_while(move |number| *number >= start).filter_map(|number| Some((number, self.get(number)?)))
    }

    fn get(&self, number: u64) -> Option<&Arc<Delivery>> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get(index).map(|entry| &entry.delivery)
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(Entry { delivery, bytes, newest }) = self.entries.pop_front() else { return false };
        self.bytes -= bytes;
        self.first += 1;
        self.complete_from = self.complete_from.max(Some(newest + 1));
        forget_first(&mut self.of_group, &delivery.change().group_id());
        delivery.moves().iter().for_each(|(user_id, _)| forget_first(&mut self.of_user, user_id));
        true
    }
}

fn forget_first<K: std::hash::Hash + Eq>(index: &mut HashMap<K, VecDeque<u64>>, key: &K) {
    if let Some(numbers) = index.get_mut(key) {
        numbers.pop_front();
        if numbers.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use groups_domain::{Command, NewMember};
    use proptest::prelude::*;

    use super::*;
    use crate::world::{World, group, user};

    const ALL: ReplayMax = ReplayMax { events: usize::MAX, bytes: usize::MAX };
    const USERS: u128 = 4;

    fn point(below: usize) -> ReadPoint {
        ReadPoint { below: below as u64, except: Vec::new() }
    }

    /// A world in which commands are executed at random, and all its deliveries.
    fn history(commands: &[(u8, u8, u8, u8)]) -> (World, Vec<Arc<Delivery>>) {
        let mut world = World::default();
        let mut deliveries = Vec::new();
        for (kind, actor, target, place) in commands {
            let [actor, target] = [actor, target].map(|number| user(1 + u128::from(*number) % USERS));
            let group_id = group(1 + u128::from(*place) % 3);
            let command = match kind % 8 {
                0 => Command::create("A", "").unwrap(),
                1 | 2 => Command::AddMember(NewMember::plain(target)),
                3 => Command::RemoveMember { user_id: target },
                4 => Command::Leave { successor: Some(target) },
                5 if kind % 3 == 0 => Command::DeleteGroup,
                _ => Command::UpdateSettings {
                    name: Some(groups_domain::GroupName::parse(&format!("Name {}", deliveries.len())).unwrap()),
                    description: None,
                    join_policy: None,
                },
            };
            deliveries.extend(world.try_execute(group_id, actor, command));
        }
        (world, deliveries)
    }

    fn any_commands() -> impl Strategy<Value = Vec<(u8, u8, u8, u8)>> {
        prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..120)
    }

    proptest! {
        #[test]
        fn every_user_gets_what_happened_to_their_groups_while_they_were_members(
            commands in any_commands(), from in any::<prop::sample::Index>(), until in any::<prop::sample::Index>(),
            kept in 1..200usize,
        ) {
            let (world, deliveries) = history(&commands);
            prop_assume!(!deliveries.is_empty());
            let mut recent = RecentDeliveries::new(kept * 4_000);
            for (commit, delivery) in deliveries.iter().enumerate() {
                recent.push(delivery, point(commit + 1));
            }
            let until = 1 + until.index(deliveries.len());
            let from = from.index(until + 1);
            for user_id in (1..=USERS).map(user) {
                let groups = world.with_deleted(user_id, until);
                let (from_point, until_point) = (point(from), point(until));
                let resuming = Resuming { user_id, groups: &groups, from: &from_point, until: &until_point };
                let told: Vec<u64> =
                    (from..until).filter(|commit| world.told(*commit).contains_key(&user_id)).map(|commit| commit as u64).collect();
                let is_kept = from >= deliveries.len() - recent.entries.len() && from > 0;
                prop_assert_eq!(recent.reaches_back_to(&from_point), is_kept);
                let missed = recent.missed(resuming, ALL);
                let seen = missed.iter().flatten().map(|(delivery, view)| delivery.change().event(*view));
                let events = told.iter().map(|commit| world.told(*commit as usize)[&user_id].clone());
                prop_assert!(missed.is_none() || seen.eq(events), "everybody gets their own view");
                let missed = missed.map(|missed| missed.iter().map(|(delivery, _)| delivery.commit()).collect());
                prop_assert_eq!(missed, is_kept.then_some(told.clone()));
                let fewer = ReplayMax { events: told.len().saturating_sub(1), ..ALL };
                prop_assert!(told.is_empty() || recent.missed(resuming, fewer).is_none());
            }
        }

        #[test]
        fn memory_is_bounded_and_the_indexes_hold_nothing_else(commands in any_commands(), bytes_max in 0..200_000usize) {
            let (_, deliveries) = history(&commands);
            let mut recent = RecentDeliveries::new(bytes_max);
            for (commit, delivery) in deliveries.iter().enumerate() {
                recent.push(delivery, point(commit + 1));
                prop_assert!(recent.bytes <= bytes_max);
            }
            let numbers = |index: usize| index == recent.entries.len();
            prop_assert!(numbers(recent.of_group.values().map(VecDeque::len).sum()));
            let people: usize = recent.entries.iter().map(|entry| {
                entry.delivery.moves().len()
            }).sum();
            prop_assert_eq!(recent.of_user.values().map(VecDeque::len).sum::<usize>(), people);
            recent.restart();
            prop_assert!(recent.of_group.is_empty() && recent.of_user.is_empty() && recent.entries.is_empty());
            prop_assert!(!recent.reaches_back_to(&point(deliveries.len() + 1)));
        }
    }

    #[test]
    fn a_commit_that_comes_late_is_missed_by_clients_that_do_not_know_it() {
        let mut world = World::default();
        let [first, second] = [1, 2].map(|number| world.create(group(number), user(1), &[]));
        let late = Arc::new(Delivery::new(first.change().clone(), String::new(), 5));
        let early = Arc::new(Delivery::new(second.change().clone(), String::new(), 6));
        let mut recent = RecentDeliveries::new(usize::MAX);
        recent.push(&early, ReadPoint { below: 7, except: vec![5] });
        recent.push(&late, ReadPoint { below: 7, except: Vec::new() });
        let groups = [1, 2].map(|number| (group(number), Audience::Managers));
        let commits = |from: ReadPoint, until: ReadPoint| {
            let resuming = Resuming { user_id: user(1), groups: &groups, from: &from, until: &until };
            let missed = recent.missed(resuming, ALL);
            missed.map(|missed| missed.iter().map(|(delivery, _)| delivery.commit()).collect::<Vec<_>>())
        };
        let all = ReadPoint { below: 7, except: Vec::new() };
        assert_eq!(commits(ReadPoint { below: 7, except: vec![5] }, all.clone()), None, "5 may have come earlier");
        assert_eq!(commits(all.clone(), all), Some(vec![]));
    }

    #[test]
    fn no_cursor_of_a_replay_includes_what_follows_the_replay() {
        let mut world = World::default();
        let mut recent = RecentDeliveries::new(usize::MAX);
        // 6 was delivered before 5, so the cursor of 5 includes 6.
        for (number, commit, below, except) in [(1, 4, 5, vec![]), (2, 6, 7, vec![5]), (3, 5, 7, vec![])] {
            let created = world.create(group(number), user(1), &[]);
            let delivery = Arc::new(Delivery::new(created.change().clone(), String::new(), commit));
            recent.push(&delivery, ReadPoint { below, except });
        }
        let from = point(5);
        let commits = |until: ReadPoint, groups: &[u128]| {
            let groups: Vec<_> = groups.iter().map(|number| (group(*number), Audience::Managers)).collect();
            let resuming = Resuming { user_id: user(1), groups: &groups, from: &from, until: &until };
            let missed = recent.missed(resuming, ALL);
            missed.map(|missed| missed.iter().map(|(delivery, _)| delivery.commit()).collect::<Vec<_>>())
        };
        assert_eq!(commits(point(7), &[1, 2, 3]), Some(vec![6, 5]));
        assert_eq!(commits(ReadPoint { below: 7, except: vec![5] }, &[1, 2]), Some(vec![6]));
        assert_eq!(commits(point(6), &[1, 3]), None, "a client that is cut off after 5 would never get 6");
    }

    #[test]
    fn replayed_bytes_are_bounded() {
        let mut world = World::default();
        let mut recent = RecentDeliveries::new(usize::MAX);
        recent.push(&world.create(group(1), user(1), &[]), point(1));
        (0..9).for_each(|number| {
            recent.push(&world.rename(group(1), user(1), &format!("Name {number}")), point(2 + number))
        });
        let (from, until, groups) = (point(1), point(10), [(group(1), Audience::Managers)]);
        let resuming = Resuming { user_id: user(1), groups: &groups, from: &from, until: &until };
        let sizes =
            [1_000, 100_000].map(|bytes| recent.missed(resuming, ReplayMax { bytes, ..ALL }).map(|all| all.len()));
        assert_eq!(sizes, [None, Some(9)]);
    }

    #[test]
    fn exactly_as_much_is_kept_and_replayed_as_allowed() {
        let mut world = World::default();
        let deliveries: Vec<_> = [1, 2, 3].map(|number| world.create(group(number), user(1), &[user(2)])).into();
        let size = |delivery: &Delivery| delivery.bytes() + (2 + 2) * ENTRY_BYTES;
        let mut recent = RecentDeliveries::new(size(&deliveries[1]) + size(&deliveries[2]));
        let kept: Vec<usize> = (0..3)
            .map(|commit| {
                recent.push(&deliveries[commit], point(commit + 1));
                recent.entries.len()
            })
            .collect();
        assert_eq!((kept, recent.bytes), (vec![1, 2, 2], recent.bytes_max));
        assert_eq!([0, 1].map(|from| recent.reaches_back_to(&point(from))), [false, true]);
        let groups = [1, 2, 3].map(|number| (group(number), Audience::Members));
        let (from, until) = (point(1), point(3));
        let resuming = Resuming { user_id: user(2), groups: &groups, from: &from, until: &until };
        let bytes: usize = deliveries[1..].iter().map(|delivery| delivery.frame_bytes()).sum();
        let replayed = |events, bytes| recent.missed(resuming, ReplayMax { events, bytes }).map(|all| all.len());
        assert_eq!([replayed(2, bytes), replayed(1, bytes), replayed(2, bytes - 1)], [Some(2), None, None]);
        recent.push(&world.create(group(4), user(1), &(0..500).map(user).collect::<Vec<_>>()), point(4));
        assert_eq!((recent.entries.len(), recent.bytes), (0, 0), "what is larger than the limit is not kept");
    }
}
