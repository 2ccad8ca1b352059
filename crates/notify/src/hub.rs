//! The hub: hands changes to all workers, and clients to the worker of their thread.

mod connection_limits;
mod shared;
mod stats;
mod typing;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use groups_domain::{GroupId, UserId};
use groups_supervisor::Supervisor;

pub(crate) use connection_limits::{ConnectionPermit, Entry};
pub use shared::GroupTraffic;
pub(crate) use shared::Shared;
pub use stats::HubStats;

use crate::conn::{Conn, Socket};
use crate::inbox::Command;
use crate::shard::TypingEvent;
use crate::worker::Worker;
use crate::{Authenticator, Client, Delivery, Drain, EventSink, HubLimits, SentChange, SinkError, Source};
use connection_limits::ConnectionLimits;

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
        Self { shared: Arc::new(Shared::new(limits, source, supervisor)) }
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

    /// Sets what checks the tokens with which clients renew their connections. Without it, every
    /// renewal is refused with `unauthenticated`. Only the first one is used.
    pub fn authenticate_with(&self, authenticator: Arc<dyn Authenticator>) {
        if self.shared.authenticator.set(authenticator).is_err() {
            tracing::warn!("an authenticator is already set; ignored");
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

    /// Sets a callback that is called when a worker's connections have written changes to their
    /// sockets, with what each change was. A connection that waits for its client is not waited
    /// for.
    ///
    /// It is called on the workers, so it must not block. Only the first callback is used.
    pub fn observe_sent(&self, observer: impl Fn(&[SentChange]) + Send + Sync + 'static) {
        if self.shared.sent_observer.set(Box::new(observer)).is_err() {
            tracing::warn!("an observer of sent changes is already set; ignored");
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
        permit: ConnectionPermit,
        socket: Box<dyn Socket>,
    ) -> (Rc<Worker>, Rc<Conn>) {
        let worker = self.worker();
        let conn = worker.accept(client, permit, socket);
        // The drain may have started in the meantime without knowing this worker.
        if self.shared.draining.load(SeqCst) {
            worker.restart(&conn);
        }
        (worker, conn)
    }

    /// Returns this thread's worker, starting it if necessary.
    fn worker(&self) -> Rc<Worker> {
        WORKERS.with_borrow_mut(|workers| {
            if let Some((_, worker)) = workers.iter().find(|(id, _)| *id == self.shared.id) {
                return Rc::clone(worker);
            }
            let (number, counters, inbox) = self.shared.add_worker();
            let name = format!("websocket worker {number}");
            let worker = Worker::start(name, Arc::clone(&self.shared), counters, inbox);
            workers.push((self.shared.id, Rc::clone(&worker)));
            worker
        })
    }

    /// Closes all connections of a user on this server with 4500, handshakes in progress included.
    /// Clients do not reconnect after 4500. It does not keep the user from connecting again.
    ///
    /// Waits while a worker's inbox is full. Cancellation-safe: dropping the future may leave only
    /// connections open that are already established.
    pub async fn disconnect(&self, user: UserId) {
        self.shared.connection_limits.disconnect(user);
        self.shared.tell_all(&Command::Disconnect(user), 0).await;
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
