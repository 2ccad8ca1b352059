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

/// How long a name that was read is used without reading it again.
const FRESH: Duration = Duration::from_secs(30);

/// The same for a user without a name. Short, because names are stored in the background.
const FRESH_WITHOUT_NAME: Duration = Duration::from_secs(1);

/// How long events wait for names. Then they are delivered without.
const WAIT_MAX: Duration = Duration::from_millis(250);

/// After a failed read, no names are read for this long.
const PAUSE: Duration = Duration::from_secs(5);

/// Cheap to clone; all clones share the names that were read.
#[derive(Clone)]
pub(crate) struct ActorNames {
    store: Store,
    /// Names that the database may not have yet.
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

    /// Adds the names that are fresh, and returns the users whose names must be read.
    fn take_known(&self, actors: Vec<UserId>, names: &mut HashMap<UserId, DisplayName>, now: Instant) -> Vec<UserId> {
        let state = self.lock();
        let paused = state.paused_until.is_some_and(|until| now < until);
        let mut unknown = Vec::new();
        for actor_id in actors {
            match state.read.get(&actor_id) {
                Some(Read { name, fresh_until }) if paused || now < *fresh_until => {
                    names.extend(name.clone().map(|name| (actor_id, name)));
                }
                _ if paused => {}
                _ => unknown.push(actor_id),
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
            let stored = found.get(user_id).cloned();
            let fresh = if stored.is_some() { FRESH } else { FRESH_WITHOUT_NAME };
            let name = stored.or_else(|| self.in_tokens.known(*user_id));
            names.extend(name.clone().map(|name| (*user_id, name)));
            state.read.insert(*user_id, Read { name, fresh_until: now + fresh });
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
