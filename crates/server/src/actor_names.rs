//! The display names of users who make changes, for the events about these changes.
//!
//! All receivers of an event may see the name of its actor, whatever the operator's policy is: they
//! are members together, and the actor has acted. So an event is still encoded once for all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use groups_domain::{Actor, Change, ChangeKind, DisplayName, UserId};
use groups_store::{Store, StoreError};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clock;
use crate::identity::Names;

/// Maximum number of remembered users. Beyond it, all are forgotten and read again.
const KNOWN_MAX: usize = 10_000;

/// How long a name, or that there is none, is used without reading it again.
const FRESH: Duration = Duration::from_secs(30);

/// How long events wait for names. Then they are delivered without.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// After a read that failed or was slow, no names are read for this long.
const PAUSE: Duration = Duration::from_secs(5);

/// Cheap to clone; all clones share the names that were read.
#[derive(Clone)]
pub(crate) struct ActorNames {
    store: Store,
    /// Names in tokens that this server has seen. A user who makes a change here has just shown one,
    /// so a change of this server rarely needs a read.
    in_tokens: Names,
    read: Arc<Mutex<HashMap<UserId, Read>>>,
    live: Reader,
    replayed: Reader,
}

/// A name that was read.
struct Read {
    name: Option<DisplayName>,
    fresh_until: Instant,
}

impl ActorNames {
    pub(crate) fn new(store: Store, in_tokens: Names) -> Self {
        Self { store, in_tokens, read: Arc::default(), live: Reader::new(), replayed: Reader::new() }
    }

    /// The names for live events.
    pub(crate) async fn for_delivery(&self, changes: impl Iterator<Item = &Change>) -> HashMap<UserId, DisplayName> {
        self.of(changes, &self.live).await
    }

    /// The names for events that a client has missed. If they are slow, live events still get theirs.
    pub(crate) async fn for_replay(&self, changes: impl Iterator<Item = &Change>) -> HashMap<UserId, DisplayName> {
        self.of(changes, &self.replayed).await
    }

    /// Forgets all names that were read.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The names of those actors who have one and are shown, with at most one read.
    async fn of(&self, changes: impl Iterator<Item = &Change>, reader: &Reader) -> HashMap<UserId, DisplayName> {
        let mut actors: Vec<UserId> = changes.filter_map(shown_actor).collect();
        actors.sort_unstable();
        actors.dedup();
        let mut names = HashMap::with_capacity(actors.len());
        let unknown = self.take_known(actors, &mut names);
        if unknown.is_empty() {
            return names;
        }
        let (store, users) = (self.store.clone(), unknown.clone());
        if let Some(found) = reader.read(async move { store.names(&users).await }).await {
            self.remember(&unknown, &found);
            names.extend(found);
        }
        names
    }

    /// Adds the names that are known, and returns the users whose names must be read.
    fn take_known(&self, actors: Vec<UserId>, names: &mut HashMap<UserId, DisplayName>) -> Vec<UserId> {
        let (now, read) = (Instant::now(), self.lock());
        let mut unknown = Vec::new();
        for actor_id in actors {
            if let Some(name) = self.in_tokens.seen(actor_id, FRESH, clock::now()) {
                names.insert(actor_id, name);
            } else if let Some(Read { name, .. }) = read.get(&actor_id).filter(|read| now < read.fresh_until) {
                names.extend(name.clone().map(|name| (actor_id, name)));
            } else {
                unknown.push(actor_id);
            }
        }
        unknown
    }

    fn remember(&self, users: &[UserId], found: &HashMap<UserId, DisplayName>) {
        let mut read = self.lock();
        if read.len() + users.len() > KNOWN_MAX {
            read.clear();
        }
        let fresh_until = Instant::now() + FRESH;
        read.extend(users.iter().map(|user_id| {
            let name = found.get(user_id).cloned();
            (*user_id, Read { name, fresh_until })
        }));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Read>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads names, one read at a time, with the capacity for requests. So names that cannot be read, for
/// example because their table is locked, keep no change from being delivered.
#[derive(Clone)]
struct Reader {
    /// Held until a read has really ended, even if nobody waits for it any longer.
    turn: Arc<Semaphore>,
    /// After a failure, when the next read may begin.
    paused_until: Arc<Mutex<Option<Instant>>>,
}

impl Reader {
    fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), paused_until: Arc::default() }
    }

    /// What is read; `None` if that fails or takes too long.
    async fn read<T: Send + 'static>(
        &self,
        names: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Option<T> {
        if self.paused().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let reading = async {
            // Never closed.
            let turn = Arc::clone(&self.turn).acquire_owned().await.ok()?;
            let reading = tokio::spawn(async move {
                let names = names.await;
                drop(turn);
                names
            });
            // An error: it has panicked.
            reading.await.ok()
        };
        let failure = match timeout(WAIT_MAX, reading).await {
            Ok(Some(Ok(names))) => return Some(names),
            Ok(Some(Err(error))) => Some(error),
            Ok(None) | Err(_) => None,
        };
        *self.paused() = Some(Instant::now() + PAUSE);
        let error = failure.as_ref().map_or("not in time".to_owned(), StoreError::to_string);
        tracing::warn!(error, pause = ?PAUSE, "events have no names of users: they could not be read");
        None
    }

    fn paused(&self) -> MutexGuard<'_, Option<Instant>> {
        self.paused_until.lock().unwrap_or_else(PoisonError::into_inner)
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

    use std::future::{pending, ready};

    use groups_domain::{Command, GroupId, Request, Timestamp};
    use groups_store::{LogEntry, NameClaim, StoreOptions};
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

    /// A name in a token that was issued at this time.
    fn claim(number: u128, name: &str, issued_at_ms: i64) -> NameClaim {
        let (user_id, name) = (user(number), name.parse().unwrap());
        NameClaim { user_id, name, issued_at: Timestamp::from_unix_millis(issued_at_ms) }
    }

    #[actix_web::test]
    async fn names_are_read_once_for_all_actors_and_then_known() {
        let (names, entries, _folder) = changes(3).await;
        names.store.remember_names((1..=3).map(|number| claim(number, "Ada", 1))).await.unwrap();
        for _ in 0..2 {
            let twice = entries.iter().chain(&entries).map(|entry| &entry.change);
            let found = names.for_delivery(twice).await;
            assert_eq!(found.into_values().map(String::from).collect::<Vec<_>>(), ["Ada"; 3]);
            // Not read again.
            names.store.remember_names((1..=3).map(|number| claim(number, "Eve", 2))).await.unwrap();
        }
    }

    #[actix_web::test]
    async fn the_name_in_a_recent_token_is_used_instead_of_one_that_was_read() {
        let (names, entries, _folder) = changes(1).await;
        names.store.remember_names(vec![claim(1, "Ada", 1)]).await.unwrap();
        let found = async || names.for_replay(entries.iter().map(|entry| &entry.change)).await.remove(&user(1));
        assert_eq!(found().await.map(String::from).as_deref(), Some("Ada"));
        names.in_tokens.learn(claim(1, "Ada L.", 2), clock::now());
        assert_eq!(found().await.map(String::from).as_deref(), Some("Ada L."));
    }

    #[actix_web::test]
    async fn a_database_that_does_not_answer_delays_events_once_and_for_a_bounded_time() {
        let (reader, begun) = (Reader::new(), Instant::now());
        assert_eq!(reader.read(pending::<Result<(), _>>()).await, None);
        assert!(begun.elapsed() >= WAIT_MAX);
        assert_eq!(reader.read(ready(Ok(()))).await, None, "a pause");
        assert_eq!(reader.turn.available_permits(), 0, "the read has not ended");
    }

    #[actix_web::test]
    async fn the_number_of_remembered_users_is_bounded() {
        let (names, ..) = changes(0).await;
        let users: Vec<_> = (1..=KNOWN_MAX as u128).map(user).collect();
        names.remember(&users, &HashMap::new());
        assert_eq!(names.lock().len(), KNOWN_MAX);
        names.remember(&[user(0)], &HashMap::new());
        assert_eq!(names.lock().len(), 1);
    }
}
