//! The tasks of one worker thread: inbox, clock, loading clients, and drain.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use groups_domain::UserId;
use groups_protocol::ErrorCode;
use groups_supervisor::{Cause, TaskFailure};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_local, yield_now};
use tokio::time::MissedTickBehavior;

use crate::clock::Moment;
use crate::conn::{Conn, Socket};
use crate::counters::Counters;
use crate::hub::{ConnectionPermit, Shared};
use crate::inbox::{Command, Envelope};
use crate::queue::FrameQueue;
use crate::session::{After, BatchMax, Close, Cx, Input, Session, Transmit};
use crate::shard::{Received, Shard, UnreadList};
use crate::{Client, Delivery, Drain, HubLimits, NotRenewed, PieceMax, Renewal, SentChange, SourceError};

/// Number of connections to wake before yielding to the other tasks of the thread, including HTTP
/// requests.
const WAKES_PER_TURN: usize = 32;

/// Number of frames to queue before yielding, and after which no further command is taken before some
/// connections were woken.
const FRAMES_PER_TURN: usize = 2_048;

/// Number of commands taken from the inbox per turn.
const COMMANDS_PER_TURN: usize = 64;

/// Number of changes, not all of whose connections were woken, above which all are woken before more
/// changes are taken.
const UNSENT_MAX: usize = 256;

/// Interval at which a drain closes a slice of the connections.
const DRAIN_SLICE: Duration = Duration::from_millis(20);

/// The part of the hub on one worker thread. It never leaves its thread.
///
/// A panic in a worker task, or in a call from a connection, may leave the shard in an inconsistent
/// state, in which some connections would silently receive nothing. Therefore the worker then
/// closes all of them, see [`abandon`](Self::abandon).
pub(crate) struct Worker {
    /// Name under which a failure is reported.
    name: String,
    hub: Arc<Shared>,
    counters: Arc<Counters>,
    shard: RefCell<Shard>,
}

impl Worker {
    /// Starts the tasks. Must be called on a thread with a local set, such as an actix worker.
    pub(crate) fn start(
        name: String,
        hub: Arc<Shared>,
        counters: Arc<Counters>,
        inbox: mpsc::Receiver<Envelope>,
    ) -> Rc<Self> {
        let worker = Rc::new(Self {
            name,
            shard: RefCell::new(Shard::new(Arc::clone(&hub.limits), Arc::clone(&counters))),
            counters,
            hub,
        });
        worker.spawn(Rc::clone(&worker).work(inbox));
        worker.spawn(Rc::clone(&worker).keep_time());
        worker
    }

    /// Spawns a task of the worker. A panic in it fails the worker.
    fn spawn(self: &Rc<Self>, task: impl Future<Output = ()> + 'static) -> AbortHandle {
        let worker = Rc::clone(self);
        let task = spawn_local(async move {
            if worker.hub.supervisor.until_closed(&worker.name, task).await.is_none() {
                worker.abandon();
            }
        });
        task.abort_handle()
    }

    /// Runs a call from a connection. A panic in it fails the worker.
    fn call<T>(&self, call: impl FnOnce() -> T) -> std::thread::Result<T> {
        catch_unwind(AssertUnwindSafe(call)).inspect_err(|panic| {
            self.hub.supervisor.report(TaskFailure { task: self.name.clone(), cause: Cause::of_panic(&**panic) });
            self.abandon();
        })
    }

    /// Closes every connection of this worker with 1012, relying on the shard as little as
    /// possible.
    fn abandon(&self) {
        self.hub.refuse_clients();
        let Ok(conns) = catch_unwind(AssertUnwindSafe(|| self.shard.borrow().conns())) else { return };
        // Nobody wakes those that wait for their turn any more. All are woken below.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self.shard.borrow_mut().take_dirty(usize::MAX))));
        let (cx, retry_ms) = (self.cx(), self.limits().retry_ms);
        for conn in conns {
            // A session that panics again must not keep the others from being closed.
            let closed = catch_unwind(AssertUnwindSafe(|| {
                conn.session.borrow_mut().close(&cx, Close::restarting(retry_ms));
                conn.wake();
            }));
            if closed.is_err() {
                conn.shut_down();
            }
            // A client that does not answer is shut down at its deadline, if the shard still works.
            let _ = catch_unwind(AssertUnwindSafe(|| self.shard.borrow_mut().schedule(&conn)));
        }
    }

    pub(crate) fn limits(&self) -> &HubLimits {
        &self.hub.limits
    }

    pub(crate) fn now(&self) -> Moment {
        self.hub.now()
    }

    fn cx(&self) -> Cx<'_> {
        Cx { now: self.now(), limits: &self.hub.limits, counters: &self.counters }
    }

    /// Accepts a client. Without a slot it is closed with 4502; otherwise its initial state is
    /// loaded.
    pub(crate) fn accept(
        self: &Rc<Self>,
        client: Client,
        permit: ConnectionPermit,
        socket: Box<dyn Socket>,
    ) -> Rc<Conn> {
        // There is no connection to close yet, so the panic propagates and ends the request.
        self.call(|| self.take_in(client, permit, socket)).unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn take_in(self: &Rc<Self>, client: Client, permit: ConnectionPermit, socket: Box<dyn Socket>) -> Rc<Conn> {
        Counters::one(&self.counters.accepted);
        let Client { user_id, connection_id, cursor, grant } = client;
        // Sixteen steps over half a heartbeat, chosen by a random byte of the id.
        let step = u32::from(connection_id.as_bytes()[15] & 0xF);
        let cx = self.cx();
        let mut session = Session::new(&cx, grant, cx.limits.heartbeat / 32 * step);
        let refusal = if !permit.has_slot() {
            Some(Close::too_many_connections())
        } else if permit.is_revoked() {
            Some(Close::disconnected())
        } else {
            None
        };
        let refused = refusal.is_some();
        if let Some(refusal) = refusal {
            session.close(&cx, refusal);
        }
        tracing::debug!(%user_id, %connection_id, refused, resumes = cursor.is_some(), "client connected");
        let conn = Conn::new(connection_id, session, permit, socket);
        self.shard.borrow_mut().connect(&conn);
        if !refused {
            let loading = self.spawn(Rc::clone(self).load(Rc::clone(&conn), cursor));
            conn.loading.set(Some(loading));
        }
        conn
    }

    /// Closes a client so that it reconnects.
    pub(crate) fn restart(&self, conn: &Rc<Conn>) {
        self.close_with_1012(std::slice::from_ref(conn), self.limits().retry_ms);
    }

    /// Registers a client, reads its initial state, lets it go live, and reads its list as the
    /// client takes it. Aborted when the client disconnects.
    async fn load(self: Rc<Self>, conn: Rc<Conn>, cursor: Option<String>) {
        if let Some(unread) = self.open(&conn, cursor).await {
            self.read_list(&conn, unread).await;
        }
        // Keeping the handle would keep the task's memory.
        conn.loading.set(None);
    }

    async fn open(&self, conn: &Rc<Conn>, cursor: Option<String>) -> Option<UnreadList> {
        let turn = self.hub.openings.enter(conn.user_id()).await;
        if !self.shard.borrow_mut().register(conn) {
            return None;
        }
        let opening = async {
            // Connections are bounded, and each waits at most once, so the queue cannot overflow.
            let _turn = turn.map_err(SourceError::new)?;
            self.guarded(self.hub.source.open(conn.user_id(), cursor.as_deref())).await
        };
        let opening = opening.await;
        let unread = self.shard.borrow_mut().opened(self.now(), conn, opening);
        self.wake_at_once(conn).await;
        unread
    }

    /// Reads the next piece whenever the client has taken the previous one, until the list is
    /// complete or the connection is closing.
    async fn read_list(&self, conn: &Rc<Conn>, mut unread: UnreadList) {
        let max =
            PieceMax { groups: self.limits().snapshot_groups_max.max(1), bytes: self.limits().snapshot_bytes_max };
        while poll_fn(|cx| conn.poll_piece_wanted(cx)).await {
            let piece = async {
                let turn = self.hub.openings.enter(conn.user_id()).await;
                let _turn = turn.map_err(SourceError::new)?;
                self.guarded(unread.list.next(max)).await
            };
            let piece = piece.await;
            let more = piece.as_ref().is_ok_and(|piece| piece.more);
            self.shard.borrow_mut().list_piece(self.now(), conn, piece, &unread);
            self.wake_at_once(conn).await;
            if !more {
                return;
            }
        }
    }

    /// Runs a read with a timeout. A panic in it affects only this client, because no state of the
    /// worker was changed.
    async fn guarded<T>(&self, read: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
        match tokio::time::timeout(self.limits().open_timeout, AssertUnwindSafe(read).catch_unwind()).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(SourceError::new("the source panicked")),
            Err(_) => Err(SourceError::new("it took too long")),
        }
    }

    /// Handles input from a client.
    pub(crate) fn receive(self: &Rc<Self>, conn: &Rc<Conn>, input: Input<'_>) {
        // After a panic, the connection was closed with all others.
        let _ = self.call(|| {
            let received = self.shard.borrow_mut().receive(self.now(), conn, input);
            match received {
                Some(Received::Typing(types)) => self.hub.user_types(types),
                Some(Received::Token(token)) => {
                    // A client that disconnects meanwhile must not keep its slot.
                    let renewal = Rc::clone(self).renew(conn.user_id(), Rc::downgrade(conn), token);
                    self.spawn(renewal);
                }
                None => {}
            }
        });
    }

    /// Checks the token of a client, and renews its connection.
    async fn renew(self: Rc<Self>, user_id: UserId, conn: Weak<Conn>, token: String) {
        let checked = self.check(user_id, &token).await;
        if let Some(conn) = conn.upgrade() {
            self.shard.borrow_mut().renewed(self.now(), &conn, checked);
            self.wake_at_once(&conn).await;
        }
    }

    /// Checks a token with a timeout. A panic in the authenticator affects only this client.
    async fn check(&self, user_id: UserId, token: &str) -> Result<Renewal, NotRenewed> {
        let Some(authenticator) = self.hub.authenticator.get() else {
            let detail = "this server does not renew tokens on an open connection; reconnect with the new one";
            return Err(NotRenewed::new(ErrorCode::Unauthenticated, detail));
        };
        let checking = AssertUnwindSafe(authenticator.authenticate(user_id, token)).catch_unwind();
        match tokio::time::timeout(self.limits().authenticate_timeout, checking).await {
            Ok(Ok(checked)) => checked,
            Ok(Err(_)) | Err(_) => {
                Err(NotRenewed::new(ErrorCode::Unavailable, "the token cannot be checked now; try again"))
            }
        }
    }

    /// Returns what a connection has to send next.
    pub(crate) fn transmit(&self, conn: &Conn) -> Transmit {
        let transmit = self.call(|| conn.session.borrow_mut().transmit(&self.cx())).unwrap_or(Transmit::End);
        conn.wake_piece_reader();
        transmit
    }

    /// Moves what a connection has to send next into an empty batch.
    pub(crate) fn transmit_batch(&self, conn: &Conn, batch: &mut FrameQueue, max: BatchMax) -> After {
        let transmit = || conn.session.borrow_mut().transmit_batch(&self.cx(), batch, max);
        let after = self.call(transmit).unwrap_or(After::End);
        conn.wake_piece_reader();
        after
    }

    /// Removes a connection.
    pub(crate) fn disconnect(&self, conn: &Rc<Conn>) {
        tracing::debug!(user_id = %conn.user_id(), connection_id = %conn.connection_id, "client disconnected");
        // Called from a destructor, which must not panic.
        let _ = self.call(|| {
            self.shard.borrow_mut().disconnect(conn);
            conn.session.borrow_mut().discard_queue(&self.cx());
        });
        if let Some(loading) = conn.loading.take() {
            loading.abort();
        }
    }

    /// Executes commands, and wakes connections a few at a time. A connection that was not woken yet
    /// sends what has arrived in the meantime with the same write.
    async fn work(self: Rc<Self>, mut inbox: mpsc::Receiver<Envelope>) {
        let mut unsent = Unsent::default();
        loop {
            let (mut commands, mut frames) = (0, 0);
            if !self.shard.borrow().is_dirty() && unsent.is_empty() {
                let Some(envelope) = inbox.recv().await else { return };
                (commands, frames) = (1, self.execute(envelope, &mut unsent).await);
            }
            while commands < COMMANDS_PER_TURN
                && frames < FRAMES_PER_TURN
                && let Ok(envelope) = inbox.try_recv()
            {
                commands += 1;
                frames += self.execute(envelope, &mut unsent).await;
            }
            if unsent.len() > UNSENT_MAX {
                self.flush().await;
            } else if self.shard.borrow().is_dirty() || !unsent.is_empty() {
                self.wake_some().await;
            }
            let sent = unsent.take(self.shard.borrow().woken());
            if !sent.is_empty() {
                self.hub.note_sent(&sent);
            }
        }
    }

    /// Executes a command. Returns the number of frames that were queued for it.
    async fn execute(self: &Rc<Self>, Envelope { command, room }: Envelope, unsent: &mut Unsent) -> usize {
        match command {
            Command::Deliver(batch) => {
                let frames = self.deliver(&batch, unsent).await;
                drop(room);
                return frames;
            }
            Command::Typing(types, frame) => self.shard.borrow_mut().typing(self.now(), types, &frame),
            Command::Drain(plan) => {
                self.spawn(Rc::clone(self).drain(plan));
            }
            Command::Disconnect(user_id) => {
                let conns = self.shard.borrow().conns_of(user_id);
                self.close(&conns, Close::disconnected);
            }
            Command::Lagged => {
                let conns = self.shard.borrow().conns();
                self.close_with_1012(&conns, self.limits().retry_ms);
            }
        }
        0
    }

    /// Adds the changes that were queued for connections to `unsent`. Returns the number of frames.
    async fn deliver(&self, batch: &[Arc<Delivery>], unsent: &mut Unsent) -> usize {
        let (mut frames, mut all_frames) = (0, 0);
        for delivery in batch {
            let routed = self.shard.borrow_mut().deliver(self.now(), delivery);
            frames += routed.frames;
            all_frames += routed.frames;
            if routed.frames > 0 {
                let change = delivery.change();
                let change = SentChange { group_id: change.group_id(), version: change.version(), at: change.at() };
                unsent.push(change, self.shard.borrow().woken_at_end());
            }
            self.hub.note_traffic(delivery.change().group_id(), routed.frames, routed.bytes);
            if routed.crowded {
                // Wake the connections now, so that no queue overflows only because its connection
                // had no chance to send.
                self.flush().await;
                frames = 0;
            } else if frames >= FRAMES_PER_TURN {
                yield_now().await;
                frames = 0;
            }
        }
        all_frames
    }

    /// Wakes a connection that has something to send, before all that only have events, and lets the
    /// other tasks of the thread run.
    async fn wake_at_once(&self, conn: &Rc<Conn>) {
        self.shard.borrow_mut().leave_line(conn);
        conn.wake();
        yield_now().await;
    }

    /// Wakes all connections that have something to send now.
    async fn flush(&self) {
        let end = self.shard.borrow().woken_at_end();
        while self.shard.borrow().woken() < end {
            self.wake_some().await;
        }
    }

    /// Wakes a few of the connections that have something to send, and lets them and the other tasks
    /// of the thread run.
    async fn wake_some(&self) {
        let conns = self.shard.borrow_mut().take_dirty(WAKES_PER_TURN);
        let _turn = SendingTurn { shard: &self.shard, connections: conns.len() };
        conns.iter().for_each(|conn| conn.wake());
        yield_now().await;
    }

    async fn keep_time(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(self.limits().tick.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.shard.borrow_mut().tick(self.now());
            self.flush().await;
        }
    }

    async fn drain(self: Rc<Self>, plan: Arc<Drain>) {
        let mut conns = self.shard.borrow().conns();
        shuffle(&mut conns, plan.seed);
        let slices = usize::try_from(plan.spread.as_millis() / DRAIN_SLICE.as_millis()).unwrap_or(usize::MAX).max(1);
        // A busy thread catches up, so that the last clients are closed in time.
        let mut pace = tokio::time::interval(DRAIN_SLICE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for slice in conns.chunks(conns.len().div_ceil(slices).max(1)) {
            pace.tick().await;
            self.close_with_1012(slice, plan.retry_ms);
            self.flush().await;
        }
        // Clients that connected while the drain started.
        let conns = self.shard.borrow().conns();
        self.close_with_1012(&conns, plan.retry_ms);
        self.flush().await;
    }

    fn close_with_1012(&self, conns: &[Rc<Conn>], retry_ms: (u32, u32)) {
        self.close(conns, || Close::restarting(retry_ms));
    }

    fn close(&self, conns: &[Rc<Conn>], reason: impl Fn() -> Close) {
        let (mut shard, now) = (self.shard.borrow_mut(), self.now());
        for conn in conns {
            shard.close(now, conn, reason());
        }
    }
}

/// The turn of some connections. It is counted at its end, even if the waker is cancelled.
struct SendingTurn<'a> {
    shard: &'a RefCell<Shard>,
    connections: usize,
}

impl Drop for SendingTurn<'_> {
    fn drop(&mut self) {
        self.shard.borrow_mut().woke(self.connections);
    }
}

/// Changes that were queued for connections which were not all woken yet.
#[derive(Default)]
struct Unsent(VecDeque<(SentChange, u64)>);

impl Unsent {
    /// `woken`: how many connections will have been woken when its last one is.
    fn push(&mut self, change: SentChange, woken: u64) {
        self.0.push_back((change, woken));
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes the changes all of whose connections were woken.
    fn take(&mut self, woken: u64) -> Vec<SentChange> {
        let count = self.0.partition_point(|(_, last)| *last <= woken);
        self.0.drain(..count).map(|(change, _)| change).collect()
    }
}

/// Fisher–Yates shuffle with SplitMix64.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut random = state;
        random = (random ^ (random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        random = (random ^ (random >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        random ^= random >> 31;
        let other = (random % (last as u64 + 1)) as usize;
        items.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use groups_domain::{Timestamp, Version};

    use super::*;
    use crate::world::group;

    #[test]
    fn a_change_is_sent_when_the_last_connection_that_it_was_queued_for_has_had_its_turn() {
        let change = |number| {
            let at = Timestamp::from_unix_millis(0);
            SentChange { group_id: group(1), version: Version::new(number), at }
        };
        let mut unsent = Unsent::default();
        for (number, woken) in [(1, 10), (2, 10), (3, 12)] {
            unsent.push(change(number), woken);
        }
        let taken = [9, 10, 11, 12, 13]
            .map(|woken| unsent.take(woken).into_iter().map(|change| change.version.get()).collect::<Vec<_>>());
        assert_eq!(taken, [vec![], vec![1, 2], vec![], vec![3], vec![]]);
        assert!(unsent.is_empty());
    }
}
