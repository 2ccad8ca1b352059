//! The PostgreSQL backend's interface to the store. Everything runs on a runtime of its own.
//!
//! Callers may drop their futures or shut down their runtimes at any time; connections and
//! transactions must not be affected.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{AbortHandle, JoinHandle};
use uuid::Uuid;

use super::bus::{Bus, Commits};
use super::connection::Settings;
use super::history::History;
use super::lane::Lane;
use super::log_reads::PostgresLogReads;
use super::open::{check_same, find_route, prepare};
use super::pool::Pool;
use super::replica::{Current, Replica};
use super::slot::{Slot, slotted};
#[cfg(feature = "sqlite")]
use super::transaction::{Failed, Purpose, transact};
use crate::column::Id;
use crate::committer::{Answer, CommitLimits, Job};
use crate::connection::PostgresConn;
use crate::hook::PostgresHook;
use crate::intake;
use crate::masked::masked;
use crate::query_error::QueryError;
use crate::read_class::ReadClass;
use crate::recent_commits::RecentCommits;
use crate::replica_metrics::ReplicaCounters;
use crate::{
    ExecuteError, Hook, HookError, OpenError, Order, PoolMetrics, Reason, ReplicaMetrics, StoreError, StoreOptions,
};

/// A database behind a pool.
pub(crate) struct PostgresBackend {
    pool: Arc<Pool>,
    replica: Option<Arc<Replica>>,
    history: Arc<History>,
    bus: Bus,
    recent: RecentCommits,
    log_reads: PostgresLogReads,
    lanes: Vec<intake::Sender<Job<PostgresHook>>>,
    working: Mutex<Vec<JoinHandle<()>>>,
    talking: Vec<AbortHandle>,
    runtime: OwnRuntime,
}

impl std::fmt::Debug for PostgresBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresBackend").finish_non_exhaustive()
    }
}

/// A runtime that may be dropped anywhere, including on another runtime's thread.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Option<JoinHandle<T>> {
        self.0.as_ref().map(|runtime| runtime.spawn(future))
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl PostgresBackend {
    pub(crate) async fn open(url: String, options: &StoreOptions, proposal: Uuid) -> Result<Self, OpenError> {
        let database = masked(&url);
        let failed = |detail: String| OpenError::Unreachable { database: database.clone(), detail };
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("groups-postgres").enable_all().build();
        let runtime = OwnRuntime(Some(runtime.map_err(|error| failed(error.to_string()))?));
        let settings = Settings::new(&url, options)?;
        let direct = options.postgres_direct_url.as_deref().map(|url| Settings::new(url, options)).transpose()?;
        let replica = options.postgres_replica_url.as_deref().map(|url| Replica::new(url, options)).transpose()?;
        let ended = || failed("its runtime ended".to_owned());
        let prepared = runtime.spawn(async move {
            let settings = find_route(settings, direct.as_ref()).await?;
            let history = prepare(direct.as_ref().unwrap_or(&settings), proposal).await?;
            if direct.is_some() {
                check_same(&settings, &history).await?;
            }
            let direct = direct.unwrap_or_else(|| settings.clone());
            Ok::<_, OpenError>((settings, direct, Arc::new(history)))
        });
        let prepared = prepared.ok_or_else(ended)?;
        let (settings, direct, history) = prepared.await.map_err(|error| failed(error.to_string()))??;

        let pool = Arc::new(Pool::new(&settings, Arc::clone(&history), options)?);
        let commit_limits = CommitLimits::new(options, settings.request_max());
        let (bus, waiting) = Bus::new();
        let supervisor = &options.supervisor;
        let recent = RecentCommits::new(options.recent_bytes_max);
        let commits = Commits { recent: recent.clone(), history: Arc::clone(&history) };
        let talking = if options.postgres_notify {
            vec![
                runtime.spawn(
                    supervisor.endless("postgres notify", bus.clone().notify(direct.clone(), commits.clone(), waiting)),
                ),
                runtime.spawn(supervisor.endless("postgres listen", bus.clone().listen(direct, commits))),
            ]
        } else {
            Vec::new()
        };
        let lane = Lane {
            pool: Arc::clone(&pool),
            bus: bus.clone(),
            recent: recent.clone(),
            limits: options.limits,
            quotas: options.quotas,
            commit: commit_limits,
        };
        let (mut lanes, mut working) = (Vec::new(), Vec::new());
        for number in 1..=options.postgres_lanes.max(1) {
            let (sender, queue) = intake::intake(options.queue_limits());
            lanes.push(sender);
            let (supervisor, lane) = (supervisor.clone(), lane.clone());
            working.extend(runtime.spawn(async move {
                supervisor.until_closed(&format!("postgres lane {number}"), lane.run(queue)).await;
            }));
        }
        let talking = talking.iter().flatten().map(JoinHandle::abort_handle).collect();
        let (replica, working) = (replica.map(Arc::new), Mutex::new(working));
        let log_reads = PostgresLogReads::new();
        Ok(Self { pool, replica, history, bus, recent, log_reads, lanes, working, talking, runtime })
    }

    pub(crate) async fn close(&self) {
        self.lanes.iter().for_each(intake::Sender::close);
        let working = std::mem::take(&mut *self.working.lock().unwrap_or_else(PoisonError::into_inner));
        for lane in working {
            if let Err(error) = lane.await {
                tracing::error!(%error, "a lane ended early");
            }
        }
        self.talking.iter().for_each(AbortHandle::abort);
        self.pool.close();
        if let Some(replica) = &self.replica {
            replica.close();
        }
    }

    pub(crate) fn execute(&self, order: Order, hook: Option<Hook>, answer: Answer) -> Result<(), ExecuteError> {
        let missing = HookError::Missing { database: "PostgreSQL" };
        let hook = hook.map(|hook| hook.postgres.ok_or(missing)).transpose()?;
        // The last bits of a UUID are random in all versions commonly used for ids.
        let lane = (order.request.group_id.uuid().as_u128() % self.lanes.len().max(1) as u128) as usize;
        let lane = self.lanes.get(lane).ok_or(StoreError::Unavailable(Reason::Closed))?;
        let (flow, size) = (order.flow(), order.size());
        Ok(lane.send(flow, size, Job { order: Box::new(order), hook, answer }).map_err(StoreError::Unavailable)?)
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        class: ReadClass,
        body: impl for<'c> Fn(&'c mut PostgresConn) -> BoxFuture<'c, Result<T, QueryError>> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (slot, body) = slotted(body);
        self.run_detached(Arc::clone(&self.pool).read(class, body).boxed()).await?;
        slot.take()
    }

    /// Reads with a single statement.
    pub(super) async fn read_alone<T: Send + 'static>(
        &self,
        class: ReadClass,
        body: impl for<'c> Fn(&'c mut PostgresConn) -> BoxFuture<'c, Result<T, QueryError>> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (slot, body) = slotted(body);
        self.run_detached(Arc::clone(&self.pool).read_alone(class, body).boxed()).await?;
        slot.take()
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        body: impl for<'c> Fn(&'c mut PostgresConn) -> BoxFuture<'c, Result<T, QueryError>> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (slot, body) = slotted(body);
        self.run_detached(Arc::clone(&self.pool).write(body).boxed()).await?;
        slot.take()
    }

    /// Reads on the replica what the primary would show these users now. `None` if there is no replica
    /// or the primary must read; `body` can say so too.
    pub(crate) async fn read_current_on_replica<T: Send + 'static>(
        &self,
        store: Uuid,
        users: Vec<Id>,
        body: impl for<'c> FnOnce(&'c mut PostgresConn, Current) -> BoxFuture<'c, Result<Option<T>, QueryError>>
        + Send
        + 'static,
    ) -> Result<Option<T>, StoreError> {
        let Some(replica) = self.replica.clone() else { return Ok(None) };
        self.detached(replica.read_current(Arc::clone(&self.pool), store, users, body)).await
    }

    /// Reads on the replica something that never changes. `None` if there is no replica or the primary
    /// must read; `body` can say so too.
    pub(crate) async fn read_constant_on_replica<T: Send + 'static>(
        &self,
        store: Uuid,
        body: impl for<'c> FnOnce(&'c mut PostgresConn) -> BoxFuture<'c, Result<Option<T>, QueryError>> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let Some(replica) = self.replica.clone() else { return Ok(None) };
        self.detached(async move { Ok(replica.read_constant(store, body).await) }).await
    }

    /// The counters of the replica, if there is one.
    pub(crate) fn replica_counters(&self) -> Option<&ReplicaCounters> {
        self.replica.as_deref().map(Replica::counters)
    }

    pub(crate) fn replica_metrics(&self) -> Option<ReplicaMetrics> {
        self.replica.as_deref().map(Replica::metrics)
    }

    /// Runs a write transaction that must not be retried.
    #[cfg(feature = "sqlite")]
    pub(crate) async fn write_once<T: Send + 'static>(
        &self,
        body: impl for<'c> FnOnce(&'c mut PostgresConn) -> BoxFuture<'c, Result<T, QueryError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = Arc::clone(&self.pool);
        self.detached(async move {
            let mut conn = pool.connection(pool.deadline()).await?;
            transact(&mut conn, Purpose::Write, body).await.map_err(|failed| match failed {
                Failed::Before(failure) => failure.into_error(),
                Failed::During(..) => StoreError::Unavailable(Reason::OutcomeUnknown),
            })
        })
        .await
    }

    /// Runs to completion even if nobody waits for it any longer.
    async fn detached<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = Slot::default();
        let filled = slot.clone();
        let work = async move {
            filled.fill(future.await?);
            Ok(())
        };
        self.run_detached(work.boxed()).await?;
        slot.take()
    }

    /// The same for work that keeps its result itself.
    async fn run_detached(&self, future: BoxFuture<'static, Result<(), StoreError>>) -> Result<(), StoreError> {
        let closed = StoreError::Unavailable(Reason::Closed);
        match self.runtime.spawn(future) {
            Some(result) => match result.await {
                Ok(result) => result,
                Err(error) if error.is_panic() => {
                    tracing::error!(%error, "a query panicked");
                    Err(StoreError::Database { detail: "a query panicked".to_owned() })
                }
                Err(_) => Err(closed),
            },
            None => Err(closed),
        }
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Passes an announced commit on to the log followers. Any other text makes them read the log.
    pub(crate) fn hear_announcement(&self, text: Option<&str>) {
        let commits = Commits { recent: self.recent.clone(), history: Arc::clone(&self.history) };
        self.bus.hear_announcement(&commits, text);
    }

    pub(crate) fn pool_metrics(&self) -> PoolMetrics {
        self.pool.metrics()
    }

    pub(crate) fn recent(&self) -> &RecentCommits {
        &self.recent
    }

    /// What the log followers read.
    pub(crate) fn log_reads(&self) -> &PostgresLogReads {
        &self.log_reads
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// The id of the database. It changes when the history is replaced.
    pub(crate) fn id(&self) -> Uuid {
        self.history.id()
    }
}
