//! The store: all operations on a database.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "postgres")]
use futures_util::FutureExt;
use groups_domain::{Actor, DisplayName, Group, GroupId, Role, Timestamp, UserId, Version};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

#[cfg(feature = "postgres")]
use crate::PeerMessages;
use crate::column::Id;
#[cfg(feature = "postgres")]
use crate::commit_messages::{self, CommitMessages};
#[cfg(feature = "sqlite")]
use crate::connection::SqliteConn;
use crate::cursor::CursorKey;
use crate::group_cache::GroupCache;
use crate::inner::{Backend, Inner};
use crate::masked::masked;
#[cfg(feature = "postgres")]
use crate::postgres::{PostgresBackend, PostgresTail};
use crate::queries;
use crate::read_class::ReadClass;
#[cfg(feature = "sqlite")]
use crate::sqlite::{SqliteBackend, SqliteTail};
use crate::tail::Place;
use crate::url::Target;
use crate::{
    BlockPage, Blocked, CommitMetrics, Cursors, ExecuteError, Executed, GroupPage, History, Hook, MemberKey,
    MemberPage, MemberRow, NameClaim, NameVisibility, OpenError, Order, PoolMetrics, Position, Pruned, Reason,
    ReplicaMetrics, SharedGroupPage, SinkName, StoreError, StoreOptions, Tail,
};

/// The groups and memberships in one database. Cheap to clone; all clones share one store.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

/// Runs a shared query in a transaction of the backend.
macro_rules! run {
    ($store:expr, $purpose:ident $(($class:ident))?, $module:ident::$query:ident($($argument:ident),*)) => {
        match &$store.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => {
                let body = async move |conn: &mut SqliteConn| queries::$module::$query(conn, $($argument),*).await;
                backend.$purpose($(ReadClass::$class,)? body).await
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => {
                // It may be retried on another connection, so each attempt gets its own clones of
                // the arguments.
                backend.$purpose($(ReadClass::$class,)? move |conn| {
                    $(let $argument = $argument.clone();)*
                    async move { queries::$module::$query(conn, $($argument),*).await }.boxed()
                }).await
            }
        }
    };
}

mod backends;
mod jobs;
mod openings;
mod operator;
mod ways_in;
mod webhooks;

impl Store {
    /// Opens a database, creates it if it is a SQLite file that does not exist, and applies pending
    /// migrations.
    ///
    /// # Errors
    /// [`OpenError`] tells the operator what to do.
    pub async fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let proposal = Uuid::new_v4();
        let backend = match Target::parse(&options.url)? {
            #[cfg(feature = "sqlite")]
            Target::Sqlite(file) => Backend::Sqlite(SqliteBackend::open(file, &options, proposal).await?),
            #[cfg(not(feature = "sqlite"))]
            Target::Sqlite(_) => return Err(OpenError::not_compiled_in(&options.url, "sqlite")),
            #[cfg(feature = "postgres")]
            Target::Postgres { url } => Backend::Postgres(PostgresBackend::open(url, &options, proposal).await?),
            #[cfg(not(feature = "postgres"))]
            Target::Postgres { .. } => return Err(OpenError::not_compiled_in(&options.url, "postgres")),
        };
        let cursors = match cursors(&backend, &masked(&options.url)).await {
            Ok(cursors) => cursors,
            Err(error) => {
                // This backend is unusable; release the file for others.
                backend.close().await;
                return Err(error);
            }
        };
        let inner = Inner {
            cursors,
            backend,
            name_visibility: options.name_visibility,
            tail_poll: options.tail_poll,
            tail_entries_max: options.tail_entries_max,
            tail_bytes_max: options.tail_bytes_max,
            #[cfg(feature = "postgres")]
            postgres_notify: options.postgres_notify,
            group_cache: GroupCache::new(options.group_cache_bytes_max),
            prune_clock: Mutex::default(),
            log_kept_ms: i64::try_from(options.log_kept.as_millis()).unwrap_or(i64::MAX),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The random id of the database, created with it and part of every position. On PostgreSQL it
    /// changes when the database turns out to have been replaced or restored to an earlier state.
    pub fn id(&self) -> Uuid {
        self.inner.id()
    }

    /// The result of a read, or [`StoreError::HistoryReplaced`] if the database id changed
    /// meanwhile.
    fn of_one_history<T>(&self, store: Uuid, read: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.inner.id() == store { read } else { read.and(Err(StoreError::HistoryReplaced)) }
    }

    /// Executes all accepted orders, then ends all threads and closes all connections. From then
    /// on, other clones return [`Reason::Closed`].
    pub async fn close(self) {
        self.inner.backend.close().await;
    }

    /// Executes an order durably: once this returns, the change survives a power failure.
    ///
    /// Dropping the future does not cancel an accepted order.
    ///
    /// # Errors
    /// [`ExecuteError`] if the rules, the idempotency key, a quota or the database rejects it.
    pub async fn execute(&self, order: Order) -> Result<Executed, ExecuteError> {
        self.run_order(order, None).await
    }

    /// Executes an order and writes an application's own rows atomically: `hook` runs in the
    /// transaction of the change, and either both are committed or neither.
    ///
    /// The hook runs only if the order changes something: not for a no-op, a rejection, or a retry
    /// with the same idempotency key. The order has its own transaction, so a failing hook affects
    /// no other order. A slow hook delays the orders behind it. Dropping the future does not cancel
    /// an accepted order.
    ///
    /// # Errors
    /// [`ExecuteError::Hook`] if the hook returns an error, panics, or has no function for this
    /// database; nothing was changed then. Otherwise the same as [`execute`](Self::execute).
    pub async fn execute_with(&self, order: Order, hook: Hook) -> Result<Executed, ExecuteError> {
        self.run_order(order, Some(hook)).await
    }

    async fn run_order(&self, order: Order, hook: Option<Hook>) -> Result<Executed, ExecuteError> {
        let actor = order.request.actor;
        let (answer, executed) = oneshot::channel();
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => backend.execute(order, hook, answer)?,
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => backend.execute(order, hook, answer)?,
        }
        let executed = executed.await.map_err(|_| StoreError::Unavailable(Reason::Closed))??;
        Ok(match (self.inner.name_visibility, actor) {
            (NameVisibility::Acquainted, Actor::Member(actor)) => {
                self.without_names_of_strangers(actor, executed).await
            }
            (NameVisibility::Members, _) | (NameVisibility::Acquainted, Actor::Operator(_)) => executed,
        })
    }

    /// Removes the member's name from an answer if the actor may not see it now, even if the answer
    /// was stored earlier. The order is already executed: if this read fails, the answer omits the
    /// name.
    async fn without_names_of_strangers(&self, actor: UserId, mut executed: Executed) -> Executed {
        let group = executed.group.group_id;
        if let Some(member) = executed.outcome.member_mut().filter(|member| member.name.is_some()) {
            let user = member.membership.user_id;
            let users = vec![user];
            let acquainted = run!(self, read(Request), names::acquainted(actor, group, users));
            if !acquainted.is_ok_and(|acquainted| acquainted.contains(&user)) {
                member.name = None;
            }
        }
        executed
    }

    /// One page of a user's groups, newest first. It may end before the limit, see
    /// [`PAGE_BYTES_MAX`](crate::PAGE_BYTES_MAX).
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn groups(&self, user: UserId, after: Option<GroupId>, limit: u32) -> Result<GroupPage, StoreError> {
        let SharedGroupPage { groups, next, cursor } = self.shared_groups(user, after, limit).await?;
        let groups = groups.into_iter().map(|(group, role)| (Group::clone(&group), role)).collect();
        Ok(GroupPage { groups, next, cursor })
    }

    /// The same page as [`groups`](Self::groups). The groups are shared with other readers, each
    /// with the text into which it was encoded.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn shared_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u32,
    ) -> Result<SharedGroupPage, StoreError> {
        let (store, cache) = (self.inner.id(), self.inner.group_cache.clone());
        let page = run!(self, read(Request), read::groups_of(cache, store, user, after, limit));
        self.of_one_history(store, page)
    }

    /// The group with the greatest UUIDv7, deleted groups included. Ids generated later should be
    /// greater. Ids with a timestamp in the year 6429 or later cannot come from a clock, and are
    /// ignored.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn newest_group(&self) -> Result<Option<GroupId>, StoreError> {
        run!(self, read(Delivery), read::newest_group())
    }

    /// One group with the user's role; `None` if it does not exist or the user is not a member.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn group(&self, user: UserId, group: GroupId) -> Result<Option<(Group, Role)>, StoreError> {
        run!(self, read(Request), read::group(user, group))
    }

    /// One page of a group's members in joining order; `None` if the group does not exist or the
    /// actor may not see it. An operator sees every group, and all names.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn members(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
        after: Option<MemberKey>,
        limit: u32,
    ) -> Result<Option<MemberPage>, StoreError> {
        let (actor, visibility) = (actor.into(), self.inner.name_visibility);
        run!(self, read(Request), read::members(actor, group, after, limit, visibility))
    }

    /// One member; `None` if the group does not exist, or the user or the other person is not a
    /// member.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn member(&self, user: UserId, group: GroupId, of: UserId) -> Result<Option<MemberRow>, StoreError> {
        let visibility = self.inner.name_visibility;
        run!(self, read(Request), read::member(user, group, of, visibility))
    }

    /// One page of a group's history, for its admins, its owner and operators. It may end before
    /// the limit, see [`PAGE_BYTES_MAX`](crate::PAGE_BYTES_MAX).
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn history(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
        after: Version,
        limit: u32,
    ) -> Result<History, StoreError> {
        let actor = actor.into();
        run!(self, read(Request), read::history(actor, group, after, limit))
    }

    /// Saves display names in one transaction. A stored name from a newer token is not replaced. If
    /// `names` contains several names of one person, the newest wins; of equally new ones, the
    /// last.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer; then no name is saved.
    pub async fn remember_names(&self, names: impl IntoIterator<Item = NameClaim>) -> Result<(), StoreError> {
        // Sorted by user, so that two servers lock rows in the same order.
        let mut newest: BTreeMap<Id, NameClaim> = BTreeMap::new();
        for name in names {
            let id = Id::from(name.user_id);
            if newest.get(&id).is_none_or(|known| known.issued_at <= name.issued_at) {
                newest.insert(id, name);
            }
        }
        if newest.is_empty() {
            return Ok(());
        }
        let row = |(id, NameClaim { name, issued_at, .. }): (Id, NameClaim)| {
            let key = search_key(name.as_str());
            (id, String::from(name), key, issued_at.unix_millis())
        };
        let rows: Vec<_> = newest.into_iter().map(row).collect();
        run!(self, write, maintenance::remember_names(rows))
    }

    /// The display names of those users who have one. Does not check who may see them.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn names(&self, users: &[UserId]) -> Result<HashMap<UserId, DisplayName>, StoreError> {
        let users: Vec<Id> = users.iter().copied().map(Id::from).collect();
        run!(self, read(Request), read::names_of(users))
    }

    /// The people whose name starts with the prefix, ordered by name. Case-insensitive.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn people(&self, prefix: &str, limit: u32) -> Result<Vec<(UserId, DisplayName)>, StoreError> {
        let prefix = search_key(prefix);
        run!(self, read(Request), read::people(prefix, limit))
    }

    /// One page of the people whom a user has blocked from adding them to groups, ordered by id.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn blocks(&self, user: UserId, after: Option<UserId>, limit: u32) -> Result<BlockPage, StoreError> {
        run!(self, read(Request), blocks::list(user, after, limit))
    }

    /// Blocks a person from adding the user to groups. Blocking somebody again is a no-op.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn block(&self, user: UserId, blocked: UserId, at: Timestamp) -> Result<Blocked, StoreError> {
        run!(self, write, blocks::put(user, blocked, at))
    }

    /// Removes a block. A no-op if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn unblock(&self, user: UserId, blocked: UserId) -> Result<(), StoreError> {
        run!(self, write, blocks::remove(user, blocked))
    }

    /// Decodes a token. `None`: it is not a valid cursor of this database.
    pub fn cursor(&self, token: &str) -> Option<Position> {
        self.inner.cursors.position(token).filter(|position| position.is_of(self.inner.id()))
    }

    /// Encodes positions as tokens.
    pub fn cursors(&self) -> Cursors {
        self.inner.cursors.clone()
    }

    /// Follows the log from its current end: [`tail_from`](Self::tail_from) without a position.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn tail(&self) -> Result<Tail, StoreError> {
        self.tail_from(None).await
    }

    /// Follows the log from about so many changes before its current end.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn tail_with_recent(&self, changes: u32) -> Result<Tail, StoreError> {
        let place = match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => Place::Sqlite(SqliteTail::open_before_end(backend, changes).await?),
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => Place::Postgres(PostgresTail::open_before_end(backend, changes).await?),
        };
        Ok(Tail::new(Arc::clone(&self.inner), place))
    }

    /// Follows the log from the oldest change that was not pruned.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn tail_from_start(&self) -> Result<Tail, StoreError> {
        self.tail_with_recent(u32::MAX).await
    }

    /// Follows the log from right after a position, or from its current end. Each group's changes
    /// come in version order, and none is skipped. Changes before the position are repeated only as
    /// described at [`Position`].
    ///
    /// # Errors
    /// * [`StoreError::OlderThanLog`] if changes after the position were pruned, because the
    ///   consumer was offline for longer than [`log_kept`](StoreOptions::log_kept). It must read
    ///   the current state, then continue with `None`.
    /// * [`StoreError::HistoryReplaced`] if the position belongs to another database, or to this
    ///   one before it was restored to an earlier state.
    /// * Another [`StoreError`] if the database did not answer.
    pub async fn tail_from(&self, from: Option<Position>) -> Result<Tail, StoreError> {
        let place = match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => Place::Sqlite(SqliteTail::open(backend, from).await?),
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => Place::Postgres(PostgresTail::open(backend, from).await?),
        };
        Ok(Tail::new(Arc::clone(&self.inner), place))
    }

    /// The current end of the log: [`tail_from`](Self::tail_from) this position returns every
    /// change that is committed later.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn end_of_log(&self) -> Result<Position, StoreError> {
        let store = self.inner.id();
        let end = run!(self, read(Delivery), sinks::end_of_log(store));
        self.of_one_history(store, end)
    }

    /// The position that was last saved for a durable consumer of the log; `None` if there is none.
    ///
    /// It is valid only for the database in which it was saved: after [`copy`](crate::copy),
    /// [`tail_from`](Self::tail_from) rejects it with [`StoreError::HistoryReplaced`].
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer, or [`StoreError::Corrupt`] if the row cannot
    /// be read.
    pub async fn sink_position(&self, name: &SinkName) -> Result<Option<Position>, StoreError> {
        let name = name.as_str().to_owned();
        run!(self, read(Delivery), sinks::position(name))
    }

    /// Saves the position of a durable log consumer that has processed everything up to `position`.
    /// Returns `false` if the stored position is as new or newer; it then stays unchanged. `at` is
    /// stored with the position.
    ///
    /// If a position is saved only after the changes before it are processed, a restart repeats
    /// changes but loses none (at-least-once). Each save is a transaction, so save once per batch
    /// instead of once per change. Pruning does not wait for consumers.
    ///
    /// # Errors
    /// [`StoreError::HistoryReplaced`] if the position belongs to another database; another
    /// [`StoreError`] if the database did not answer.
    pub async fn save_sink_position(
        &self,
        name: &SinkName,
        position: &Position,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let store = self.inner.id();
        if !position.is_of(store) {
            return Err(StoreError::HistoryReplaced);
        }
        let (name, position) = (name.as_str().to_owned(), position.clone());
        run!(self, write, sinks::save_position(store, name, position, at))
    }

    /// Notifies of every commit of this store, for applications that wake other servers by their
    /// own means.
    pub fn commits(&self) -> watch::Receiver<()> {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => backend.commits(),
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => backend.bus().commits(),
        }
    }

    /// Makes every [`Tail`] read the log now, because another server may have committed. Extra
    /// calls are harmless; a missing call delays events until the next poll. A no-op on SQLite,
    /// which has no other servers.
    pub fn wake(&self) {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => backend.bus().wake(),
        }
    }

    /// The commits of this process as messages for the other servers, for applications that connect
    /// servers by their own means; `None` on SQLite. Commits made before this call are not included.
    #[cfg(feature = "postgres")]
    pub fn commit_messages(&self) -> Option<CommitMessages> {
        CommitMessages::new(Arc::clone(&self.inner))
    }

    /// Handles a message that another server got from [`CommitMessages::next`]: every
    /// [`Tail`] receives its commit without reading the log. Any other message is like
    /// [`wake`](Self::wake). Messages may be lost, repeated and reordered.
    #[cfg(feature = "postgres")]
    pub fn hear_commit(&self, message: &[u8]) {
        commit_messages::hear(&self.inner, message);
    }

    /// Messages between the servers on this database; `None` on SQLite, and without
    /// [`StoreOptions::postgres_notify`].
    #[cfg(feature = "postgres")]
    pub fn peer_messages(&self) -> Option<PeerMessages> {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => None,
            Backend::Postgres(backend) => self.inner.postgres_notify.then(|| PeerMessages::new(backend.bus().clone())),
        }
    }

    /// Counts of the commits of this process. Does not read the database.
    pub fn commit_metrics(&self) -> CommitMetrics {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => backend.recent().metrics(),
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => backend.recent().metrics(),
        }
    }

    /// How often the [`Tail`]s of this store have read the log, since the store was opened. Does not read
    /// the database.
    pub fn log_reads(&self) -> u64 {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => backend.log_reads().count(),
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => backend.log_reads().count(),
        }
    }

    /// The state of the connection pool; `None` on SQLite.
    pub fn pool_metrics(&self) -> Option<PoolMetrics> {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => Some(backend.pool_metrics()),
        }
    }

    /// Where the initial states of clients come from; `None` without
    /// [`postgres_replica_url`](StoreOptions::postgres_replica_url).
    pub fn replica_metrics(&self) -> Option<ReplicaMetrics> {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => backend.replica_metrics(),
        }
    }

    /// Deletes data past its retention, at most `step_max` rows of each kind. Call it repeatedly
    /// until [`Pruned::is_empty`], and then at regular intervals.
    ///
    /// `open_for` is how long the store has been open, by a monotonic clock. Pruning trusts `now`
    /// only as far as `open_for` has advanced too: if the clock jumps ahead for less than six
    /// hours, nothing is deleted early.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn prune(&self, now: Timestamp, open_for: Duration, step_max: u32) -> Result<Pruned, StoreError> {
        let clock = || self.inner.prune_clock.lock().unwrap_or_else(PoisonError::into_inner);
        let (log_kept_ms, now) = (self.inner.log_kept_ms, now.unix_millis());
        let time = clock().time(now, open_for);
        let (pruned, believed) = run!(self, write, maintenance::prune(time, log_kept_ms, step_max))?;
        clock().pruned(now, believed, open_for);
        Ok(pruned)
    }

    /// Checks that the database can be written: it is neither read-only nor full, and its tables
    /// are not locked. Writes a row.
    ///
    /// # Errors
    /// [`StoreError`] says why not.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        run!(self, write, maintenance::check_writable())
    }

    /// Checks that the database answers and, on SQLite, that its file was not removed or replaced.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => backend.check_file().await?,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => {}
        }
        run!(self, read(Delivery), maintenance::floor()).map(drop)
    }
}

/// The cursors of a database, with the key that is stored in it. A database without a key gets a
/// random one, exactly once even if several servers open it at the same time.
async fn cursors(backend: &Backend, database: &str) -> Result<Cursors, OpenError> {
    let failed = |detail: &str| OpenError::Unreachable { database: database.to_owned(), detail: detail.to_owned() };
    let proposal = CursorKey::random().ok_or_else(|| failed("the operating system has no randomness"))?;
    let key = match backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite(backend) => {
            let key = async move |conn: &mut SqliteConn| queries::maintenance::cursor_key(conn, proposal).await;
            backend.write(key).await
        }
        #[cfg(feature = "postgres")]
        Backend::Postgres(backend) => {
            let key = backend.write(move |conn| {
                let proposal = proposal.clone();
                async move { queries::maintenance::cursor_key(conn, proposal).await }.boxed()
            });
            key.await
        }
    };
    let key = key.map_err(|error| match error {
        StoreError::Unavailable(Reason::DiskFull) => OpenError::DiskFull { database: database.to_owned() },
        error => failed(&error.to_string()),
    })?;
    let unreadable =
        "the row 'cursor_key' of table 'meta' is not 64 hexadecimal digits: delete it, and a new key is created";
    Cursors::new(&key).ok_or_else(|| failed(unreadable))
}

/// The form of a name that searches compare.
fn search_key(name: &str) -> String {
    name.to_lowercase()
}
