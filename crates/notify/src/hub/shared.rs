//! What all workers of a hub share: limits, counters, and the inbox of each.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use groups_domain::{GroupId, UserId};
use groups_protocol::ServerMessage;
use groups_supervisor::Supervisor;
use tokio::sync::{Semaphore, mpsc};
use turnstile::Turnstile;

use super::connection_limits::ConnectionLimits;
use super::typing::TypingThrottle;
use crate::clock::Moment;
use crate::counters::Counters;
use crate::frame;
use crate::inbox::{Command, Envelope};
use crate::shard::TypingEvent;
use crate::{Authenticator, HubLimits, SentChange, Source};

/// State shared by all workers.
pub(crate) struct Shared {
    /// Distinguishes the workers of several hubs on one thread.
    pub(super) id: u64,
    started: Instant,
    pub(crate) limits: Arc<HubLimits>,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) supervisor: Supervisor,
    pub(super) shards: RwLock<Vec<ShardHandle>>,
    pub(super) connection_limits: Arc<ConnectionLimits>,
    /// Limits concurrent reads of initial states.
    pub(crate) openings: Turnstile<UserId>,
    pub(super) draining: AtomicBool,
    pub(super) refused: AtomicU64,
    typing_throttle: TypingThrottle,
    /// Callback that forwards typing to other servers.
    pub(super) typing_relay: OnceLock<TypingRelay>,
    /// Checks the tokens with which clients renew their connections.
    pub(crate) authenticator: OnceLock<Arc<dyn Authenticator>>,
    /// Callback that observes the traffic of each group.
    pub(super) traffic_observer: OnceLock<TrafficObserver>,
    /// Callback that observes the changes that were sent.
    pub(super) sent_observer: OnceLock<SentObserver>,
}

/// Maximum number of permits of a semaphore on 32-bit platforms.
const INBOX_KIB_MAX: u32 = u32::MAX >> 4;

type TypingRelay = Box<dyn Fn(GroupId, UserId, bool) + Send + Sync>;

type SentObserver = Box<dyn Fn(&[SentChange]) + Send + Sync>;

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
pub(super) struct ShardHandle {
    inbox: mpsc::Sender<Envelope>,
    /// Free space for batches in the inbox, in KiB.
    room: Arc<Semaphore>,
    pub(super) counters: Arc<Counters>,
}

impl Shared {
    pub(super) fn new(limits: HubLimits, source: Arc<dyn Source>, supervisor: Supervisor) -> Self {
        static HUBS: AtomicU64 = AtomicU64::new(0);
        let limits = Arc::new(limits);
        Self {
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
            authenticator: OnceLock::new(),
            traffic_observer: OnceLock::new(),
            sent_observer: OnceLock::new(),
        }
    }

    /// Adds a worker. Returns its number, its counters and its inbox.
    pub(super) fn add_worker(&self) -> (usize, Arc<Counters>, mpsc::Receiver<Envelope>) {
        let (inbox, commands) = mpsc::channel(self.limits.inbox_commands_max.max(1));
        let counters = Arc::new(Counters::default());
        let room = Arc::new(Semaphore::new(self.inbox_kib_max() as usize));
        let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        shards.push(ShardHandle { inbox, room, counters: Arc::clone(&counters) });
        (shards.len(), counters, commands)
    }

    fn inbox_kib_max(&self) -> u32 {
        u32::try_from(self.limits.inbox_bytes_max / 1_024).unwrap_or(u32::MAX).clamp(1, INBOX_KIB_MAX)
    }

    /// Sends a command to every running worker, waiting for inbox space for `bytes`.
    /// Cancellation-safe: either all workers receive it, or none.
    pub(super) async fn tell_all(&self, command: &Command, bytes: usize) {
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

    /// Called when the connections of a worker have had their turn to send these changes.
    pub(crate) fn note_sent(&self, changes: &[SentChange]) {
        if let Some(observer) = self.sent_observer.get() {
            observer(changes);
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

    pub(super) fn typing(&self, types: TypingEvent) {
        let TypingEvent { group_id, user_id, typing } = types;
        let expires_in_seconds = self.limits.typing_expiry.as_secs();
        let frame = frame::json(&ServerMessage::Typing { group_id, user_id, typing, expires_in_seconds });
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        for shard in shards.iter() {
            let command = Command::Typing(types, frame.clone());
            if shard.inbox.try_send(Envelope { command, room: None }).is_err() {
                Counters::one_of_any_thread(&shard.counters.typing_dropped);
            }
        }
    }
}
