//! Builds and opens a service, with all options for embedding applications.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Duration;

use groups_domain::Limits;
use groups_store::{Position, SinkName, Store, StoreOptions};
use groups_supervisor::Supervisor;
use notify::{Delivery, EventSink, Hub, HubLimits};
use tokio::sync::{Notify, Semaphore};

use super::{Groups, Inner, WeakGroups, announce, follow_revocations, prune, send_clients_away, sweep};
use crate::actor_names::ActorNames;
use crate::bus::{Bus, Inlet};
use crate::expiry::expire_invitations;
use crate::health::{self, Health};
use crate::identity::{Development, Identity, Jwks, Names, Origins, Revocations, TokenGuard, Tokens};
use crate::ids::GroupIds;
use crate::jobs::{JobSignal, Memory, execute_jobs, forget_erased};
use crate::limiter::Limiter;
use crate::metrics::{Collected, Metrics};
use crate::mount::Mount;
use crate::peers::Peers;
use crate::reads::{ReadLimits, Reads};
use crate::refusals::Refusals;
use crate::relay::{Observer, catch_up, relay};
use crate::relay_lag::RelayLags;
use crate::renewals::Renewals;
use crate::resumes::Resumes;
use crate::sinks::{Guarded, LogStart};
use crate::store_source::StoreSource;
use crate::webhooks::{WebhookStats, Webhooks};
use crate::{OpenError, Settings, SettingsError, clock};

/// How long the rejection of a large change is delayed if its user has too few tokens left.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);

/// Maximum number of rejections that are delayed at the same time. Beyond it, a rejection is sent
/// immediately and its connection is closed.
const REFUSALS_MAX: usize = 4_096;

/// Maximum number of requests that wait for new changes in the log. Further ones are answered
/// immediately.
const FEEDS_WAITING_MAX: usize = 64;

/// Number of recent changes that are read from the log at the start.
const RECENT_CHANGES: u32 = 4_096;

/// Builds a [`Groups`] service. Start with [`Groups::builder`] and finish with
/// [`open`](Self::open).
///
/// ```no_run
/// # use server::{Groups, OpenError, Settings};
/// # async fn example() -> Result<Groups, OpenError> {
/// Groups::builder(Settings { database_url: "sqlite://app.db".to_owned(), ..Settings::default() })
///     .prefix("/realtime")
///     .page(false)
///     .open()
///     .await
/// # }
/// ```
#[must_use = "nothing is opened before `open`"]
pub struct GroupsBuilder {
    pub(crate) settings: Settings,
    identity: Option<Box<dyn Identity>>,
    sinks: Vec<Sink>,
    limits: Option<Limits>,
    mount: Mount,
    development: bool,
}

struct Sink {
    /// The name under which the sink's position is stored.
    durable: Option<SinkName>,
    sink: Arc<dyn EventSink>,
}

impl Groups {
    /// Starts building a service. Every option is a method of [`GroupsBuilder`].
    pub fn builder(settings: Settings) -> GroupsBuilder {
        settings.into()
    }
}

impl From<Settings> for GroupsBuilder {
    fn from(settings: Settings) -> Self {
        let (metrics, directory) = (settings.operations_listen.is_none(), settings.directory);
        Self {
            settings,
            identity: None,
            sinks: Vec::new(),
            limits: None,
            mount: Mount { prefix: String::new(), page: true, documents: true, cors: true, metrics, directory },
            development: true,
        }
    }
}

impl std::fmt::Debug for GroupsBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sinks: Vec<_> = self.sinks.iter().map(|sink| sink.sink.name()).collect();
        f.debug_struct("GroupsBuilder")
            .field("settings", &self.settings)
            .field("own_identity", &self.identity.is_some())
            .field("sinks", &sinks)
            .field("mount", &self.mount)
            .finish_non_exhaustive()
    }
}

impl GroupsBuilder {
    /// Sets how callers are authenticated. Default: JSON Web Tokens, configured by the settings.
    /// With a custom identity there is no development mode, and the token settings are ignored. The
    /// [page](Self::page) signs in with tokens or, in development mode, by name: switch it off unless
    /// the identity accepts tokens.
    pub fn identity(mut self, identity: impl Identity) -> Self {
        self.identity = Some(Box::new(identity));
        self
    }

    pub(crate) fn has_own_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// Adds a sink, which receives every change committed from now on by any server on this
    /// database. It reads the log at its own pace: a sink that fails or stalls delays no other
    /// sink, and a panic counts as a failure. Changes committed while this process is not running
    /// are not delivered; for that, see [`durable_sink`](Self::durable_sink).
    pub fn sink(mut self, sink: impl EventSink + 'static) -> Self {
        self.sinks.push(Sink { durable: None, sink: Arc::new(sink) });
        self
    }

    /// Adds a sink whose position in the log is stored in the database under `name` after each
    /// batch it accepts. After a restart it resumes there. Delivery is at-least-once, in version
    /// order within each group. After a crash the last batch is delivered again, so the sink must
    /// be idempotent by group and version.
    ///
    /// [`Groups::stop`] does not wait for sinks: a running `deliver` is dropped at its next `await`,
    /// and its batch is delivered again after the restart.
    ///
    /// A new sink starts with the changes committed after [`open`](Self::open) has returned; the
    /// position is stored then. If a sink was away for longer than
    /// the log retention ([`Settings::log_days`]), [`EventSink::lagged`] is called, and the sink
    /// continues with the changes committed from then on.
    ///
    /// If several servers have a sink with this name, each of them delivers every change. To
    /// receive changes once, add the sink on one server only.
    pub fn durable_sink(mut self, name: SinkName, sink: impl EventSink + 'static) -> Self {
        self.sinks.push(Sink { durable: Some(name), sink: Arc::new(sink) });
        self
    }

    /// Sets the path prefix of all routes, such as `/realtime`. Default: none.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.mount.prefix = prefix.into();
        self
    }

    /// Sets the limits in the rules, overriding the settings.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Whether to serve the page (`/`) and the modules for other pages (`/assets/…`). Default: yes.
    /// Has no effect without the `page` feature.
    pub fn page(mut self, page: bool) -> Self {
        self.mount.page = page;
        self
    }

    /// Whether to serve the descriptions of the interface for programs: `/openapi.json` and `/asyncapi.json`, and
    /// `/docs` if the [page](Self::page) is served. Default: yes.
    pub fn documents(mut self, documents: bool) -> Self {
        self.mount.documents = documents;
        self
    }

    /// Whether outsiders can search for groups that they can join or ask to join, with `GET /v1/directory`. Default: as
    /// [`Settings::directory`] says.
    pub fn directory(mut self, directory: bool) -> Self {
        self.mount.directory = directory;
        self
    }

    /// Whether to start in development mode if the settings contain no key for tokens. Default:
    /// yes. If disabled, [`open`](Self::open) rejects such settings.
    pub fn development(mut self, development: bool) -> Self {
        self.development = development;
        self
    }

    /// Whether to answer CORS preflights and add CORS headers. Default: yes. Disable it if the
    /// application's own middleware does so. Unsafe requests from pages of foreign origins are
    /// refused in either case.
    pub fn cors(mut self, cors: bool) -> Self {
        self.mount.cors = cors;
        self
    }

    /// Opens the database, and starts the relays and the maintenance on the current runtime.
    ///
    /// These settings only apply to [`run`](crate::run) and are ignored here:
    ///
    /// * `listen`, `unix_socket_mode` and `workers`;
    /// * `keep_alive_seconds`: set `keep_alive` on your `HttpServer`, whose default is 5 seconds;
    /// * `tls_cert` and `tls_key`, `header_timeout_seconds`, and `proxy_protocol`;
    /// * `max_connections`, `max_anonymous_connections` and `max_anonymous_connections_per_address`;
    /// * `shutdown_delay_seconds`;
    /// * `drain_seconds`: [`Groups::stop`] has its own parameter. Only after a failure, clients are
    ///   disconnected over `drain_seconds`.
    ///
    /// Without a key for tokens the service is in development mode and issues
    /// tokens to callers on this machine only. The caller is responsible for listening on loopback
    /// only; [`Settings::check`] checks an address.
    ///
    /// # Errors
    /// [`OpenError`] if the settings are invalid or the database cannot be used. Its message is
    /// meant for operators.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn open(self) -> Result<Groups, OpenError> {
        let Self { settings, identity, sinks, limits, mount, development } = self;
        check_prefix(&mount.prefix)?;
        settings.otlp_endpoint()?;
        settings.traces_ratio()?;
        if identity.is_none() {
            settings.check_tokens()?;
            if settings.is_development() && !development {
                return Err(SettingsError::NoKey.into());
            }
        }
        let (origins, proxies) = (Origins::new(settings.origins()?), settings.trusted_proxies()?);
        let supervisor = Supervisor::new();
        let mut keys = None;
        if let (None, Some(location)) = (&identity, settings.jwks()?) {
            let (jwks, maintained) = Jwks::open(location, settings.jwks_cache()?).await?;
            supervisor.spawn("keys for tokens", maintained);
            keys = Some(jwks);
        }
        let store = Store::open(StoreOptions {
            limits: limits.unwrap_or_else(|| settings.limits()),
            quotas: settings.quotas(),
            name_visibility: settings.name_visibility(),
            log_kept: settings.log_kept(),
            // With NATS, the PostgreSQL notifications would be redundant.
            postgres_notify: settings.nats_url()?.is_none(),
            postgres_direct_url: settings.database_direct_url()?.map(str::to_owned),
            postgres_replica_url: settings.replica_url()?.map(str::to_owned),
            supervisor: supervisor.clone(),
            sqlite_readers: settings.sqlite_readers,
            postgres_connections_max: settings.postgres_connections,
            postgres_lanes: settings.postgres_lanes,
            queue_orders_max: settings.max_waiting_changes,
            queue_bytes_max: settings.max_waiting_change_bytes,
            queue_reads_max: settings.max_waiting_reads,
            group_cache_bytes_max: settings.group_cache_bytes,
            ..StoreOptions::new(&settings.database_url)
        })
        .await?;
        let (resumes, reading) = Resumes::new(store.clone(), settings.resume_bytes);
        supervisor.spawn("resuming clients", reading);
        let metrics = Metrics::new();
        let names = Names::default();
        let actor_names = ActorNames::new(store.clone(), names.clone());
        let source = StoreSource {
            store: store.clone(),
            resumes: resumes.clone(),
            actor_names: actor_names.clone(),
            metrics: metrics.clone(),
        };
        let hub = Hub::supervised(hub_limits(&settings), Arc::new(source), supervisor.clone());
        let development = (identity.is_none() && settings.is_development()).then(|| Development::new(store.id()));
        let limiter = Arc::new(Limiter::new(settings.rates(), metrics.door().clone()));
        let identity = identity.unwrap_or_else(|| {
            let own = settings.secret().map(str::as_bytes);
            let secret = own.or(development.as_ref().map(Development::secret));
            let guard = TokenGuard::new(Arc::clone(&limiter), metrics.door().clone());
            Box::new(Tokens::new(secret, keys.clone(), &settings, guard))
        });
        // Opened before clients can connect, so that the tail delivers everything that a client's
        // first read does not show. Recent changes are read now, so that clients resume from memory
        // after a restart.
        let mut tail = store.tail_with_recent(RECENT_CHANGES).await?;
        let traffic = Arc::clone(&limiter);
        hub.observe_traffic(move |group_id, sent| traffic.charge_group(group_id, sent.connections, sent.bytes));
        let sent = metrics.clone();
        #[cfg(feature = "otlp")]
        let traces = crate::traces::Traces::start(&settings, &supervisor)?;
        #[cfg(feature = "otlp")]
        let delivered = traces.clone();
        hub.observe_sent(move |changes| {
            sent.sent(changes);
            #[cfg(feature = "otlp")]
            if let Some(traces) = &delivered {
                traces.sent(changes);
            }
        });
        // After the tail, so that no group created in between is missed.
        let ids = Arc::new(GroupIds::default());
        store.newest_group().await?.into_iter().for_each(|newest| ids.observe(newest));
        let (peers, revocations) = (Arc::new(Peers::default()), Arc::new(Revocations::default()));
        revocations.refresh(&store, clock::now()).await?;
        let inlet = Inlet { hub: hub.clone(), peers: Arc::clone(&peers), revoked: Arc::new(Notify::new()) };
        let bus = Bus::start(&settings, &store, &inlet, &supervisor).await?;
        let memory = Memory {
            store: store.clone(),
            resumes: resumes.clone(),
            names: names.clone(),
            actor_names: actor_names.clone(),
        };
        supervisor.spawn("forgetting erased users", forget_erased(memory.clone()));
        let webhook_stats = WebhookStats::default();
        let webhooks = Webhooks::start(
            &store,
            &supervisor,
            webhook_stats.clone(),
            settings.webhook_allow_private,
            settings.is_on_postgres(),
        );
        let jobs = JobSignal::default();
        supervisor.spawn("jobs", execute_jobs(memory, jobs.clone(), metrics.clone()));
        let observer = ClientObserver { ids: Arc::clone(&ids), resumes, metrics: metrics.clone() };
        catch_up(&mut tail, &observer, &actor_names, 2 * RECENT_CHANGES as usize).await?;
        let lags = RelayLags::default();
        let lag = lags.relay(hub.name());
        supervisor.spawn("relay", relay(tail, Arc::new(hub.clone()), observer, actor_names.clone(), None, lag));
        for Sink { durable, sink } in sinks {
            let sink: Arc<dyn EventSink> = Arc::new(Guarded(sink));
            let LogStart { tail, progress } = LogStart::of(&store, durable, &*sink).await?;
            let task = format!("relay of the sink {}", sink.name());
            let lag = lags.relay(sink.name());
            supervisor.spawn(&task, relay(tail, sink, (), actor_names.clone(), progress, lag));
        }
        supervisor.spawn("pruning", prune(store.clone()));
        supervisor.spawn("expiry of invitations", expire_invitations(store.clone(), Arc::clone(&limiter)));
        supervisor.spawn("sweep of the limiter", sweep(Arc::clone(&limiter)));
        let revoking = follow_revocations(store.clone(), bus.clone(), inlet, Arc::clone(&revocations));
        supervisor.spawn("revocations", revoking);
        supervisor.spawn("announcements", announce(bus.clone(), hub.clone()));
        let health = Health::new();
        supervisor.spawn("health", health::watch(store.clone(), bus.clone(), health.clone()));
        #[cfg_attr(not(feature = "otlp"), expect(unused_mut, reason = "the feature adds a metric"))]
        let mut registry = metrics.registry(Collected {
            hub: hub.clone(),
            store: store.clone(),
            bus: bus.clone(),
            health: health.clone(),
            peers: Arc::clone(&peers),
            lags,
            webhooks: webhook_stats,
        });
        #[cfg(feature = "otlp")]
        if let Some(traces) = &traces {
            let help = "Spans that were dropped, because too many waited or the collector did not take them";
            let groups = registry.sub_registry_with_prefix("groups");
            groups.register("trace_spans_dropped", help, traces.dropped());
        }
        let spread = Duration::from_secs(u64::from(settings.drain_seconds));
        let mut issuers = settings.issuers();
        let issuer = issuers.next().filter(|_| issuers.next().is_none()).map(str::to_owned);
        let groups = Groups(Arc::new_cyclic(|inner| Inner {
            on_failure: tokio::spawn(send_clients_away(supervisor.clone(), WeakGroups(Weak::clone(inner)), spread))
                .abort_handle(),
            identity,
            keys,
            subjects: settings.subjects(),
            issuer,
            origins,
            limiter,
            ids,
            jobs,
            webhooks,
            proxies,
            body_timeout: Duration::from_secs(settings.body_timeout_seconds.into()),
            mount,
            reads: Reads::new(ReadLimits::default()),
            refusals: Refusals::new(REFUSAL_PAUSE, REFUSALS_MAX),
            metrics,
            #[cfg(feature = "otlp")]
            traces,
            registry: Arc::new(registry),
            peers,
            revocations,
            revocations_kept: settings.revocations_kept(),
            feeds: Arc::new(Semaphore::new(FEEDS_WAITING_MAX)),
            names,
            health,
            leaving: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            store,
            hub,
            bus,
            development,
            supervisor,
        }));
        groups.hub().authenticate_with(Arc::new(Renewals(WeakGroups(Arc::downgrade(&groups.0)))));
        Ok(groups)
    }
}

/// Keeps what the service needs of the changes that clients receive.
struct ClientObserver {
    ids: Arc<GroupIds>,
    resumes: Resumes,
    metrics: Metrics,
}

impl Observer for ClientObserver {
    fn follows_memberships(&self) -> bool {
        true
    }

    fn delivery(&self, delivery: &Arc<Delivery>, position: &Position) {
        self.ids.observe(delivery.change().group_id());
        self.metrics.change(&delivery.change().kind);
        self.resumes.push(delivery, position);
    }

    fn lagged(&self) {
        self.resumes.restart();
    }
}

fn hub_limits(settings: &Settings) -> HubLimits {
    let defaults = HubLimits::default();
    let heartbeat = Duration::from_secs(u64::from(settings.heartbeat_seconds));
    HubLimits {
        heartbeat,
        // At least four ticks per heartbeat, so that the timeout of two heartbeats stays accurate
        // for short heartbeats.
        tick: defaults.tick.min(heartbeat / 4),
        connections_per_user_max: settings.max_connections_per_user,
        queue_bytes_max: settings.max_connection_queue_bytes,
        opening_queue_bytes_max: settings.max_connection_queue_bytes.max(defaults.opening_queue_bytes_max),
        ..defaults
    }
}

/// A prefix is literal: characters with a special meaning in route patterns or URLs are rejected.
fn check_prefix(prefix: &str) -> Result<(), SettingsError> {
    let segment = |segment: &str| {
        let literal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(literal)
    };
    let good = prefix.is_empty() || prefix.strip_prefix('/').is_some_and(|path| path.split('/').all(segment));
    if good { Ok(()) } else { Err(SettingsError::Prefix(prefix.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_plain_path() {
        for good in ["", "/realtime", "/api/v2/groups", "/a-b_c.d~e"] {
            assert_eq!(check_prefix(good), Ok(()), "{good}");
        }
        for bad in ["/", "realtime", "/realtime/", "//a", "/a//b", "/{id}", "/a b", "/ä", "/..", "/a/../b", "/a?b"] {
            assert_eq!(check_prefix(bad), Err(SettingsError::Prefix(bad.to_owned())), "{bad}");
        }
    }
}
