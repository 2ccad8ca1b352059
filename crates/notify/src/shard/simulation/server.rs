//! A simulated server: a relay that follows the log, and workers with one shard each.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::random::Random;
use super::store::{Batch, Row, Store, parse_cursor};
use super::*;
use crate::RecentDeliveries;
use crate::conn::Socket;
use crate::counters::Counters;

/// Size of the deliveries that a server keeps for clients that resume.
const RECENT_BYTES_MAX: usize = 100_000;

/// Polling interval of the relay without wake-ups.
const POLL_MS: u64 = 2_000;

/// Maximum number of rows that the relay reads at once.
const BATCH_ROWS_MAX: usize = 3;

/// Maximum number of queued batches per worker. Beyond it the relay waits.
const INBOX_BATCHES_MAX: usize = 3;

/// Number of connections that a worker wakes before it looks into its inbox again.
const WAKES_PER_TURN: usize = 2;

/// Tick interval of a worker.
const TICK_MS: u64 = 1_000;

/// A socket that can be shut down. The transport notices at its next poll.
pub(super) struct SharedSocket(pub(super) Rc<Cell<bool>>);

impl Socket for SharedSocket {
    fn shut_down(&self) -> bool {
        !self.0.replace(true)
    }
}

/// One worker.
pub(super) struct Worker {
    pub(super) shard: Shard,
    inbox: VecDeque<Batch>,
    /// Connections whose transport was woken. The others have reported that they wait.
    pub(super) awake: BTreeSet<u128>,
}

impl Worker {
    /// Wakes the connections that have something to send.
    pub(super) fn flush(&mut self) {
        self.wake(usize::MAX);
    }

    /// Wakes some of them.
    fn wake(&mut self, max: usize) {
        let dirty = self.shard.take_dirty(max);
        self.awake.extend(dirty.iter().map(|conn| conn.connection_id.as_u128()));
    }
}

/// Follows the log like `PostgresTail`.
struct Tail {
    /// Everything that it sees was delivered.
    seen: ReadPoint,
    round: Option<(ReadPoint, VecDeque<Row>)>,
    /// Whether the last round found nothing, so that the tail waits for a wake-up.
    waiting: bool,
    woken: bool,
    poll_at: u64,
}

/// A server. After a crash it is replaced by a new one.
pub(super) struct Server {
    pub(super) workers: Vec<Worker>,
    pub(super) recent: RecentDeliveries,
    tail: Tail,
    tick_at: u64,
}

impl Server {
    /// Starts the relay before the first client can connect.
    pub(super) fn start(
        store: &Store,
        now: u64,
        workers: usize,
        limits: &Arc<HubLimits>,
        counters: &Arc<Counters>,
    ) -> Self {
        let worker = || Worker {
            shard: Shard::new(Arc::clone(limits), Arc::clone(counters)),
            inbox: VecDeque::new(),
            awake: BTreeSet::new(),
        };
        let tail = Tail { seen: store.read_point(), round: None, waiting: false, woken: false, poll_at: now + POLL_MS };
        Self {
            workers: (0..workers).map(|_| worker()).collect(),
            recent: RecentDeliveries::new(RECENT_BYTES_MAX),
            tail,
            tick_at: now + TICK_MS,
        }
    }

    /// Handles a wake-up from the bus.
    pub(super) fn wake(&mut self) {
        self.tail.woken = true;
    }

    /// Runs one step of the relay. Returns whether it only ran because of polling.
    pub(super) fn relay(&mut self, store: &mut Store, now: u64) -> bool {
        if self.workers.iter().any(|worker| worker.inbox.len() >= INBOX_BATCHES_MAX) {
            return false;
        }
        let mut polled = false;
        let (point, mut pending) = match self.tail.round.take() {
            Some(round) => round,
            None => {
                if self.tail.waiting && !self.tail.woken {
                    if now < self.tail.poll_at {
                        return false;
                    }
                    polled = true;
                }
                self.tail.woken = false;
                let point = store.read_point();
                let pending = store.between(&self.tail.seen, &point);
                (point, pending)
            }
        };
        if pending.is_empty() {
            self.tail.seen = point;
            self.tail.waiting = true;
            self.tail.poll_at = now + POLL_MS;
            return false;
        }
        self.tail.waiting = false;
        let rows: Vec<Row> = pending.drain(..BATCH_ROWS_MAX.min(pending.len())).collect();
        let rest: Vec<u64> = pending.iter().map(|row| row.commit).collect();
        let batch: Batch = store.deliveries(&rows, &point, rest).into_iter().map(Arc::new).collect();
        batch.iter().for_each(|delivery| self.recent.push(delivery, parse_cursor(delivery.cursor())));
        for worker in &mut self.workers {
            worker.inbox.push_back(Arc::clone(&batch));
        }
        if pending.is_empty() {
            self.tail.seen = point;
        } else {
            self.tail.round = Some((point, pending));
        }
        polled
    }

    /// A worker processes a batch from its inbox, and wakes some of the connections that have
    /// something to send.
    pub(super) fn work(&mut self, which: usize, now: Moment) {
        let worker = &mut self.workers[which];
        if let Some(batch) = worker.inbox.pop_front() {
            for delivery in batch.iter() {
                worker.shard.deliver(now, delivery);
            }
        }
        worker.wake(WAKES_PER_TURN);
    }

    /// Ticks if it is time.
    pub(super) fn keep_time(&mut self, now_ms: u64) {
        if now_ms >= self.tick_at {
            self.tick_at = now_ms + TICK_MS;
            for worker in &mut self.workers {
                worker.shard.tick(moment(now_ms));
                worker.flush();
            }
        }
    }

    /// Closes all clients so that they reconnect, as when the server stops or has missed changes.
    pub(super) fn drain(&mut self, now: Moment, random: &mut Random) {
        for worker in &mut self.workers {
            for conn in worker.shard.conns() {
                if random.chance(80) {
                    worker.shard.close(now, &conn, Close::restarting((1, 2)));
                }
            }
            worker.flush();
        }
    }

    /// With no connections left, asserts that no state remains.
    pub(super) fn check_empty(&self) {
        for Worker { shard, .. } in &self.workers {
            assert!(shard.conns.is_empty() && shard.users.is_empty() && shard.slots.is_empty(), "a connection is left");
            assert!(shard.subscriptions.is_empty(), "a subscription is left");
            assert_eq!((shard.journal.len(), shard.journal.bytes()), (0, 0), "nobody loads, so nothing is kept");
        }
    }
}

/// The point in time this many milliseconds after the start.
pub(super) fn moment(now_ms: u64) -> Moment {
    Moment::since_start(Duration::from_millis(now_ms))
}
