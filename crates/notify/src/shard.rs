//! One worker's connections: who of them hears of what. No IO, no clock, no tasks.
//!
//! # Register, then read
//!
//! A client is registered first, then its list is read, then what came meanwhile follows. Three orders are at work:
//!
//! * `D`, the order in which deliveries come to this shard: each group's in version order, each once;
//! * the reads: of two reads of the log one has seen all that the other has ([`ReadPoint`]);
//! * the commits. Of each group a read has seen the versions up to some number and none above, since a group's
//!   versions are committed in order.
//!
//! **What is delivered before a client is registered, its read has seen**: it was in the log when it was delivered, and the
//! read began later. **What is delivered after that and before the read is back stands in the journal.** So for a client
//! with read `R`, whatever `R` has not seen is either in its part of the journal or still to come, and each group's
//! comes after everything of that group that `R` has seen. Hence:
//!
//! * `R` behind the deliveries: the journal has changes that `R` has not seen. They are folded over the groups as read,
//!   and those that concern the user follow the `ready`.
//! * `R` ahead of the deliveries: changes that `R` has seen are still to come, from the journal or live. The client is not
//!   told of them again; [`Conn::seen`] decides, for as long as the connection lives.
//! * Removed and added again while loading: what `R` has seen of it is in the groups as read, and what it has not seen
//!   is folded in order. Nothing is applied twice.
//!
//! **The list is read after the fact.** An opening has an index of the groups and their versions; the groups themselves are read
//! piece by piece as the client takes them, each at its version in the index. So all pieces together are the list at `R`, however
//! long that takes, and live events follow behind them as behind a list that was read at once.
//!
//! # The user's groups
//!
//! All connections of a user share one set of groups on a shard, folded with every delivery in the order `D`. It is
//! installed by the first connection that has loaded, from read `R`, with the journal folded over it. It may then be
//! *ahead* of `D`: a change of group `g` that `R` has seen may still come. Folding such a change in does no harm: the
//! last one of `g` that `R` has seen leaves the user where `R` found them. So whenever a change comes that `R` has *not*
//! seen, the set is right for its group.
//!
//! For a connection with another read `Q`, that is enough if `Q` has seen at least what `R` has: whatever `Q` has not seen,
//! `R` has not seen either. The second device that loads while the first is live finds the set installed and leaves it.
//! But two devices may load at once, and the *older* read may come back last. Then a change that `R` has seen and `Q` has
//! not may still come (the user left `g` between the two reads): the set of `R` no longer has `g`, and the client
//! of `Q` would miss that event. Therefore the set of an older read, with its own part of the journal folded over it,
//! replaces the one that is there; by the argument above it is right for both. Nothing else ever replaces the set.

mod journal;
#[cfg(test)]
mod simulation;
mod snapshot;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use groups_domain::{GroupId, UserId, View};
use slab::Slab;

use self::journal::Journal;
pub(crate) use self::snapshot::UnreadList;
use self::subscriptions::{GroupSet, Slot, Subscriptions};
use crate::clock::Moment;
use crate::conn::Conn;
use crate::counters::Counters;
use crate::frame;
use crate::session::{Close, Cx, Input, Piece, Ticked, Wish};
use crate::{Delivery, HubLimits, ListPiece, Opening, ReadPoint, SourceError, Start};
use groups_protocol::{ErrorCode, ServerMessage};

/// One worker's connections.
pub(crate) struct Shard {
    limits: Arc<HubLimits>,
    counters: Arc<Counters>,
    conns: Slab<Rc<Conn>>,
    users: Slab<User>,
    slots: HashMap<UserId, Slot, RandomState>,
    subscriptions: Subscriptions,
    journal: Journal,
    /// Those that read the journal.
    loading: Vec<Rc<Conn>>,
    /// Those that have something to send and were not woken yet.
    dirty: Vec<Rc<Conn>>,
}

/// A user with at least one registered connection.
struct User {
    user_id: UserId,
    conns: Vec<Rc<Conn>>,
    /// From which read the set of groups was installed; `None` until the first connection has loaded.
    installed: Option<ReadPoint>,
}

/// What a delivery cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Routed {
    /// Frames that were queued.
    pub(crate) frames: usize,
    /// Their bytes.
    pub(crate) bytes: usize,
    /// Whether a queue is more than half full.
    pub(crate) crowded: bool,
}

/// Somebody types, and the others have to be told, on every worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Types {
    pub(crate) group_id: GroupId,
    pub(crate) user_id: UserId,
    pub(crate) typing: bool,
}

impl Shard {
    pub(crate) fn new(limits: Arc<HubLimits>, counters: Arc<Counters>) -> Self {
        Self {
            limits,
            counters,
            conns: Slab::new(),
            users: Slab::new(),
            slots: HashMap::default(),
            subscriptions: Subscriptions::default(),
            journal: Journal::default(),
            loading: Vec::new(),
            dirty: Vec::new(),
        }
    }

    /// A connection is there. It hears nothing yet, but the clock already runs for it.
    pub(crate) fn connect(&mut self, conn: &Rc<Conn>) {
        conn.key.set(Some(self.conns.insert(Rc::clone(conn))));
    }

    /// Begins to keep what comes, for a connection whose list will be read from now on. Returns whether there is
    /// anything to read for: the connection may have ended already.
    pub(crate) fn register(&mut self, conn: &Rc<Conn>) -> bool {
        if conn.key.get().is_none() || conn.session.borrow().is_closing() {
            return false;
        }
        let users = &mut self.users;
        let slot = *self.slots.entry(conn.user_id).or_insert_with(|| {
            users.insert(User { user_id: conn.user_id, conns: Vec::with_capacity(1), installed: None })
        });
        self.users[slot].conns.push(Rc::clone(conn));
        conn.loading_from.set(Some(self.journal.open()));
        self.loading.push(Rc::clone(conn));
        true
    }

    /// The read is back: the connection goes live, or has to come again. Returns the list that is to be read on, if it gets one.
    pub(crate) fn opened(
        &mut self,
        now: Moment,
        conn: &Rc<Conn>,
        opening: Result<Opening, SourceError>,
    ) -> Option<UnreadList> {
        let from = conn.loading_from.take()?;
        self.loading.retain(|other| !Rc::ptr_eq(other, conn));
        let unread = match opening {
            _ if conn.session.borrow().is_closing() => None,
            Ok(opening) => self.go_live(now, conn, from, opening),
            Err(error) => {
                self.unreadable(now, conn, &error);
                None
            }
        };
        self.journal.close(from);
        unread
    }

    /// A piece of the list was read, or cannot be read.
    pub(crate) fn list_piece(
        &mut self,
        now: Moment,
        conn: &Rc<Conn>,
        piece: Result<ListPiece, SourceError>,
        cursor: &UnreadList,
    ) {
        match piece {
            Ok(piece) => {
                let cx = Cx { now, limits: &self.limits, counters: &self.counters };
                let more = piece.more;
                conn.session.borrow_mut().list_piece(&cx, snapshot::message(piece, &cursor.cursor), more);
                mark(&mut self.dirty, conn);
            }
            Err(error) => self.unreadable(now, conn, &error),
        }
    }

    fn unreadable(&mut self, now: Moment, conn: &Rc<Conn>, error: &SourceError) {
        Counters::one(&self.counters.open_failures);
        tracing::warn!(connection_id = %conn.connection_id, %error, "a client's list could not be read");
        self.close(now, conn, Close::restarting(self.limits.retry_ms));
    }

    fn go_live(&mut self, now: Moment, conn: &Rc<Conn>, from: u64, opening: Opening) -> Option<UnreadList> {
        let Opening { seen, groups, start, cursor } = opening;
        let user_id = conn.user_id;
        let mut pieces = VecDeque::new();
        let resumed = matches!(start, Start::Resumed(_));
        pieces.push_back(Piece::Frame(frame::json(&ServerMessage::Welcome {
            user_id,
            connection_id: conn.connection_id,
            resumed,
            heartbeat_seconds: self.limits.heartbeat.as_secs(),
        })));
        let list = match start {
            Start::Snapshot(list) => {
                pieces.push_back(Piece::Unread);
                Some(list)
            }
            Start::Resumed(missed) => {
                pieces.extend(missed.into_iter().map(|delivery| {
                    let view = delivery.view_of(user_id);
                    Piece::Missed(Box::new(delivery), view)
                }));
                None
            }
        };
        pieces.push_back(Piece::Frame(frame::json(&ServerMessage::Ready { cursor: cursor.as_str().into() })));

        let mut groups: GroupSet = groups.into_iter().collect();
        for delivery in self.journal.since(from).filter(|delivery| !seen.sees(delivery.commit())) {
            let group_id = delivery.change().group_id();
            if delivery.joined().contains(&user_id) {
                groups.insert(group_id);
            }
            if groups.contains(&group_id) {
                pieces.push_back(Piece::Frame(delivery.frame(delivery.view_of(user_id))));
            }
            if delivery.all_left() || delivery.left().contains(&user_id) {
                groups.remove(&group_id);
            }
        }

        if let Some(&slot) = self.slots.get(&user_id) {
            let user = &mut self.users[slot];
            let keep = user.installed.as_ref().is_some_and(|installed| installed.within(&seen));
            if !keep {
                self.subscriptions.set_user(slot, groups);
                user.installed = Some(seen.clone());
            }
        }
        // It is set once: a connection loads once.
        let _ = conn.seen.set(seen);
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        conn.session.borrow_mut().go_live(&cx, pieces);
        mark(&mut self.dirty, conn);
        list.map(|list| UnreadList { list, cursor })
    }

    /// A change: whom it concerns is told, and is in the group or no longer.
    pub(crate) fn deliver(&mut self, now: Moment, delivery: &Arc<Delivery>) -> Routed {
        Counters::one(&self.counters.changes);
        self.journal.push(delivery);
        self.bound_journal(now);
        let group_id = delivery.change().group_id();
        // A newcomer is subscribed first, then told.
        for user_id in delivery.joined() {
            if let Some(&slot) = self.slots.get(user_id)
                && self.users[slot].installed.is_some()
            {
                self.subscriptions.add(slot, group_id);
            }
        }
        let routed = self.tell(now, group_id, delivery);
        // A removed member is told first, then unsubscribed.
        for user_id in delivery.left() {
            if let Some(&slot) = self.slots.get(user_id) {
                self.subscriptions.remove(slot, group_id);
            }
        }
        if delivery.all_left() {
            self.subscriptions.remove_group(group_id);
        }
        routed
    }

    fn tell(&mut self, now: Moment, group_id: GroupId, delivery: &Delivery) -> Routed {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        let slot_of = |(user_id, view): &(UserId, View)| self.slots.get(user_id).map(|slot| (*slot, *view));
        let mut subjects: Vec<(Slot, View)> = delivery.subjects().iter().filter_map(slot_of).collect();
        subjects.sort_unstable_by_key(|(slot, _)| *slot);
        let mut others: Option<Bytes> = None;
        let mut routed = Routed::default();
        for slot in self.subscriptions.of_group(group_id) {
            let view = match subjects.binary_search_by_key(&slot, |(subject, _)| *subject) {
                Ok(at) => subjects[at].1,
                Err(_) => View::Other,
            };
            for conn in &self.users[slot].conns {
                // Not read yet: the journal has it. Seen by the read: the client knows.
                let Some(seen) = conn.seen.get() else { continue };
                if seen.sees(delivery.commit()) {
                    continue;
                }
                let frame = match view {
                    View::Other => others.get_or_insert_with(|| delivery.frame(view)).clone(),
                    _ => delivery.frame(view),
                };
                let mut session = conn.session.borrow_mut();
                routed.bytes += frame.len();
                session.event(&cx, frame);
                routed.frames += 1;
                routed.crowded |= session.is_crowded(&self.limits);
                drop(session);
                mark(&mut self.dirty, conn);
            }
        }
        routed
    }

    /// Whoever has loaded longest must come again, when the journal is full.
    fn bound_journal(&mut self, now: Moment) {
        while self.journal.len() > self.limits.journal_changes_max
            || self.journal.bytes() > self.limits.journal_bytes_max
        {
            let Some(oldest) = self.journal.oldest_reader() else { return };
            let (evicted, loading) =
                std::mem::take(&mut self.loading).into_iter().partition(|conn| conn.loading_from.get() == Some(oldest));
            self.loading = loading;
            for conn in evicted {
                conn.loading_from.set(None);
                Counters::one(&self.counters.journal_overflows);
                self.close(now, &conn, Close::restarting(self.limits.retry_ms));
                self.journal.close(oldest);
            }
        }
    }

    /// Somebody types: the other members' connections are told, where they have room.
    pub(crate) fn typing(&mut self, now: Moment, types: Types, frame: &Bytes) {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        for slot in self.subscriptions.of_group(types.group_id) {
            let user = &self.users[slot];
            if user.user_id == types.user_id {
                continue;
            }
            for conn in &user.conns {
                let mut session = conn.session.borrow_mut();
                if session.is_live() {
                    session.ephemeral(&cx, frame.clone());
                    drop(session);
                    mark(&mut self.dirty, conn);
                }
            }
        }
    }

    /// Something came from a client. Returns what the others may have to hear of.
    pub(crate) fn receive(&mut self, now: Moment, conn: &Conn, input: Input<'_>) -> Option<Types> {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        let mut session = conn.session.borrow_mut();
        let Wish::Typing { group_id, typing } = session.receive(&cx, input)?;
        let user_id = conn.user_id;
        let member = self.slots.get(&user_id).is_some_and(|slot| self.subscriptions.contains(*slot, group_id));
        if !member {
            session.error(&cx, ErrorCode::GroupNotFound, "no such group, or you are not in it");
            return None;
        }
        Some(Types { group_id, user_id, typing })
    }

    /// The clock has moved.
    pub(crate) fn tick(&mut self, now: Moment) {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        for (_, conn) in &self.conns {
            let ticked = conn.session.borrow_mut().tick(&cx);
            match ticked {
                Ticked::Nothing => {}
                Ticked::Wake => mark(&mut self.dirty, conn),
                Ticked::ShutDown => {
                    if conn.shut_down() {
                        Counters::one(&self.counters.sockets_shut_down);
                    }
                }
            }
        }
    }

    pub(crate) fn close(&mut self, now: Moment, conn: &Rc<Conn>, close: Close) {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        conn.session.borrow_mut().close(&cx, close);
        mark(&mut self.dirty, conn);
    }

    /// Every connection.
    pub(crate) fn conns(&self) -> Vec<Rc<Conn>> {
        self.conns.iter().map(|(_, conn)| Rc::clone(conn)).collect()
    }

    /// The connection is gone. What it alone needed goes with it.
    pub(crate) fn disconnect(&mut self, conn: &Rc<Conn>) {
        let Some(key) = conn.key.take() else { return };
        self.conns.remove(key);
        if let Some(from) = conn.loading_from.take() {
            self.loading.retain(|other| !Rc::ptr_eq(other, conn));
            self.journal.close(from);
        }
        let Some(&slot) = self.slots.get(&conn.user_id) else { return };
        let user = &mut self.users[slot];
        user.conns.retain(|other| !Rc::ptr_eq(other, conn));
        if user.conns.is_empty() {
            self.slots.remove(&conn.user_id);
            self.subscriptions.remove_user(slot);
            self.users.remove(slot);
        }
    }

    /// Those that have something to send, each once; they have to be woken.
    pub(crate) fn take_dirty(&mut self) -> Vec<Rc<Conn>> {
        let dirty = std::mem::take(&mut self.dirty);
        for conn in &dirty {
            conn.dirty.set(false);
        }
        dirty
    }
}

fn mark(dirty: &mut Vec<Rc<Conn>>, conn: &Rc<Conn>) {
    if !conn.dirty.replace(true) {
        dirty.push(Rc::clone(conn));
    }
}
