//! The assembled service: store, hub, relay and identity, ready to be mounted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use actix_web::{HttpRequest, web};
use groups_store::{DisplayName, Store, StoreOptions};
use groups_supervisor::{Supervisor, TaskFailure};
use notify::{Drain, Hub, HubLimits};
use tokio::task::AbortHandle;

use crate::bus::Bus;
use crate::health::Health;
use crate::identity::{Claims, Development, Names, Origins, Tokens};
use crate::ids::GroupIds;
use crate::limiter::Limiter;
use crate::openings::Openings;
use crate::reads::{ReadLimits, Reads};
use crate::refusals::Refusals;
use crate::relay::relay;
use crate::{Code, Problem, Settings, SettingsError, edge, health};

/// Why the service could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] groups_store::OpenError),
    /// The log cannot be followed.
    #[error("the log of changes cannot be read: {0}")]
    Log(#[from] groups_store::StoreError),
    /// The settings ask for what there is not.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The servers cannot be connected with each other as the settings ask for.
    #[error("{0}")]
    Bus(String),
}

/// How long the refusal of a large change is held back if its user has too few tokens left.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);

/// Refusals that are held back at once; one more is answered at once and ends its connection.
const REFUSALS_MAX: usize = 4_096;

/// The whole service. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct Groups(Arc<Inner>);

struct Inner {
    store: Store,
    hub: Hub,
    bus: Bus,
    tokens: Tokens,
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
    /// Opens the database, and starts the relay and the chores on the current runtime.
    ///
    /// Of the settings, `listen`, `workers` and `drain_seconds` mean nothing here: they are for [`run`](crate::run). Without a
    /// secret this is development mode as well: it gives tokens to callers from this machine only. To listen on loopback only is
    /// for the caller to see to: [`Settings::check`] says so of an address.
    ///
    /// # Errors
    /// [`OpenError`] where the settings make no sense or the database cannot be used; its text is for an operator.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(settings: &Settings) -> Result<Self, OpenError> {
        settings.check_tokens()?;
        let origins = Origins::new(settings.origins()?);
        let supervisor = Supervisor::new();
        let store = Store::open(StoreOptions {
            limits: settings.limits(),
            quotas: settings.quotas(),
            name_visibility: settings.name_visibility(),
            log_kept: settings.log_kept(),
            // What NATS carries, PostgreSQL need not.
            postgres_notify: settings.nats_url()?.is_none(),
            supervisor: supervisor.clone(),
            ..StoreOptions::new(&settings.database_url)
        })
        .await?;
        let heartbeat = Duration::from_secs(u64::from(settings.heartbeat_seconds));
        let hub = Hub::supervised(
            HubLimits {
                heartbeat,
                // Four times a heartbeat, so that "two beats" holds for short ones as well.
                tick: HubLimits::default().tick.min(heartbeat / 4),
                connections_per_user_max: settings.max_connections_per_user,
                ..HubLimits::default()
            },
            Arc::new(Openings(store.clone())),
            supervisor.clone(),
        );
        let development = settings.is_development().then(|| Development::new(store.id()));
        let secret = match (settings.secret(), &development) {
            (Some(secret), _) => secret.as_bytes(),
            (None, Some(development)) => development.secret(),
            (None, None) => &[],
        };
        // Before anybody can connect, so that whatever a client's first read does not show is still to come by the tail.
        let tail = store.tail().await?;
        let limiter = Arc::new(Limiter::new(settings.rate_limit, settings.max_upgrades_per_address));
        let traffic = Arc::clone(&limiter);
        hub.observe_traffic(move |group_id, sent| traffic.charge_group(group_id, sent.connections, sent.bytes));
        // After the tail, so that no group is missed in between.
        let ids = Arc::new(GroupIds::default());
        store.newest_group().await?.into_iter().for_each(|newest| ids.observe(newest));
        let bus = Bus::start(settings, &store, &hub, &supervisor).await?;
        supervisor.spawn("relay", relay(tail, Arc::new(hub.clone()), Arc::clone(&ids)));
        supervisor.spawn("pruning", trim(store.clone()));
        supervisor.spawn("sweep of the limiter", sweep(Arc::clone(&limiter)));
        let health = Health::new();
        supervisor.spawn("health", health::watch(store.clone(), bus.clone(), health.clone()));
        let tokens = Tokens::new(secret, settings);
        let spread = Duration::from_secs(u64::from(settings.drain_seconds));
        Ok(Self(Arc::new_cyclic(|inner| Inner {
            on_failure: tokio::spawn(send_clients_away(supervisor.clone(), Weak::clone(inner), spread)).abort_handle(),
            tokens,
            origins,
            limiter,
            ids,
            reads: Reads::new(ReadLimits::default()),
            refusals: Refusals::new(REFUSAL_PAUSE, REFUSALS_MAX),
            names: Names::default(),
            health,
            stopping: AtomicBool::new(false),
            store,
            hub,
            bus,
            development,
            supervisor,
        })))
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

    /// Says good-bye to every WebSocket client, spread over `spread`, and closes the database.
    ///
    /// To be called while the `HttpServer` still runs: that is what carries the good-bye, and it does not end by itself as long as
    /// a WebSocket is open. Changes that were accepted before are finished first. Requests that come later are answered with 503.
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
            Problem::new(Code::Internal, "the service is not mounted")
        })
    }

    pub(crate) fn store(&self) -> &Store {
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

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
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
        let not_here = || Problem::new(Code::NotFound, "this server is not in development mode");
        self.0.development.as_ref().ok_or_else(not_here)
    }

    /// Keeps the display name of a token, beside the request that came with it.
    pub(crate) fn learn_name(&self, claims: &Claims) {
        let Some(name) = claims.name.clone() else { return };
        let name = DisplayName { user_id: claims.user_id, name, issued_at: claims.issued_at };
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
async fn trim(store: Store) {
    const PAUSE_DONE: Duration = Duration::from_secs(60);
    const PAUSE_MORE: Duration = Duration::from_millis(50);
    const STEP_ROWS_MAX: u32 = 500;
    let opened = Instant::now();
    loop {
        let more = match store.trim(edge::now(), opened.elapsed(), STEP_ROWS_MAX).await {
            Ok(trimmed) => !trimmed.is_empty(),
            Err(error) => {
                tracing::warn!(%error, "the log could not be trimmed");
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
        let groups = Groups::open(&Settings { database_url, ..Settings::default() }).await.unwrap();
        assert_eq!(groups.supervisor().running(), 4);
        groups.stop(Duration::ZERO).await;
        while groups.supervisor().running() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(groups.failure(), None);
    }
}
