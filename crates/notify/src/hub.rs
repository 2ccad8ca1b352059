//! The hub: what all workers share, and the way to each of them.

mod places;
mod stats;
mod typing;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use groups_domain::{GroupId, UserId};
use groups_supervisor::Supervisor;
use tokio::sync::{Semaphore, mpsc};
use turnstile::Turnstile;
use uuid::Uuid;

pub(crate) use places::{Entry, Place, Places};
pub use stats::HubStats;
use typing::Typed;

use crate::clock::Moment;
use crate::conn::{Conn, Socket};
use crate::counters::Counters;
use crate::frame;
use crate::shard::Types;
use crate::worker::{Command, Envelope, Worker};
use crate::{Delivery, Drain, EventSink, HubLimits, SinkError, Source};
use groups_protocol::ServerMessage;

/// The WebSocket clients of this server, over all worker threads. Cheap to clone.
///
/// Whoever delivers must have begun to read the log before the first client is accepted, must deliver one batch after
/// the other, and must leave nothing out, or say so by [`EventSink::lagged`].
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

/// What all workers share.
pub(crate) struct Shared {
    /// Tells one hub's workers on a thread from another's.
    id: u64,
    started: Instant,
    pub(crate) limits: Arc<HubLimits>,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) supervisor: Supervisor,
    shards: RwLock<Vec<ShardHandle>>,
    places: Arc<Places>,
    /// Who may read now what their clients begin with.
    pub(crate) openings: Turnstile<UserId>,
    draining: AtomicBool,
    refused: AtomicU64,
    typed: Typed,
    /// Who else hears of a user's typing.
    typing_relay: OnceLock<TypingRelay>,
    /// Who is told what is sent for each group.
    traffic_observer: OnceLock<TrafficObserver>,
}

/// More permits than this a semaphore cannot have on 32 bits.
const INBOX_KIB_MAX: u32 = u32::MAX >> 4;

type TypingRelay = Box<dyn Fn(GroupId, UserId, bool) + Send + Sync>;

type TrafficObserver = Box<dyn Fn(GroupId, GroupTraffic) + Send + Sync>;

/// What one worker has queued for the connections of a group because of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupTraffic {
    /// Bytes for all its connections together.
    pub bytes: usize,
    /// Connections of the group on all workers: an estimate from this worker's share.
    pub connections: usize,
}

/// The way to one worker.
#[derive(Clone)]
struct ShardHandle {
    inbox: mpsc::Sender<Envelope>,
    /// How many KiB of batches the inbox has room for.
    room: Arc<Semaphore>,
    counters: Arc<Counters>,
}

/// Who comes in, as the handshake found out.
#[derive(Clone, Debug)]
pub struct Client {
    /// As whom.
    pub user_id: UserId,
    /// Which connection this is: fresh, and random at least in its last byte, which spreads the heartbeats.
    pub connection_id: Uuid,
    /// From where it resumes.
    pub cursor: Option<String>,
    /// When its token expires; then it is closed with 4003.
    pub expires_in: Duration,
}

thread_local! {
    /// This thread's workers, by hub.
    static WORKERS: RefCell<Vec<(u64, Rc<Worker>)>> = const { RefCell::new(Vec::new()) };
}

impl Hub {
    /// Without any client yet, and with a supervisor of its own that nobody asks.
    pub fn new(limits: HubLimits, source: Arc<dyn Source>) -> Self {
        Self::supervised(limits, source, Supervisor::new())
    }

    /// The same with a supervisor that is told when a worker of the hub fails: `websocket worker 1` and so on.
    ///
    /// A worker that has failed closes its connections with 1012, and the hub answers further upgrades with 503: the clients
    /// resume on another server, or on this one after its restart. The other workers go on until they are drained.
    pub fn supervised(limits: HubLimits, source: Arc<dyn Source>, supervisor: Supervisor) -> Self {
        static HUBS: AtomicU64 = AtomicU64::new(0);
        let limits = Arc::new(limits);
        let shared = Shared {
            id: HUBS.fetch_add(1, Relaxed),
            started: Instant::now(),
            places: Places::new(Arc::clone(&limits)),
            openings: Turnstile::new(turnstile::Limits {
                running_max: limits.opens_max,
                running_per_key_max: limits.opens_per_user_max,
                // Each that waits is a connection, and those are bounded.
                waiting_max: usize::MAX,
                waiting_per_key_max: usize::MAX,
            }),
            limits,
            source,
            supervisor,
            shards: RwLock::default(),
            draining: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            typed: Typed::default(),
            typing_relay: OnceLock::new(),
            traffic_observer: OnceLock::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A user types, as told by another way than the WebSocket: it counts as if a connection of the user's had said it. Whether they are a
    /// member, is the caller's to know.
    ///
    /// It is told to the other members' connections here, and to whom [`Hub::relay_typing`] names; what the user has said a moment ago is
    /// dropped, see [`HubLimits::typing_interval`].
    pub fn user_types(&self, group: GroupId, user: UserId, typing: bool) {
        self.shared.user_types(Types { group_id: group, user_id: user, typing });
    }

    /// Tells the other members' connections on this server that somebody types, as another server's hub has relayed it: it has seen to it
    /// that it is news. Where a worker is too busy to take it, its connections are not told.
    pub fn typing(&self, group: GroupId, user: UserId, typing: bool) {
        self.shared.typing(Types { group_id: group, user_id: user, typing });
    }

    /// Has users' typing told to somebody else as well: the hubs of other servers. What comes by [`Hub::typing`] is not.
    ///
    /// It is called on the workers and by [`Hub::user_types`], so it must not wait. Only the first call counts.
    pub fn relay_typing(&self, relay: impl Fn(GroupId, UserId, bool) + Send + Sync + 'static) {
        if self.shared.typing_relay.set(Box::new(relay)).is_err() {
            tracing::warn!("typing is relayed already");
        }
    }

    /// Calls `observer` for each change that is queued for connections, once for each worker that has some of them.
    ///
    /// It is called on the workers, so it must not wait. Only the first call counts.
    pub fn observe_traffic(&self, observer: impl Fn(GroupId, GroupTraffic) + Send + Sync + 'static) {
        if self.shared.traffic_observer.set(Box::new(observer)).is_err() {
            tracing::warn!("the traffic is observed already");
        }
    }

    /// In how many seconds a client may try again, where none is let in now; it counts as refused.
    pub(crate) fn refuses(&self) -> Option<u64> {
        if !self.shared.draining.load(SeqCst) {
            return None;
        }
        self.shared.refused.fetch_add(1, Relaxed);
        let (min_ms, max_ms) = self.shared.limits.retry_ms;
        Some((u64::from(min_ms) + u64::from(max_ms)).div_ceil(2_000).max(1))
    }

    /// A place for one of a user's clients, if there is one.
    pub(crate) fn enter(&self, user_id: UserId) -> Entry {
        let entry = Places::take(&self.shared.places, self.shared.now(), user_id);
        if matches!(entry, Entry::Refused(_)) {
            self.shared.refused.fetch_add(1, Relaxed);
        }
        entry
    }

    /// A client whose handshake is good, on the thread that will serve it; starts this thread's worker on first use. Without a place it
    /// is closed with 4502.
    pub(crate) fn connect(
        &self,
        client: Client,
        place: Option<Place>,
        socket: Box<dyn Socket>,
    ) -> (Rc<Worker>, Rc<Conn>) {
        let worker = self.shared.worker();
        let conn = worker.accept(client, place, socket);
        // The drain may have begun in between, and not know of this worker.
        if self.shared.draining.load(SeqCst) {
            worker.restart(&conn);
        }
        (worker, conn)
    }

    /// How many clients are connected, those included that are being closed.
    pub fn connections(&self) -> usize {
        self.shared.places.connections()
    }

    /// Counters for operators, added up over all workers.
    pub fn stats(&self) -> HubStats {
        let shards = self.shared.shards.read().unwrap_or_else(PoisonError::into_inner);
        let counters = shards.iter().map(|shard| &*shard.counters);
        HubStats::sum(counters, self.connections(), self.shared.refused.load(Relaxed))
    }

    /// Lets all clients go: refuses new ones from now on, closes each with 1012, spread over a while and in a random
    /// order, and waits until all have gone or the time is up.
    pub async fn drain(&self, plan: Drain) {
        self.shared.draining.store(true, SeqCst);
        let bound = plan.spread + plan.wait;
        self.shared.tell_all(&Command::Drain(Arc::new(plan)), 0).await;
        if tokio::time::timeout(bound, self.shared.places.all_left()).await.is_err() {
            tracing::warn!(connections = self.connections(), "clients did not answer their close in time");
        }
    }
}

impl Shared {
    /// This thread's worker.
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

    /// Gives a command to every worker that runs, waiting for room for so many bytes. Either all get it or, where the caller
    /// gives up, none.
    async fn tell_all(&self, command: &Command, bytes: usize) {
        let kib = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).min(self.inbox_kib_max());
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut places = Vec::with_capacity(shards.len());
        for shard in &shards {
            // Never closed: an error would only mean that the room is not counted.
            let room = if kib == 0 { None } else { Arc::clone(&shard.room).acquire_many_owned(kib).await.ok() };
            // A worker that has ended has no clients any more.
            if let Ok(permit) = shard.inbox.reserve().await {
                places.push((permit, room));
            }
        }
        for (permit, room) in places {
            permit.send(Envelope { command: command.clone(), room });
        }
    }

    /// Takes no new client from now on: a worker has failed.
    pub(crate) fn refuse_clients(&self) {
        self.draining.store(true, SeqCst);
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::since_start(self.started.elapsed())
    }

    /// A worker has queued a change for some of its connections.
    pub(crate) fn note_traffic(&self, group_id: GroupId, frames: usize, bytes: usize) {
        if frames > 0
            && let Some(observer) = self.traffic_observer.get()
        {
            let workers = self.shards.read().unwrap_or_else(PoisonError::into_inner).len();
            observer(group_id, GroupTraffic { bytes, connections: frames * workers });
        }
    }

    /// A user of this server types.
    pub(crate) fn user_types(&self, types: Types) {
        if !self.typed.note(self.now(), &self.limits, types) {
            return;
        }
        self.typing(types);
        if let Some(relay) = self.typing_relay.get() {
            relay(types.group_id, types.user_id, types.typing);
        }
    }

    fn typing(&self, types: Types) {
        let Types { group_id, user_id, typing } = types;
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

    /// Waits while a worker's inbox is full, never for a client. Cancel safe: all workers get the batch, or none.
    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        let bytes = batch.iter().map(|delivery| delivery.bytes()).sum();
        self.shared.tell_all(&Command::Deliver(batch.into()), bytes).await;
        Ok(())
    }

    /// Closes all clients with 1012: they come again with their cursors, and so miss nothing.
    async fn lagged(&self, changes: u64) {
        tracing::warn!(changes, "changes were missed: all clients have to come again");
        self.shared.tell_all(&Command::Lagged, 0).await;
    }
}
