//! The hub: the state shared by all workers, and the inbox of each.

mod connection_limits;
mod stats;
mod typing;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use groups_domain::{GroupId, UserId};
use groups_protocol::ServerMessage;
use groups_supervisor::Supervisor;
use tokio::sync::{Semaphore, mpsc};
use turnstile::Turnstile;
use uuid::Uuid;

pub(crate) use connection_limits::{ConnectionLimits, ConnectionPermit, Entry};
pub use stats::HubStats;
use typing::TypingThrottle;

use crate::clock::Moment;
use crate::conn::{Conn, Socket};
use crate::counters::Counters;
use crate::frame;
use crate::shard::TypingEvent;
use crate::worker::{Command, Envelope, Worker};
use crate::{Delivery, Drain, EventSink, HubLimits, SinkError, Source};

/// The WebSocket clients of this server, on all worker threads. Cheap to clone.
///
/// The relay must have started to read the log before the first client is accepted. It must deliver
/// batches one after the other, and either skip no change or call [`EventSink::lagged`].
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

/// State shared by all workers.
pub(crate) struct Shared {
    /// Distinguishes the workers of several hubs on one thread.
    id: u64,
    started: Instant,
    pub(crate) limits: Arc<HubLimits>,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) supervisor: Supervisor,
    shards: RwLock<Vec<ShardHandle>>,
    connection_limits: Arc<ConnectionLimits>,
    /// Limits concurrent reads of initial states.
    pub(crate) openings: Turnstile<UserId>,
    draining: AtomicBool,
    refused: AtomicU64,
    typing_throttle: TypingThrottle,
    /// Callback that forwards typing to other servers.
    typing_relay: OnceLock<TypingRelay>,
    /// Callback that observes the traffic of each group.
    traffic_observer: OnceLock<TrafficObserver>,
}

/// Maximum number of permits of a semaphore on 32-bit platforms.
const INBOX_KIB_MAX: u32 = u32::MAX >> 4;

type TypingRelay = Box<dyn Fn(GroupId, UserId, bool) + Send + Sync>;

type TrafficObserver = Box<dyn Fn(GroupId, GroupTraffic) + Send + Sync>;

/// Traffic of one group on one worker, caused by one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupTraffic {
    /// Bytes queued for all connections of the group on this worker.
    pub bytes: usize,
    /// Estimated number of the group's connections on all workers, extrapolated from this worker.
    pub connections: usize,
}

/// Handle to one worker.
#[derive(Clone)]
struct ShardHandle {
    inbox: mpsc::Sender<Envelope>,
    /// Free space for batches in the inbox, in KiB.
    room: Arc<Semaphore>,
    counters: Arc<Counters>,
}

/// A client whose handshake has been validated.
#[derive(Clone, Debug)]
pub struct Client {
    /// The authenticated user.
    pub user_id: UserId,
    /// Unique id of the connection. Its last byte must be random, because it spreads the
    /// heartbeats.
    pub connection_id: Uuid,
    /// The cursor to resume from. `None`: start with the whole list.
    pub cursor: Option<String>,
    /// Time until its token expires; the connection is then closed with 4003.
    pub expires_in: Duration,
}

thread_local! {
    /// The workers of this thread, by hub.
    static WORKERS: RefCell<Vec<(u64, Rc<Worker>)>> = const { RefCell::new(Vec::new()) };
}

impl Hub {
    /// Creates a hub with a supervisor of its own, so that failures of workers are only logged.
    pub fn new(limits: HubLimits, source: Arc<dyn Source>) -> Self {
        Self::supervised(limits, source, Supervisor::new())
    }

    /// Creates a hub that reports failures of its workers (`websocket worker 1` and so on) to the
    /// supervisor.
    ///
    /// A failed worker closes its connections with 1012, and the hub answers further upgrades with
    /// 503. The clients resume on another server, or on this one after its restart. The other
    /// workers continue until they are drained.
    pub fn supervised(limits: HubLimits, source: Arc<dyn Source>, supervisor: Supervisor) -> Self {
        static HUBS: AtomicU64 = AtomicU64::new(0);
        let limits = Arc::new(limits);
        let shared = Shared {
            id: HUBS.fetch_add(1, Relaxed),
            started: Instant::now(),
            connection_limits: ConnectionLimits::new(Arc::clone(&limits)),
            openings: Turnstile::new(turnstile::Limits {
                running_max: limits.opens_max,
                running_per_key_max: limits.opens_per_user_max,
                // Every waiter is a connection, and connections are bounded.
                waiting_max: usize::MAX,
                waiting_per_key_max: usize::MAX,
            }),
            limits,
            source,
            supervisor,
            shards: RwLock::default(),
            draining: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            typing_throttle: TypingThrottle::default(),
            typing_relay: OnceLock::new(),
            traffic_observer: OnceLock::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Handles a typing event that did not arrive over a WebSocket, as if one of the user's
    /// connections had sent it. The caller must check that the user is a member.
    ///
    /// The event is sent to the other members' connections on this server and to the callback of
    /// [`Hub::relay_typing`]. Recent repetitions are dropped, see [`HubLimits::typing_interval`].
    pub fn user_types(&self, group: GroupId, user: UserId, typing: bool) {
        self.shared.user_types(TypingEvent { group_id: group, user_id: user, typing });
    }

    /// Sends a typing event from another server's hub, which has already dropped repetitions, to
    /// the other members' connections on this server. A worker that is too busy drops it.
    pub fn typing(&self, group: GroupId, user: UserId, typing: bool) {
        self.shared.typing(TypingEvent { group_id: group, user_id: user, typing });
    }

    /// Sets a callback that forwards typing events to the hubs of other servers. It is not called
    /// for events from [`Hub::typing`].
    ///
    /// It is called on the workers and by [`Hub::user_types`], so it must not block. Only the first
    /// callback is used.
    pub fn relay_typing(&self, relay: impl Fn(GroupId, UserId, bool) + Send + Sync + 'static) {
        if self.shared.typing_relay.set(Box::new(relay)).is_err() {
            tracing::warn!("a typing relay is already set; ignored");
        }
    }

    /// Sets a callback that is called for each change queued for connections, once per worker that
    /// has some of them.
    ///
    /// It is called on the workers, so it must not block. Only the first callback is used.
    pub fn observe_traffic(&self, observer: impl Fn(GroupId, GroupTraffic) + Send + Sync + 'static) {
        if self.shared.traffic_observer.set(Box::new(observer)).is_err() {
            tracing::warn!("a traffic observer is already set; ignored");
        }
    }

    /// If new clients are refused now, counts a refusal and returns in how many seconds to retry.
    pub(crate) fn refuses(&self) -> Option<u64> {
        if !self.shared.draining.load(SeqCst) {
            return None;
        }
        self.shared.refused.fetch_add(1, Relaxed);
        let (min_ms, max_ms) = self.shared.limits.retry_ms;
        Some((u64::from(min_ms) + u64::from(max_ms)).div_ceil(2_000).max(1))
    }

    /// Reserves a connection slot for a user.
    pub(crate) fn enter(&self, user_id: UserId) -> Entry {
        let entry = ConnectionLimits::take(&self.shared.connection_limits, self.shared.now(), user_id);
        if matches!(entry, Entry::Refused(_)) {
            self.shared.refused.fetch_add(1, Relaxed);
        }
        entry
    }

    /// Registers a client on the current thread, and starts this thread's worker on first use. A
    /// client without a slot is closed with 4502.
    pub(crate) fn connect(
        &self,
        client: Client,
        place: Option<ConnectionPermit>,
        socket: Box<dyn Socket>,
    ) -> (Rc<Worker>, Rc<Conn>) {
        let worker = self.shared.worker();
        let conn = worker.accept(client, place, socket);
        // The drain may have started in the meantime without knowing this worker.
        if self.shared.draining.load(SeqCst) {
            worker.restart(&conn);
        }
        (worker, conn)
    }

    /// Number of connected clients, including those that are closing.
    pub fn connections(&self) -> usize {
        self.shared.connection_limits.connections()
    }

    /// Counters for operators, summed over all workers.
    pub fn stats(&self) -> HubStats {
        let shards = self.shared.shards.read().unwrap_or_else(PoisonError::into_inner);
        let counters = shards.iter().map(|shard| &*shard.counters);
        HubStats::sum(counters, self.connections(), self.shared.refused.load(Relaxed))
    }

    /// Closes all clients for a graceful shutdown: refuses new clients, closes the others with 1012
    /// in random order over [`Drain::spread`], and waits until all are gone or [`Drain::wait`] is
    /// over.
    pub async fn drain(&self, plan: Drain) {
        self.shared.draining.store(true, SeqCst);
        let bound = plan.spread + plan.wait;
        self.shared.tell_all(&Command::Drain(Arc::new(plan)), 0).await;
        if tokio::time::timeout(bound, self.shared.connection_limits.all_left()).await.is_err() {
            tracing::warn!(connections = self.connections(), "clients did not answer their close in time");
        }
    }
}

impl Shared {
    /// Returns this thread's worker, starting it if necessary.
    fn worker(self: &Arc<Self>) -> Rc<Worker> {
        WORKERS.with_borrow_mut(|workers| {
            if let Some((_, worker)) = workers.iter().find(|(id, _)| *id == self.id) {
                return Rc::clone(worker);
            }
            let (inbox, commands) = mpsc::channel(self.limits.inbox_commands_max.max(1));
            let counters = Arc::new(Counters::default());
            let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
            let name = format!("websocket worker {}", shards.len() + 1);
            let worker = Worker::start(name, Arc::clone(self), Arc::clone(&counters), commands);
            shards.push(ShardHandle { inbox, room: Arc::new(Semaphore::new(self.inbox_kib_max() as usize)), counters });
            drop(shards);
            workers.push((self.id, Rc::clone(&worker)));
            worker
        })
    }

    fn inbox_kib_max(&self) -> u32 {
        u32::try_from(self.limits.inbox_bytes_max / 1_024).unwrap_or(u32::MAX).clamp(1, INBOX_KIB_MAX)
    }

    /// Sends a command to every running worker, waiting for inbox space for `bytes`.
    /// Cancellation-safe: either all workers receive it, or none.
    async fn tell_all(&self, command: &Command, bytes: usize) {
        let kib = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).min(self.inbox_kib_max());
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut connection_limits = Vec::with_capacity(shards.len());
        for shard in &shards {
            // The semaphore is never closed. An error would only mean that the space is not
            // counted.
            let room = if kib == 0 { None } else { Arc::clone(&shard.room).acquire_many_owned(kib).await.ok() };
            // A worker that has ended has no clients.
            if let Ok(permit) = shard.inbox.reserve().await {
                connection_limits.push((permit, room));
            }
        }
        for (permit, room) in connection_limits {
            permit.send(Envelope { command: command.clone(), room });
        }
    }

    /// Refuses new clients, because a worker has failed.
    pub(crate) fn refuse_clients(&self) {
        self.draining.store(true, SeqCst);
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::since_start(self.started.elapsed())
    }

    /// Called when a worker has queued a change for some of its connections.
    pub(crate) fn note_traffic(&self, group_id: GroupId, frames: usize, bytes: usize) {
        if frames > 0
            && let Some(observer) = self.traffic_observer.get()
        {
            let workers = self.shards.read().unwrap_or_else(PoisonError::into_inner).len();
            observer(group_id, GroupTraffic { bytes, connections: frames * workers });
        }
    }

    /// Called when a user of this server types.
    pub(crate) fn user_types(&self, types: TypingEvent) {
        if !self.typing_throttle.note(self.now(), &self.limits, types) {
            return;
        }
        self.typing(types);
        if let Some(relay) = self.typing_relay.get() {
            relay(types.group_id, types.user_id, types.typing);
        }
    }

    fn typing(&self, types: TypingEvent) {
        let TypingEvent { group_id, user_id, typing } = types;
        let expires_in_seconds = self.limits.typing_expiry.as_secs();
        let frame = frame::json(&ServerMessage::Typing { group_id, user_id, typing, expires_in_seconds });
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        for shard in shards.iter() {
            let command = Command::Typing(types, frame.clone());
            if shard.inbox.try_send(Envelope { command, room: None }).is_err() {
                Counters::one(&shard.counters.ephemerals_dropped);
            }
        }
    }
}

#[async_trait]
impl EventSink for Hub {
    fn name(&self) -> &str {
        "websocket"
    }

    /// Waits while a worker's inbox is full, but never for a client. Cancellation-safe: either all
    /// workers receive the batch, or none.
    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        let bytes = batch.iter().map(|delivery| delivery.bytes()).sum();
        self.shared.tell_all(&Command::Deliver(batch.into()), bytes).await;
        Ok(())
    }

    /// Closes all clients with 1012. They resume from their cursors and miss nothing.
    async fn lagged(&self, changes: u64) {
        tracing::warn!(changes, "changes were missed; closing all clients so that they resume");
        self.shared.tell_all(&Command::Lagged, 0).await;
    }
}
