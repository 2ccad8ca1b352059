//! The connections of one worker, and which events each receives. No I/O, no clock, no tasks.
//!
//! # Register, then read
//!
//! A client is registered first, then its list is read, then changes made in the meantime follow.
//! Three orders matter:
//!
//! * `D`, the order in which deliveries arrive at this shard: in version order within each group,
//!   each once;
//! * the reads: of two reads of the log, one has seen everything that the other has
//!   ([`ReadPoint`]);
//! * the commits: of each group, a read has seen all versions up to some number and none above,
//!   because a group's versions are committed in order.
//!
//! **Changes delivered before a client is registered have been seen by its read**: they were in the
//! log when they were delivered, and the read started later. **Changes delivered after that and
//! before the read returns are in the journal.** So for a client with read `R`, every change that
//! `R` has not seen is either in its part of the journal or still to come, and within each group it
//! comes after everything that `R` has seen. Hence:
//!
//! * `R` is behind the deliveries: the journal contains changes that `R` has not seen. They are
//!   applied to the groups as read, and those that concern the user follow the `ready`.
//! * `R` is ahead of the deliveries: changes that `R` has seen are still to come, from the journal
//!   or live. The client does not receive them again; [`Conn::seen`] decides, for the lifetime of
//!   the connection.
//! * The user is removed and added again while loading: what `R` has seen is in the groups as read,
//!   and what it has not seen is applied in order. Nothing is applied twice.
//!
//! **The list is read later.** An opening has an index of the groups and their versions. The groups
//! themselves are read in pieces as the client takes them, each at its version in the index. So all
//! pieces together are the list at `R`, however long that takes, and live events follow as if the
//! list had been read at once.
//!
//! # The user's groups
//!
//! All connections of a user on a shard share one set of groups, which is updated with every
//! delivery in the order `D`. The first connection that has loaded, from read `R`, installs the
//! set, with the journal applied to it. The set may then be *ahead* of `D`: a change of group `g`
//! that `R` has seen may still arrive. Applying such a change does no harm: the last change of `g`
//! that `R` has seen leaves the user in the state in which `R` found them. So whenever a change
//! arrives that `R` has *not* seen, the set is correct for its group.
//!
//! For a connection with another read `Q`, that is enough if `Q` has seen at least what `R` has:
//! what `Q` has not seen, `R` has not seen either. A second device that loads while the first is
//! live finds the set installed and leaves it. But two devices may load concurrently, and the
//! *older* read may return last. Then a change that `R` has seen and `Q` has not may still arrive
//! (the user left `g` between the two reads): the set of `R` no longer contains `g`, and the client
//! of `Q` would miss that event. Therefore the set of an older read, with its own part of the
//! journal applied, replaces the current one; by the argument above it is correct for both. Nothing
//! else ever replaces the set.

mod journal;
#[cfg(test)]
mod simulation;
mod snapshot;
mod subscriptions;
#[cfg(test)]
mod tests;
mod wheel;

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use groups_domain::{GroupId, ReadPoint, UserId, View};
use groups_protocol::{ErrorCode, ServerMessage};
use slab::Slab;
use smallvec::SmallVec;

use self::journal::Journal;
pub(crate) use self::snapshot::UnreadList;
use self::subscriptions::{GroupSet, Slot, Subscriptions};
use self::wheel::Wheel;
use crate::clock::Moment;
use crate::conn::Conn;
use crate::counters::Counters;
use crate::frame;
use crate::session::{ClientAction, Close, Cx, Input, Piece, Ticked};
use crate::{Delivery, HubLimits, InitialContent, InitialState, ListPiece, NotRenewed, Renewal, SourceError};

/// The connections of one worker.
pub(crate) struct Shard {
    limits: Arc<HubLimits>,
    counters: Arc<Counters>,
    conns: Slab<Rc<Conn>>,
    users: Slab<User>,
    slots: HashMap<UserId, Slot, RandomState>,
    subscriptions: Subscriptions,
    wheel: Wheel,
    journal: Journal,
    /// Connections that are loading and need the journal, each with the start of its part.
    loading: Vec<(Rc<Conn>, u64)>,
    dirty: Dirty,
}

/// Connections that have something to send and were not woken yet, each once.
#[derive(Default)]
struct Dirty {
    conns: VecDeque<Rc<Conn>>,
    /// Number of connections that were added so far.
    added: u64,
    /// How many of them have had their turn to send.
    woken: u64,
}

/// A user with at least one registered connection.
struct User {
    conns: SmallVec<[Rc<Conn>; 1]>,
    /// The read that the set of groups comes from; `None` until the first connection has loaded.
    installed: Option<ReadPoint>,
}

/// The cost of routing a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Routed {
    /// Number of queued frames.
    pub(crate) frames: usize,
    /// Size of the queued frames.
    pub(crate) bytes: usize,
    /// Whether a queue is more than half full.
    pub(crate) crowded: bool,
}

/// A typing event for the other members, on every worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypingEvent {
    pub(crate) group_id: GroupId,
    pub(crate) user_id: UserId,
    pub(crate) typing: bool,
}

/// What the worker has to do for a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Forward this typing event.
    Typing(TypingEvent),
    /// Check this token, and then call [`Shard::renewed`].
    Token(String),
}

impl Shard {
    pub(crate) fn new(limits: Arc<HubLimits>, counters: Arc<Counters>) -> Self {
        Self {
            wheel: Wheel::new(limits.tick),
            limits,
            counters,
            conns: Slab::new(),
            users: Slab::new(),
            slots: HashMap::default(),
            subscriptions: Subscriptions::default(),
            journal: Journal::default(),
            loading: Vec::new(),
            dirty: Dirty::default(),
        }
    }

    /// Adds a connection. It receives no events yet, but its deadlines apply.
    pub(crate) fn connect(&mut self, conn: &Rc<Conn>) {
        conn.key.set(Some(connection_key(self.conns.insert(Rc::clone(conn)))));
        self.schedule(conn);
    }

    /// Schedules the check of a connection's deadlines.
    pub(crate) fn schedule(&mut self, conn: &Conn) {
        schedule(&mut self.wheel, &self.limits, conn);
    }

    /// Starts to record changes for a connection whose list will be read next. Returns `false` if
    /// the connection has already ended.
    pub(crate) fn register(&mut self, conn: &Rc<Conn>) -> bool {
        if conn.key.get().is_none() || conn.session.borrow().is_closing() {
            return false;
        }
        let users = &mut self.users;
        let slot = *self
            .slots
            .entry(conn.user_id())
            .or_insert_with(|| users.insert(User { conns: SmallVec::new(), installed: None }));
        self.users[slot].conns.push(Rc::clone(conn));
        self.loading.push((Rc::clone(conn), self.journal.open()));
        true
    }

    /// Handles the result of the read: the connection goes live, or is closed so that it
    /// reconnects. Returns the rest of the list to read, if any.
    pub(crate) fn opened(
        &mut self,
        now: Moment,
        conn: &Rc<Conn>,
        opening: Result<InitialState, SourceError>,
    ) -> Option<UnreadList> {
        let from = self.end_loading(conn)?;
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

    /// Removes a connection from those that are loading. Returns the start of its part of the journal.
    fn end_loading(&mut self, conn: &Rc<Conn>) -> Option<u64> {
        let at = self.loading.iter().position(|(other, _)| Rc::ptr_eq(other, conn))?;
        Some(self.loading.swap_remove(at).1)
    }

    /// Handles a piece of the list, or the failure to read it.
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
                self.schedule(conn);
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

    fn go_live(&mut self, now: Moment, conn: &Rc<Conn>, from: u64, opening: InitialState) -> Option<UnreadList> {
        let InitialState { seen, groups, content, cursor } = opening;
        let user_id = conn.user_id();
        let mut pieces = VecDeque::new();
        let resumed = matches!(content, InitialContent::Resumed(_));
        pieces.push_back(Piece::Frame(frame::json(&ServerMessage::Welcome {
            user_id,
            connection_id: conn.connection_id,
            resumed,
            heartbeat_seconds: self.limits.heartbeat.as_secs(),
        })));
        let list = match content {
            InitialContent::Snapshot(list) => {
                pieces.push_back(Piece::Unread);
                Some(list)
            }
            InitialContent::Resumed(missed) => {
                pieces.extend(missed.into_iter().map(|(delivery, view)| Piece::Missed(delivery, view)));
                None
            }
        };
        pieces.push_back(Piece::Frame(frame::json(&ServerMessage::Ready { cursor: cursor.as_str().into() })));

        let mut groups: GroupSet = groups.into_iter().collect();
        for delivery in self.journal.since(from).filter(|delivery| !seen.sees(delivery.commit())) {
            let group_id = delivery.change().group_id();
            if let Some(view) = delivery.view_for(user_id, groups.get(&group_id).copied()) {
                pieces.push_back(Piece::Frame(delivery.frame(view)));
            }
            match delivery.moves().binary_search_by_key(&user_id, |(moved, _)| *moved) {
                Ok(at) => match delivery.moves()[at].1 {
                    Some(audience) => drop(groups.insert(group_id, audience)),
                    None => drop(groups.remove(&group_id)),
                },
                Err(_) if delivery.all_left() => drop(groups.remove(&group_id)),
                Err(_) => {}
            }
        }

        if let Some(&slot) = self.slots.get(&user_id) {
            let user = &mut self.users[slot];
            let keep = user.installed.as_ref().is_some_and(|installed| installed.is_within(&seen));
            if !keep {
                self.subscriptions.set_user(slot, groups);
                user.installed = Some(seen.clone());
            }
        }
        // Never set before, because a connection loads once.
        let _ = conn.seen.set(seen.into());
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        conn.session.borrow_mut().go_live(&cx, pieces);
        self.schedule(conn);
        mark(&mut self.dirty, conn);
        list.map(|list| UnreadList { list, cursor })
    }

    /// Routes a change: sends it to the affected users and updates their sets of groups.
    pub(crate) fn deliver(&mut self, now: Moment, delivery: &Arc<Delivery>) -> Routed {
        Counters::one(&self.counters.changes);
        self.journal.push(delivery);
        self.bound_journal(now);
        let group_id = delivery.change().group_id();
        // A new member is subscribed first, then notified.
        for (user_id, audience) in delivery.moves() {
            if let (Some(&slot), Some(audience)) = (self.slots.get(user_id), audience)
                && self.users[slot].installed.is_some()
            {
                self.subscriptions.set(slot, group_id, *audience);
            }
        }
        let routed = self.tell(now, group_id, delivery);
        // A removed member is notified first, then unsubscribed.
        for (user_id, audience) in delivery.moves() {
            if let (Some(&slot), None) = (self.slots.get(user_id), audience) {
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
        for (slot, audience) in self.subscriptions.of_group(group_id) {
            let view = match subjects.binary_search_by_key(&slot, |(subject, _)| *subject) {
                Ok(at) => subjects[at].1,
                Err(_) => match delivery.view_of_others(audience) {
                    Some(view) => view,
                    None => continue,
                },
            };
            for conn in &self.users[slot].conns {
                // If the read has not returned, the journal has the change. If the read has seen
                // it, the client knows it.
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
                let overflowed = session.is_closing();
                drop(session);
                if overflowed {
                    schedule(&mut self.wheel, &self.limits, conn);
                }
                mark(&mut self.dirty, conn);
            }
        }
        routed
    }

    /// While the journal is too large, closes the connections that have been loading longest.
    fn bound_journal(&mut self, now: Moment) {
        while self.journal.len() > self.limits.journal_changes_max
            || self.journal.bytes() > self.limits.journal_bytes_max
        {
            let Some(oldest) = self.journal.oldest_reader() else { return };
            let (evicted, loading) =
                std::mem::take(&mut self.loading).into_iter().partition(|(_, from)| *from == oldest);
            self.loading = loading;
            for (conn, _) in evicted {
                Counters::one(&self.counters.journal_overflows);
                self.close(now, &conn, Close::restarting(self.limits.retry_ms));
                self.journal.close(oldest);
            }
        }
    }

    /// Sends a typing event to the other members' connections that have room for it.
    pub(crate) fn typing(&mut self, now: Moment, types: TypingEvent, frame: &Bytes) {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        let typist = self.slots.get(&types.user_id).copied();
        for (slot, audience) in self.subscriptions.of_group(types.group_id) {
            if !audience.is_member() || Some(slot) == typist {
                continue;
            }
            for conn in &self.users[slot].conns {
                let mut session = conn.session.borrow_mut();
                if session.is_live() {
                    session.ephemeral(&cx, frame.clone());
                    drop(session);
                    mark(&mut self.dirty, conn);
                }
            }
        }
    }

    /// Handles input from a client. Returns what the worker has to do, if anything.
    pub(crate) fn receive(&mut self, now: Moment, conn: &Conn, input: Input<'_>) -> Option<Received> {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        let action = conn.session.borrow_mut().receive(&cx, input);
        if conn.session.borrow().is_closing() {
            schedule(&mut self.wheel, &self.limits, conn);
        }
        let (group_id, typing) = match action? {
            ClientAction::Typing { group_id, typing } => (group_id, typing),
            ClientAction::Authenticate { token } => return Some(Received::Token(token)),
        };
        let user_id = conn.user_id();
        let member = self.slots.get(&user_id).is_some_and(|slot| self.subscriptions.is_member(*slot, group_id));
        if !member {
            conn.session.borrow_mut().error(&cx, ErrorCode::GroupNotFound, "no such group, or you are not in it");
            return None;
        }
        Some(Received::Typing(TypingEvent { group_id, user_id, typing }))
    }

    /// Takes the result of checking the token of a client.
    pub(crate) fn renewed(&mut self, now: Moment, conn: &Rc<Conn>, checked: Result<Renewal, NotRenewed>) {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        conn.session.borrow_mut().renewed(&cx, conn.user_id(), checked);
        self.schedule(conn);
        mark(&mut self.dirty, conn);
    }

    /// Checks the deadlines that have passed.
    pub(crate) fn tick(&mut self, now: Moment) {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        for (key, tick) in self.wheel.turn(now) {
            let Some(conn) = self.conns.get(key as usize).filter(|conn| wheel::take(&conn.due, tick)) else { continue };
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
            schedule(&mut self.wheel, &self.limits, conn);
        }
    }

    pub(crate) fn close(&mut self, now: Moment, conn: &Rc<Conn>, close: Close) {
        let cx = Cx { now, limits: &self.limits, counters: &self.counters };
        conn.session.borrow_mut().close(&cx, close);
        self.schedule(conn);
        mark(&mut self.dirty, conn);
    }

    /// Every connection.
    pub(crate) fn conns(&self) -> Vec<Rc<Conn>> {
        self.conns.iter().map(|(_, conn)| Rc::clone(conn)).collect()
    }

    /// The connections of a user, including those that are not registered yet.
    pub(crate) fn conns_of(&self, user_id: UserId) -> Vec<Rc<Conn>> {
        self.conns.iter().filter(|(_, conn)| conn.user_id() == user_id).map(|(_, conn)| Rc::clone(conn)).collect()
    }

    /// Removes a connection and the state that only it needed.
    pub(crate) fn disconnect(&mut self, conn: &Rc<Conn>) {
        let Some(key) = conn.key.take() else { return };
        self.conns.remove(key as usize);
        if let Some(from) = self.end_loading(conn) {
            self.journal.close(from);
        }
        let Some(&slot) = self.slots.get(&conn.user_id()) else { return };
        let user = &mut self.users[slot];
        user.conns.retain(|other| !Rc::ptr_eq(other, conn));
        if user.conns.is_empty() {
            self.slots.remove(&conn.user_id());
            self.subscriptions.remove_user(slot);
            self.users.remove(slot);
        }
    }

    /// Returns some of the connections that have something to send, those first that have had it
    /// longest. The caller must wake them, and call [`woke`](Self::woke) when they have had their turn.
    pub(crate) fn take_dirty(&mut self, max: usize) -> Vec<Rc<Conn>> {
        let conns = &mut self.dirty.conns;
        let taken: Vec<_> = conns.drain(..max.min(conns.len())).collect();
        for conn in &taken {
            conn.dirty.set(false);
        }
        if conns.is_empty() {
            // Releases the memory.
            *conns = VecDeque::new();
        }
        taken
    }

    /// Lets a connection that has just got something to send leave the line. The caller wakes it now.
    pub(crate) fn leave_line(&mut self, conn: &Rc<Conn>) {
        if self.dirty.conns.back().is_some_and(|last| Rc::ptr_eq(last, conn)) {
            self.dirty.conns.pop_back();
            self.dirty.added -= 1;
            conn.dirty.set(false);
        }
    }

    /// So many more connections have had their turn.
    pub(crate) fn woke(&mut self, count: usize) {
        self.dirty.woken += count as u64;
    }

    /// Whether there are connections that have something to send and were not woken yet.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.conns.is_empty()
    }

    /// How many connections have had their turn so far.
    pub(crate) fn woken(&self) -> u64 {
        self.dirty.woken
    }

    /// How many will have had it when all have that have something to send now.
    pub(crate) fn woken_at_end(&self) -> u64 {
        self.dirty.added
    }
}

fn schedule(wheel: &mut Wheel, limits: &HubLimits, conn: &Conn) {
    if let Some(key) = conn.key.get() {
        wheel.schedule(key, &conn.due, conn.session.borrow().deadline(limits));
    }
}

fn mark(dirty: &mut Dirty, conn: &Rc<Conn>) {
    if !conn.dirty.replace(true) {
        dirty.conns.push_back(Rc::clone(conn));
        dirty.added += 1;
    }
}

/// There is memory for far fewer than 2^32 connections.
fn connection_key(key: usize) -> u32 {
    key as u32
}
