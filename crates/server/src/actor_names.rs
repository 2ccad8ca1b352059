//! The display names of users who make changes, for the events about these changes.
//!
//! All receivers of an event may see the name of its actor, whatever the operator's policy is: they
//! are members together, and the actor has acted. So an event is still encoded once for all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use groups_domain::{Actor, Change, ChangeKind, DisplayName, UserId};
use groups_store::{Store, StoreError};

use crate::identity::Names;

/// Maximum number of remembered users. Beyond it, all are forgotten and read again.
const KNOWN_MAX: usize = 10_000;

/// How long a name that was read, or that there is none, is used without reading it again.
const FRESH: Duration = Duration::from_secs(30);

/// How long events wait for names. Then they are delivered without.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// After a failed read, no names are read for this long.
const PAUSE: Duration = Duration::from_secs(5);

/// Cheap to clone; all clones share the names that were read.
#[derive(Clone)]
pub(crate) struct ActorNames {
    store: Store,
    /// Names in tokens that this server has seen. A user who makes a change here has just shown one,
    /// so a change of this server rarely needs a read.
    in_tokens: Names,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    read: HashMap<UserId, Read>,
    /// After a failed read, when the next one may begin.
    paused_until: Option<Instant>,
}

struct Read {
    name: Option<DisplayName>,
    fresh_until: Instant,
}

impl ActorNames {
    pub(crate) fn new(store: Store, in_tokens: Names) -> Self {
        Self { store, in_tokens, state: Arc::default() }
    }

    /// The names for live events.
    pub(crate) async fn for_delivery(&self, changes: impl Iterator<Item = &Change>) -> HashMap<UserId, DisplayName> {
        self.of(changes, async |users| self.store.names_for_delivery(users).await).await
    }

    /// The names for events that a client has missed.
    pub(crate) async fn for_replay(&self, changes: impl Iterator<Item = &Change>) -> HashMap<UserId, DisplayName> {
        self.of(changes, async |users| self.store.names_for_replay(users).await).await
    }

    /// Forgets all names that were read.
    pub(crate) fn clear(&self) {
        self.lock().read.clear();
    }

    /// The names of those actors who have one and are shown, with at most one read.
    async fn of(
        &self,
        changes: impl Iterator<Item = &Change>,
        read: impl AsyncFnOnce(&[UserId]) -> Result<HashMap<UserId, DisplayName>, StoreError>,
    ) -> HashMap<UserId, DisplayName> {
        let mut actors: Vec<UserId> = changes.filter_map(shown_actor).collect();
        actors.sort_unstable();
        actors.dedup();
        let mut names = HashMap::with_capacity(actors.len());
        let unknown = self.take_known(actors, &mut names, Instant::now());
        if unknown.is_empty() {
            return names;
        }
        match tokio::time::timeout(WAIT_MAX, read(&unknown)).await {
            Ok(Ok(found)) => self.remember(&unknown, &found, &mut names, Instant::now()),
            failed => {
                self.lock().paused_until = Some(Instant::now() + PAUSE);
                match failed {
                    Ok(Err(error)) => tracing::warn!(%error, "events have no names: they cannot be read"),
                    _ => tracing::warn!(waited = ?WAIT_MAX, "events have no names: the database does not answer"),
                }
            }
        }
        names
    }

    /// Adds the names that are known, and returns the users whose names must be read.
    fn take_known(&self, actors: Vec<UserId>, names: &mut HashMap<UserId, DisplayName>, now: Instant) -> Vec<UserId> {
        let state = self.lock();
        let paused = state.paused_until.is_some_and(|until| now < until);
        let mut unknown = Vec::new();
        for actor_id in actors {
            match state.read.get(&actor_id) {
                Some(Read { name, fresh_until }) if paused || now < *fresh_until => {
                    let name = name.clone().or_else(|| self.in_tokens.known(actor_id));
                    names.extend(name.map(|name| (actor_id, name)));
                }
                _ => match self.in_tokens.known(actor_id) {
                    Some(name) => drop(names.insert(actor_id, name)),
                    None if paused => {}
                    None => unknown.push(actor_id),
                },
            }
        }
        unknown
    }

    fn remember(
        &self,
        users: &[UserId],
        found: &HashMap<UserId, DisplayName>,
        names: &mut HashMap<UserId, DisplayName>,
        now: Instant,
    ) {
        let mut state = self.lock();
        if state.read.len() + users.len() > KNOWN_MAX {
            state.read.clear();
        }
        for user_id in users {
            let name = found.get(user_id).cloned();
            names.extend(name.clone().map(|name| (*user_id, name)));
            state.read.insert(*user_id, Read { name, fresh_until: now + FRESH });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The actor of a change, if its receivers see the actor's name: not an operator, who may be nobody's
/// fellow member, and not a member who leaves and may never have acted before.
pub(crate) fn shown_actor(change: &Change) -> Option<UserId> {
    match (change.actor, &change.kind) {
        (Actor::Operator(_), _) | (Actor::Member(_), ChangeKind::MemberLeft { .. }) => None,
        (Actor::Member(user_id), _) => Some(user_id),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::cell::Cell;
    use std::future::pending;

    use groups_domain::{Command, GroupId, Request, Timestamp};
    use groups_store::{LogEntry, StoreOptions};
    use uuid::Uuid;

    use super::*;

    fn user(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    /// A store, and the log entries of groups that so many users have created.
    async fn changes(users: u128) -> (ActorNames, Vec<LogEntry>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("groups.db").to_string_lossy().into_owned();
        let store = Store::open(StoreOptions::new(url)).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        let mut entries = Vec::new();
        for number in 1..=users {
            let (group_id, command) = (GroupId::new(Uuid::from_u128(number)), Command::create("Team", "").unwrap());
            let at = Timestamp::from_unix_millis(0);
            let request = Request { group_id, actor: user(number).into(), at, expected_version: None, command };
            store.execute(request.into()).await.unwrap();
            entries.extend(tail.next().await.unwrap());
        }
        (ActorNames::new(store, Names::default()), entries, folder)
    }

    #[actix_web::test]
    async fn names_are_read_once_for_all_actors_of_a_batch_and_then_known() {
        let (names, entries, _folder) = changes(3).await;
        let reads = Cell::new(0);
        for _ in 0..2 {
            let read = async |users: &[UserId]| {
                reads.set(reads.get() + 1);
                Ok(users.iter().map(|user| (*user, "Ada".parse().unwrap())).collect())
            };
            let twice = entries.iter().chain(&entries).map(|entry| &entry.change);
            assert_eq!(names.of(twice, read).await.len(), 3);
        }
        assert_eq!(reads.get(), 1);
    }

    #[actix_web::test]
    async fn a_database_that_does_not_answer_delays_events_once_and_for_a_bounded_time() {
        let (names, entries, _folder) = changes(1).await;
        let begun = Instant::now();
        let stalled = async |_: &[UserId]| pending().await;
        assert!(names.of(entries.iter().map(|entry| &entry.change), stalled).await.is_empty());
        assert!(begun.elapsed() >= WAIT_MAX);
        // Waits for nothing, or the test would never end.
        let unasked = async |_: &[UserId]| unreachable!("no read during the pause");
        assert!(names.of(entries.iter().map(|entry| &entry.change), unasked).await.is_empty());
    }

    #[actix_web::test]
    async fn the_number_of_remembered_users_is_bounded() {
        let (names, ..) = changes(0).await;
        let users: Vec<_> = (1..=KNOWN_MAX as u128).map(user).collect();
        let remember = |users: &[UserId]| names.remember(users, &HashMap::new(), &mut HashMap::new(), Instant::now());
        remember(&users);
        assert_eq!(names.lock().read.len(), KNOWN_MAX);
        remember(&[user(0)]);
        assert_eq!(names.lock().read.len(), 1);
    }
}
