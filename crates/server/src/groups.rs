//! The assembled service: store, hub, relay and identity, ready to be mounted.

mod builder;

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use actix_web::{HttpRequest, web};
use groups_domain::{Actor, Command, GroupId, Request, Timestamp, UserId};
use groups_store::{ExecuteError, Executed, NameClaim, Revocation, Store};
use groups_supervisor::{Supervisor, TaskFailure};
use notify::{Drain, Hub};
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use uuid::Uuid;

pub use builder::GroupsBuilder;

use crate::bus::{Bus, Inlet, PeerMessage};
use crate::client::TrustedProxies;
use crate::connection::Connection;
use crate::health::Health;
use crate::identity::{Development, Identity, Jwks, KeysError, Names, Origins, Principal, Revocations, Subjects};
use crate::ids::GroupIds;
use crate::jobs::JobSignal;
use crate::limiter::Limiter;
use crate::metrics::Metrics;
use crate::mount::Mount;
use crate::peers::{ANNOUNCE_EVERY, Peers};
use crate::reads::Reads;
use crate::refusals::Refusals;
use crate::webhooks::Webhooks;
use crate::{Code, Problem, clock};

/// A running service. Cheap to clone; all clones share the same service.
#[derive(Clone)]
pub struct Groups(Arc<Inner>);

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").field("store", &self.0.store.id()).field("hub", &self.0.hub).finish_non_exhaustive()
    }
}

struct Inner {
    store: Store,
    hub: Hub,
    bus: Bus,
    identity: Box<dyn Identity>,
    /// The public keys for tokens, if there are any.
    keys: Option<Jwks>,
    /// How the user ids of subjects are derived.
    subjects: Subjects,
    /// The issuer of all tokens, if only one is accepted.
    issuer: Option<String>,
    proxies: TrustedProxies,
    /// How long a request body may take.
    body_timeout: Duration,
    mount: Mount,
    development: Option<Development>,
    origins: Origins,
    names: Names,
    metrics: Metrics,
    #[cfg(feature = "otlp")]
    traces: Option<crate::traces::Traces>,
    registry: Arc<Registry>,
    peers: Arc<Peers>,
    revocations: Arc<Revocations>,
    /// How long a revocation is kept.
    revocations_kept: Duration,
    /// Permits of requests that wait for new changes in the log.
    feeds: Arc<Semaphore>,
    health: Health,
    limiter: Arc<Limiter>,
    ids: Arc<GroupIds>,
    jobs: JobSignal,
    webhooks: Webhooks,
    reads: Reads,
    /// Delays the rejection of large changes from users who have too few tokens left.
    refusals: Refusals,
    /// It will stop soon, and serves until then.
    leaving: AtomicBool,
    stopping: AtomicBool,
    supervisor: Supervisor,
    /// Closes all client connections after a failure.
    on_failure: AbortHandle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.supervisor.stop();
        self.on_failure.abort();
    }
}

impl Groups {
    /// Executes a command in-process, with the same rules, durability and events as an HTTP
    /// request. When this returns, the change is durable, even across a power failure; clients and
    /// sinks receive it once the relay has read it.
    ///
    /// An [`Actor::Operator`] needs no membership and no rank, and has no quotas. Rate limits do not
    /// apply, but the quotas of a member and the limits in the rules do. To create a group, generate its id with
    /// [`new_group_id`](Self::new_group_id). For an idempotency key, an expected version, or
    /// application rows in the same transaction, use the [`store`](Self::store).
    ///
    /// Dropping the future does not cancel a command that was already accepted.
    ///
    /// # Errors
    /// [`ExecuteError`] if the rules reject the command or the database is unavailable.
    pub async fn execute(&self, actor: Actor, group_id: GroupId, command: Command) -> Result<Executed, ExecuteError> {
        let request = Request { group_id, actor, at: self.now(), expected_version: None, command };
        self.0.store.execute(request.into()).await
    }

    /// Returns an id for a new group: a UUIDv7 greater than every id that this service has created
    /// or seen, so that lists show the newest group first.
    pub fn new_group_id(&self) -> GroupId {
        self.0.ids.generate()
    }

    /// The service's current time: the `at` of a request to [`Store::execute`].
    pub fn now(&self) -> Timestamp {
        clock::now()
    }

    /// Authenticates the caller of a route of your own with the service's [`Identity`], and refuses
    /// an expired [`Principal`]. The [`Problem`] is a response for actix-web.
    ///
    /// It charges no rate limit and does not check the origin. With cookies, protect your own
    /// changing routes against requests from pages of other origins (CSRF).
    ///
    /// # Errors
    /// The [`Problem`] of the identity, or [`Code::Unauthenticated`] if the principal has expired.
    pub async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem> {
        let principal = self.admit(self.0.identity.identify(request).await?)?;
        if let Some(connection) = Connection::of(request) {
            connection.authenticated();
        }
        Ok(principal)
    }

    /// Closes all WebSocket connections of a user on all servers with 4500. With `not_before`, also
    /// refuses the user's principals with an earlier [`issued_at`](Principal::issued_at) for as long
    /// as the settings say. Other servers follow within a few seconds.
    ///
    /// If the future is dropped, the user may stay connected for a few seconds.
    ///
    /// # Errors
    /// [`Code::Unavailable`] if the database did not answer, or if too many revocations are in force.
    pub async fn disconnect(&self, user_id: UserId, not_before: Option<Timestamp>) -> Result<(), Problem> {
        let revocations = &self.0.revocations;
        if !revocations.has_room(user_id) {
            return Err(Problem::new(Code::Unavailable, "Too many revocations are in force."));
        }
        let now = clock::now();
        let kept_millis = i64::try_from(self.0.revocations_kept.as_millis()).unwrap_or(i64::MAX);
        let kept_until = Timestamp::from_unix_millis(now.unix_millis().saturating_add(kept_millis));
        let revocation = Revocation { user_id, not_before, disconnected_at: now, kept_until };
        revocations.insert(self.0.store.revoke(revocation).await?);
        self.0.bus.send(PeerMessage::Revoked);
        self.0.hub.disconnect(user_id).await;
        Ok(())
    }

    /// # Errors
    /// [`Code::Unauthenticated`] if the principal was revoked in the meantime.
    pub(crate) fn check_revoked(&self, principal: &Principal) -> Result<(), Problem> {
        self.0.revocations.check(principal, clock::now())
    }

    fn admit(&self, principal: Principal) -> Result<Principal, Problem> {
        let rejected = |reason| {
            move |problem| {
                self.0.metrics.door().token_rejected(reason);
                problem
            }
        };
        let principal = not_expired(principal).map_err(rejected("expired"))?;
        if principal.user_id.uuid().is_nil() {
            let detail = "The user id must not be the nil UUID, which stands for erased users.";
            return Err(Problem::new(Code::Unauthenticated, detail));
        }
        self.check_revoked(&principal).map_err(rejected("revoked"))?;
        Ok(principal)
    }

    /// Authenticates a token with which a client renews its WebSocket.
    pub(crate) async fn identify_token(&self, token: &str) -> Result<Principal, Problem> {
        self.admit(self.0.identity.authenticate_token(token).await?)
    }

    /// Reads the public keys for tokens (`GROUPS_JWKS`) again. This also
    /// happens on its own: periodically, when the file changes, and when a token names an unknown key.
    /// A no-op without such keys.
    ///
    /// # Errors
    /// [`KeysError`] if they cannot be read; the last ones stay in force.
    pub async fn reload_keys(&self) -> Result<(), Arc<KeysError>> {
        match &self.0.keys {
            Some(keys) => keys.reload().await,
            None => Ok(()),
        }
    }

    /// Waits until a task or thread that the service depends on ends unexpectedly, such as the
    /// relay, a WebSocket worker or a database thread. Pending while everything runs, and after
    /// [`stop`](Self::stop).
    ///
    /// Failed tasks are not restarted. After a failure, `/readyz` answers 503, WebSocket upgrades
    /// are refused, and connected clients are closed with 1012 over `drain_seconds`. The host
    /// should [`stop`](Self::stop) the service and exit with an error, so that its own supervisor
    /// restarts it.
    pub async fn failed(&self) -> TaskFailure {
        self.0.supervisor.failed().await
    }

    /// Returns the first failure, if any: see [`failed`](Self::failed).
    pub fn failure(&self) -> Option<TaskFailure> {
        self.0.supervisor.failure()
    }

    /// The supervisor of all tasks and threads of this service.
    #[doc(hidden)]
    pub fn supervisor(&self) -> &Supervisor {
        &self.0.supervisor
    }

    /// Shuts down gracefully: closes every WebSocket with 1012, spread over `spread`, and closes
    /// the database.
    ///
    /// Call it while the `HttpServer` is still running: the server has to send the close frames,
    /// and it does not stop on its own while a WebSocket is open. Changes that were already
    /// accepted are completed first. Later requests are answered with 503, and later commands with
    /// [`ExecuteError::Unavailable`] and the reason `Closed`: end your own jobs before, or treat this
    /// as their end.
    ///
    /// `stop` does not wait for sinks: a running `deliver` is dropped at its next `await`. A durable
    /// sink receives that batch again after the restart.
    pub async fn stop(&self, spread: Duration) {
        self.announce_stop();
        self.close_clients(spread).await;
        self.close_store().await;
    }

    /// Marks the service as not ready and refuses new WebSocket connections.
    pub(crate) fn announce_stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    /// Marks the service as not ready, so that load balancers stop sending clients, and serves on.
    pub(crate) fn announce_leaving(&self) {
        self.0.leaving.store(true, Ordering::Release);
    }

    pub(crate) async fn close_clients(&self, spread: Duration) {
        self.0.hub.drain(Drain { spread, ..Drain::default() }).await;
    }

    /// Stops sending to webhooks and leaves them to other servers. A no-op if that was done before.
    pub(crate) async fn stop_webhooks(&self) {
        // Boxed: the futures of applications that stop the service nest it deeply, and the compiler
        // limits that.
        let stopping: Pin<Box<dyn Future<Output = ()> + Send + '_>> = Box::pin(self.0.webhooks.stop(&self.0.store));
        stopping.await;
    }

    /// Stops the background tasks, which need the store, and then closes the store.
    pub(crate) async fn close_store(&self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = self.traces() {
            traces.flush(Duration::from_millis(500)).await;
        }
        self.stop_webhooks().await;
        self.0.supervisor.stop();
        self.0.store.clone().close().await;
    }

    /// Returns the service that handles a request.
    pub(crate) fn of(request: &HttpRequest) -> Result<&Self, Problem> {
        request.app_data::<web::Data<Self>>().map(|groups| groups.get_ref()).ok_or_else(|| {
            tracing::error!("a route of groups is mounted without Groups::configure");
            Problem::new(Code::Internal, "The service is not mounted.")
        })
    }

    /// The database of the service: reads for the application, and changes in a transaction with
    /// the application's own rows. Changes made through it are delivered to clients and sinks like
    /// any other.
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

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    #[cfg(feature = "otlp")]
    pub(crate) fn traces(&self) -> Option<&crate::traces::Traces> {
        self.0.traces.as_ref()
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    pub(crate) fn peers(&self) -> &Peers {
        &self.0.peers
    }

    pub(crate) fn feeds(&self) -> &Arc<Semaphore> {
        &self.0.feeds
    }

    pub(crate) fn subjects(&self) -> Subjects {
        self.0.subjects
    }

    /// The issuer of all tokens, if only one is accepted.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.0.issuer.as_deref()
    }

    pub(crate) fn proxies(&self) -> &TrustedProxies {
        &self.0.proxies
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        self.0.body_timeout
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

    pub(crate) fn jobs(&self) -> &JobSignal {
        &self.0.jobs
    }

    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    pub(crate) fn reads(&self) -> &Reads {
        &self.0.reads
    }

    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.0.leaving.load(Ordering::Acquire)
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

    /// Stores the display name from a token in the background, without delaying the request.
    pub(crate) fn learn_name(&self, principal: &Principal) {
        let Some(name) = principal.name.clone() else { return };
        let name = NameClaim { user_id: principal.user_id, name, issued_at: principal.issued_at };
        if self.0.names.learn(name, clock::now()) {
            let groups = self.clone();
            tokio::spawn(async move { groups.0.names.write_waiting(&groups.0.store).await });
        }
    }
}

fn not_expired(principal: Principal) -> Result<Principal, Problem> {
    if principal.expires_at <= clock::now() {
        return Err(Problem::new(Code::Unauthenticated, "The authentication has expired. Sign in again."));
    }
    Ok(principal)
}

/// A service that may have ended. It does not keep the service alive.
pub(crate) struct WeakGroups(Weak<Inner>);

impl WeakGroups {
    pub(crate) fn upgrade(&self) -> Option<Groups> {
        self.0.upgrade().map(Groups)
    }
}

/// After a failure, closes all client connections. Otherwise clients would wait for events that
/// never arrive.
async fn send_clients_away(supervisor: Supervisor, service: WeakGroups, spread: Duration) {
    supervisor.failed().await;
    if let Some(groups) = service.upgrade() {
        groups.announce_stop();
        groups.close_clients(spread).await;
    }
}

/// Periodically removes the token buckets of inactive users.
async fn sweep(limiter: Arc<Limiter>) {
    loop {
        tokio::time::sleep(Limiter::SWEEP_EVERY).await;
        limiter.sweep();
    }
}

/// Disconnects the users whom other servers have disconnected.
async fn follow_revocations(store: Store, bus: Bus, inlet: Inlet, revocations: Arc<Revocations>) {
    loop {
        // Either way, the database is read.
        let _ = tokio::time::timeout(Revocations::LOOK_EVERY, inlet.revoked.notified()).await;
        let now = clock::now();
        revocations.sweep(now);
        if bus.is_alone() {
            continue;
        }
        match revocations.refresh(&store, now).await {
            Ok(users) => {
                for user_id in users {
                    inlet.hub.disconnect(user_id).await;
                }
            }
            Err(error) => tracing::warn!(%error, "revocations of other servers could not be read; will retry"),
        }
    }
}

/// Tells the other servers how many connections this one has.
async fn announce(bus: Bus, hub: Hub) {
    let server = Uuid::new_v4();
    loop {
        let count = hub.connections() as u64;
        bus.send(PeerMessage::Connections { server, count });
        tokio::time::sleep(ANNOUNCE_EVERY).await;
    }
}

/// Deletes what is older than its retention period, in small batches.
async fn prune(store: Store) {
    const PAUSE_DONE: Duration = Duration::from_secs(60);
    const PAUSE_MORE: Duration = Duration::from_millis(50);
    const STEP_ROWS_MAX: u32 = 500;
    let opened = Instant::now();
    loop {
        let more = match store.prune(clock::now(), opened.elapsed(), STEP_ROWS_MAX).await {
            Ok(pruned) => !pruned.is_empty(),
            Err(error) => {
                tracing::warn!(%error, "the log could not be pruned");
                false
            }
        };
        if let Err(error) = store.prune_jobs(clock::now(), STEP_ROWS_MAX).await {
            tracing::warn!(%error, "finished jobs could not be deleted");
        }
        tokio::time::sleep(if more { PAUSE_MORE } else { PAUSE_DONE }).await;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;
    use crate::Settings;

    #[tokio::test]
    async fn no_task_outlives_a_stopped_service() {
        let folder = tempfile::tempdir().unwrap();
        let database_url = folder.path().join("groups.db").to_string_lossy().into_owned();
        let groups = Groups::builder(Settings { database_url, ..Settings::default() }).open().await.unwrap();
        assert_eq!(groups.supervisor().running(), 11);
        groups.stop(Duration::ZERO).await;
        while groups.supervisor().running() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(groups.failure(), None);
    }
}
