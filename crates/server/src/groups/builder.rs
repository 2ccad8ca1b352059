//! Opens a service: everything that an embedding application can choose.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Duration;

use groups_domain::Limits;
use groups_store::{SinkName, Store, StoreOptions};
use groups_supervisor::Supervisor;
use notify::{EventSink, Hub, HubLimits};

use super::{Groups, Inner, OpenError, prune, send_clients_away, sweep};
use crate::bus::Bus;
use crate::health::{self, Health};
use crate::identity::{Development, Identity, Names, Origins, Tokens};
use crate::ids::GroupIds;
use crate::limiter::Limiter;
use crate::openings::Openings;
use crate::reads::{ReadLimits, Reads};
use crate::refusals::Refusals;
use crate::relay::relay;
use crate::sinks::{Guarded, Start};
use crate::{Settings, SettingsError};

/// How long the refusal of a large change is held back if its user has too few tokens left.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);

/// Refusals that are held back at once; one more is answered at once and ends its connection.
const REFUSALS_MAX: usize = 4_096;

/// Builds a [`Groups`] service: [`Groups::builder`] begins, [`open`](Self::open) ends.
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

/// What [`Groups::configure`] mounts.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// Empty, or a path that begins with a slash and does not end with one.
    pub(crate) prefix: String,
    pub(crate) page: bool,
    pub(crate) cors: bool,
}

struct Sink {
    /// Under which its position is stored.
    durable: Option<SinkName>,
    sink: Arc<dyn EventSink>,
}

impl From<Settings> for GroupsBuilder {
    fn from(settings: Settings) -> Self {
        Self {
            settings,
            identity: None,
            sinks: Vec::new(),
            limits: None,
            mount: Mount { prefix: String::new(), page: true, cors: true },
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
    /// Who is calling. Default: JSON Web Tokens, as the settings say. With an identity of its own, the service has no development
    /// mode, and the settings of tokens mean nothing.
    pub fn identity(mut self, identity: impl Identity) -> Self {
        self.identity = Some(Box::new(identity));
        self
    }

    pub(crate) fn has_own_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// One more sink, which is told every change that is committed from now on, by any server on this database. It reads the log
    /// at its own pace: a sink that fails or stalls delays nobody else, and a panic counts as a failure. What is committed while
    /// this process does not run is not told: for that, see [`durable_sink`](Self::durable_sink).
    pub fn sink(mut self, sink: impl EventSink + 'static) -> Self {
        self.sinks.push(Sink { durable: None, sink: Arc::new(sink) });
        self
    }

    /// One more sink, whose position in the log is stored in the database under `name` after each batch that it takes. After a restart
    /// it continues there. It is told every change at least once, each group's in version order; after a crash the last batch comes
    /// again, so the sink has to be idempotent by group and version.
    ///
    /// The first time, it begins with what is committed from then on. A sink that was away for longer than the log is kept
    /// ([`Settings::log_days`]) is told so by [`EventSink::lagged`], and continues with what is committed from then on.
    ///
    /// Every server that has a sink of this name tells it: to be told once, give it to one server.
    pub fn durable_sink(mut self, name: SinkName, sink: impl EventSink + 'static) -> Self {
        self.sinks.push(Sink { durable: Some(name), sink: Arc::new(sink) });
        self
    }

    /// The path below which everything is mounted, such as `/realtime`. Default: none.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.mount.prefix = prefix.into();
        self
    }

    /// The limits of the rules, in place of those of the settings.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Whether the page (`/`) is served. The modules for other pages (`/assets/…`) belong to it. Default: yes. Without the
    /// feature `page` there is none.
    pub fn page(mut self, page: bool) -> Self {
        self.mount.page = page;
        self
    }

    /// Whether the service is in development mode if the settings have no key for tokens. Default: yes. Switched off, such settings
    /// are an error of [`open`](Self::open).
    pub fn development(mut self, development: bool) -> Self {
        self.development = development;
        self
    }

    /// Whether the service answers CORS preflights and adds CORS headers. Default: yes. Switch it off if the application's own
    /// middleware does that. Changing requests of pages of foreign origins are refused in any case.
    pub fn cors(mut self, cors: bool) -> Self {
        self.mount.cors = cors;
        self
    }

    /// Opens the database, and starts the relays and the maintenance on the current runtime.
    ///
    /// Of the settings, `listen`, `workers` and `drain_seconds` mean nothing here: they are for [`run`](crate::run). Without a key for
    /// tokens this is development mode: it gives tokens to callers from this machine only. To listen on loopback only is up to the
    /// caller; [`Settings::check`] checks an address.
    ///
    /// # Errors
    /// [`OpenError`] if the settings are invalid or the database cannot be used; its text is for an operator.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(self) -> Result<Groups, OpenError> {
        let Self { settings, identity, sinks, limits, mount, development } = self;
        check_prefix(&mount.prefix)?;
        if identity.is_none() {
            settings.check_tokens()?;
            if settings.is_development() && !development {
                return Err(SettingsError::NoKey.into());
            }
        }
        let origins = Origins::new(settings.origins()?);
        let supervisor = Supervisor::new();
        let store = Store::open(StoreOptions {
            limits: limits.unwrap_or_else(|| settings.limits()),
            quotas: settings.quotas(),
            name_visibility: settings.name_visibility(),
            log_kept: settings.log_kept(),
            // What NATS carries, PostgreSQL need not.
            postgres_notify: settings.nats_url()?.is_none(),
            supervisor: supervisor.clone(),
            ..StoreOptions::new(&settings.database_url)
        })
        .await?;
        let hub = Hub::supervised(hub_limits(&settings), Arc::new(Openings(store.clone())), supervisor.clone());
        let development = (identity.is_none() && settings.is_development()).then(|| Development::new(store.id()));
        let identity = identity.unwrap_or_else(|| {
            let own = settings.secret().map(str::as_bytes);
            let secret = own.or(development.as_ref().map(Development::secret)).unwrap_or_default();
            Box::new(Tokens::new(secret, &settings))
        });
        // Before anybody can connect, so that whatever a client's first read does not show is still to come by the tail.
        let tail = store.tail().await?;
        let limiter = Arc::new(Limiter::new(settings.rate_limit, settings.max_upgrades_per_address));
        let traffic = Arc::clone(&limiter);
        hub.observe_traffic(move |group_id, sent| traffic.charge_group(group_id, sent.connections, sent.bytes));
        // After the tail, so that no group is missed in between.
        let ids = Arc::new(GroupIds::default());
        store.newest_group().await?.into_iter().for_each(|newest| ids.observe(newest));
        let bus = Bus::start(&settings, &store, &hub, &supervisor).await?;
        let observed = Arc::clone(&ids);
        let observe = move |delivery: &notify::Delivery| observed.observe(delivery.change().group_id());
        supervisor.spawn("relay", relay(tail, Arc::new(hub.clone()), observe, None));
        for Sink { durable, sink } in sinks {
            let sink: Arc<dyn EventSink> = Arc::new(Guarded(sink));
            let Start { tail, progress } = Start::of(&store, durable, &*sink).await?;
            let task = format!("relay of the sink {}", sink.name());
            supervisor.spawn(&task, relay(tail, sink, |_| (), progress));
        }
        supervisor.spawn("pruning", prune(store.clone()));
        supervisor.spawn("sweep of the limiter", sweep(Arc::clone(&limiter)));
        let health = Health::new();
        supervisor.spawn("health", health::watch(store.clone(), bus.clone(), health.clone()));
        let spread = Duration::from_secs(u64::from(settings.drain_seconds));
        Ok(Groups(Arc::new_cyclic(|inner| Inner {
            on_failure: tokio::spawn(send_clients_away(supervisor.clone(), Weak::clone(inner), spread)).abort_handle(),
            identity,
            origins,
            limiter,
            ids,
            mount,
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
}

fn hub_limits(settings: &Settings) -> HubLimits {
    let heartbeat = Duration::from_secs(u64::from(settings.heartbeat_seconds));
    HubLimits {
        heartbeat,
        // Four times a heartbeat, so that "two beats" holds for short ones as well.
        tick: HubLimits::default().tick.min(heartbeat / 4),
        connections_per_user_max: settings.max_connections_per_user,
        ..HubLimits::default()
    }
}

/// A prefix is literal: characters with a meaning in route patterns or URLs are refused.
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
