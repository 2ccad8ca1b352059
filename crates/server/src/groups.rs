//! The assembled service: store, hub, relay and identity, ready to be mounted.

mod builder;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use actix_web::{HttpRequest, web};
use groups_domain::{Actor, Command, GroupId, Request};
use groups_store::{DisplayName, ExecuteError, Executed, Store};
use groups_supervisor::{Supervisor, TaskFailure};
use notify::{Drain, Hub};
use tokio::task::AbortHandle;

pub use builder::GroupsBuilder;
pub(crate) use builder::Mount;

use crate::bus::Bus;
use crate::health::Health;
use crate::identity::{Development, Identity, Names, Origins, Principal};
use crate::ids::GroupIds;
use crate::limiter::Limiter;
use crate::reads::Reads;
use crate::refusals::Refusals;
use crate::{Code, Problem, Settings, SettingsError, edge};

/// Why the service could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] groups_store::OpenError),
    /// The log cannot be followed.
    #[error("cannot read the log of changes")]
    Log(#[from] groups_store::StoreError),
    /// The settings ask for what there is not.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The servers cannot be connected with each other as the settings ask for.
    #[error("{0}")]
    Bus(String),
}

/// The whole service. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct Groups(Arc<Inner>);

struct Inner {
    store: Store,
    hub: Hub,
    bus: Bus,
    identity: Box<dyn Identity>,
    mount: Mount,
    development: Option<Development>,
    origins: Origins,
    names: Names,
    health: Health,
    limiter: Arc<Limiter>,
    ids: Arc<GroupIds>,
    reads: Reads,
    /// Of large changes for which a user has too few tokens left.
    refusals: Refusals,
    stopping: AtomicBool,
    supervisor: Supervisor,
    /// Sends the clients away once something has failed.
    on_failure: AbortHandle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.supervisor.stop();
        self.on_failure.abort();
    }
}

impl Groups {
    /// Begins to build a service: everything that can be chosen is a method of [`GroupsBuilder`].
    pub fn builder(settings: Settings) -> GroupsBuilder {
        settings.into()
    }

    /// Executes a command from within the process, with the same rules, durability and events as a request over HTTP. Once this
    /// returns, the change survives a power cut; clients and sinks hear of it as soon as the relay has read it.
    ///
    /// An [`Actor::Operator`] needs no membership and no rank. Rate limits do not apply; quotas and the limits of the rules do. A new
    /// group needs an id of its own: [`new_group_id`](Self::new_group_id). For an idempotency key, an expected version, or rows of
    /// the application in the same transaction, use the [`store`](Self::store).
    ///
    /// Dropping the future does not take an accepted command back.
    ///
    /// # Errors
    /// [`ExecuteError`] says whether the rules or the database refuse it.
    pub async fn execute(&self, actor: Actor, group_id: GroupId, command: Command) -> Result<Executed, ExecuteError> {
        let request = Request { group_id, actor, at: edge::now(), expected_version: None, command };
        self.0.store.execute(request.into()).await
    }

    /// An id for a new group: a UUIDv7 that is greater than all that this service has made or seen, so that lists have the
    /// newest group first.
    pub fn new_group_id(&self) -> GroupId {
        edge::new_group_id(&self.0.ids)
    }

    /// Waits for the unexpected end of a task or thread that the service cannot do without: the relay, a worker of the
    /// WebSocket clients, a thread of the database and so on. Pending as long as everything runs, and after
    /// [`stop`](Self::stop).
    ///
    /// Nothing restarts what has ended. From that moment `/readyz` answers 503, WebSocket upgrades are refused, and the
    /// clients that are connected are closed with 1012 over `drain_seconds`. The host is expected to
    /// [`stop`](Self::stop) the service and to end with an error, so that its own supervisor starts it again.
    pub async fn failed(&self) -> TaskFailure {
        self.0.supervisor.failed().await
    }

    /// The first unexpected end, if there was one: see [`failed`](Self::failed).
    pub fn failure(&self) -> Option<TaskFailure> {
        self.0.supervisor.failure()
    }

    /// The supervisor of everything that runs in this service.
    #[doc(hidden)]
    pub fn supervisor(&self) -> &Supervisor {
        &self.0.supervisor
    }

    /// Shuts down gracefully: closes every WebSocket with 1012, spread over `spread`, and closes the database.
    ///
    /// Call it while the `HttpServer` still runs: that sends the close frames, and does not end by itself as long as a WebSocket is
    /// open. Changes that were accepted before are finished first. Later requests are answered with 503.
    pub async fn stop(&self, spread: Duration) {
        self.announce_stop();
        self.say_goodbye(spread).await;
        self.close_store().await;
    }

    /// From here on the service is not ready, and takes no new WebSocket connection.
    pub(crate) fn announce_stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    pub(crate) async fn say_goodbye(&self, spread: Duration) {
        self.0.hub.drain(Drain { spread, ..Drain::default() }).await;
    }

    /// Ends what runs beside the requests, which would find no store, and closes it.
    pub(crate) async fn close_store(&self) {
        self.0.supervisor.stop();
        self.0.store.clone().close().await;
    }

    /// The service of a request.
    pub(crate) fn of(request: &HttpRequest) -> Result<&Self, Problem> {
        request.app_data::<web::Data<Self>>().map(|groups| groups.get_ref()).ok_or_else(|| {
            tracing::error!("a route of groups is mounted without Groups::configure");
            Problem::new(Code::Internal, "The service is not mounted.")
        })
    }

    /// The database of the service: reads for the application, and changes in a transaction with its own rows. Whatever is changed
    /// through it is told like any other change.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn health(&self) -> &Health {
        &self.0.health
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.0.bus
    }

    pub(crate) fn identity(&self) -> &dyn Identity {
        &*self.0.identity
    }

    pub(crate) fn mount(&self) -> &Mount {
        &self.0.mount
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.0.origins
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub(crate) fn ids(&self) -> &GroupIds {
        &self.0.ids
    }

    pub(crate) fn reads(&self) -> &Reads {
        &self.0.reads
    }

    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }

    /// # Errors
    /// [`Code::NotFound`] outside development mode, as for any path that does not exist.
    pub(crate) fn development(&self) -> Result<&Development, Problem> {
        let not_here = || Problem::new(Code::NotFound, "This server is not in development mode.");
        self.0.development.as_ref().ok_or_else(not_here)
    }

    /// Keeps the display name of a token, beside the request that came with it.
    pub(crate) fn learn_name(&self, principal: &Principal) {
        let Some(name) = principal.name.clone() else { return };
        let name = DisplayName { user_id: principal.user_id, name, issued_at: principal.issued_at };
        if self.0.names.learn(name, edge::now()) {
            let groups = self.clone();
            tokio::spawn(async move { groups.0.names.write_waiting(&groups.0.store).await });
        }
    }
}

/// Once something has failed: closes the clients, which would wait for events that do not come.
async fn send_clients_away(supervisor: Supervisor, service: Weak<Inner>, spread: Duration) {
    supervisor.failed().await;
    if let Some(inner) = service.upgrade() {
        let groups = Groups(inner);
        groups.announce_stop();
        groups.say_goodbye(spread).await;
    }
}

/// Forgets the token buckets of users who have been quiet.
async fn sweep(limiter: Arc<Limiter>) {
    loop {
        tokio::time::sleep(Limiter::SWEEP_EVERY).await;
        limiter.sweep();
    }
}

/// Forgets what is older than the log is kept, a small step at a time, beside the work.
async fn prune(store: Store) {
    const PAUSE_DONE: Duration = Duration::from_secs(60);
    const PAUSE_MORE: Duration = Duration::from_millis(50);
    const STEP_ROWS_MAX: u32 = 500;
    let opened = Instant::now();
    loop {
        let more = match store.prune(edge::now(), opened.elapsed(), STEP_ROWS_MAX).await {
            Ok(pruned) => !pruned.is_empty(),
            Err(error) => {
                tracing::warn!(%error, "the log could not be pruned");
                false
            }
        };
        tokio::time::sleep(if more { PAUSE_MORE } else { PAUSE_DONE }).await;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test says so by panicking")]

    use super::*;

    #[tokio::test]
    async fn nothing_runs_beside_a_service_that_was_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let database_url = folder.path().join("groups.db").to_string_lossy().into_owned();
        let groups = Groups::builder(Settings { database_url, ..Settings::default() }).open().await.unwrap();
        assert_eq!(groups.supervisor().running(), 4);
        groups.stop(Duration::ZERO).await;
        while groups.supervisor().running() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(groups.failure(), None);
    }
}
