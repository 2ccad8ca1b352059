//! A simulated client: does what docs/delivery.md requires, and checks everything that it receives.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use groups_domain::{
    Folded, Group, GroupId, Pending, PendingKind, ReadPoint, Role, Sidebar, SidebarRow, UserId, Version,
};
use groups_protocol::{EventBody, pending_bodies};
use serde::Deserialize;

use super::store::{Read, Store};
use super::*;

/// Maximum number of frames in flight to a client. Beyond it the server waits.
pub(super) const INFLIGHT_MAX: usize = 4;

/// The state that a client keeps while it is disconnected.
#[derive(Clone)]
pub(super) struct View {
    pub(super) sidebar: Sidebar,
    cursor: Option<String>,
    /// The read point of the list that it started with.
    base: ReadPoint,
    /// The log rows that it has received since.
    told: BTreeSet<u64>,
}

/// The server's progress with a connection.
pub(super) enum Loading {
    Connected,
    Registered,
    Read(Option<Box<Read>>),
    List(UnreadList),
    Done,
}

/// A read point, and the list at that point.
type Truth = (ReadPoint, Vec<(Group, Role)>, Vec<Pending>);

/// A connection, as the client sees it.
pub(super) struct Connection {
    pub(super) server: usize,
    pub(super) worker: usize,
    pub(super) conn: Rc<Conn>,
    pub(super) shut_down: Rc<Cell<bool>>,
    /// The cursor it resumes from.
    pub(super) cursor: Option<String>,
    pub(super) loading: Loading,
    /// The expected read point and list, once they are known.
    pub(super) truth: Option<Truth>,
    pub(super) inflight: VecDeque<Bytes>,
    /// Whether the server's end is closed. Frames in flight may still arrive.
    pub(super) ended: bool,
    resumed: Option<bool>,
    listed: Vec<(Group, Role)>,
    pub(super) ready: bool,
}

/// The client's reaction to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    None,
    /// Answer the ping.
    Pong,
    /// Answer the close frame with its code, and reconnect.
    Closed(u16),
    /// Reconnect without a cursor.
    StartOver,
}

/// Counts what happened, so that a simulation that never exercises a case fails.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ClientStats {
    pub(super) snapshots: u64,
    pub(super) resumes: u64,
    pub(super) events: u64,
    pub(super) plain_events: u64,
    pub(super) repeats: u64,
    pub(super) pings: u64,
}

pub(super) struct Client {
    pub(super) user_id: UserId,
    pub(super) connection: Option<Connection>,
    /// Disconnected or not reading until this time.
    pub(super) idle_until: u64,
    pub(super) view: Option<View>,
    /// An earlier view, which a browser may restore.
    pub(super) saved: Option<View>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default)]
    resumed: bool,
    #[serde(default)]
    more: bool,
    cursor: Option<&'a str>,
    group_id: Option<GroupId>,
    version: Option<u64>,
}

impl Connection {
    pub(super) fn new(
        server: usize,
        worker: usize,
        conn: Rc<Conn>,
        shut_down: Rc<Cell<bool>>,
        cursor: Option<String>,
    ) -> Self {
        Self {
            server,
            worker,
            conn,
            shut_down,
            cursor,
            loading: Loading::Connected,
            truth: None,
            inflight: VecDeque::new(),
            ended: false,
            resumed: None,
            listed: Vec::new(),
            ready: false,
        }
    }
}

impl Client {
    pub(super) fn new(user_id: UserId) -> Self {
        Self { user_id, connection: None, idle_until: 0, view: None, saved: None }
    }

    pub(super) fn cursor(&self) -> Option<String> {
        self.view.as_ref()?.cursor.clone()
    }

    /// Receives a frame and checks it against the guarantee.
    pub(super) fn receive(&mut self, store: &Store, stats: &mut ClientStats) -> Reaction {
        let Some(connection) = &mut self.connection else { return Reaction::None };
        let Some(frame) = connection.inflight.pop_front() else { return Reaction::None };
        match frame[0] {
            0x81 => {}
            0x88 => return Reaction::Closed(u16::from_be_bytes([frame[2], frame[3]])),
            0x89 => {
                stats.pings += 1;
                return Reaction::Pong;
            }
            opcode => panic!("a server sends no such frame: {opcode:#x}"),
        }
        // The header's length (RFC 6455, section 5.2).
        let start = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        let message: Message<'_> = serde_json::from_slice(&frame[start..]).unwrap();
        match message.kind {
            "welcome" => {
                assert_eq!(connection.resumed, None, "welcome comes once");
                assert!(!message.resumed || self.view.is_some(), "nothing to resume from");
                connection.resumed = Some(message.resumed);
                stats.resumes += u64::from(message.resumed);
            }
            "snapshot" => {
                assert_eq!((connection.resumed, connection.ready), (Some(false), false), "a list comes after welcome");
                self.snapshot(&frame, message.more, message.cursor.unwrap(), stats);
            }
            "ready" => {
                assert!(connection.resumed.is_some() && !connection.ready, "ready comes once, after welcome");
                connection.ready = true;
                let view = self.view.as_mut().expect("a list comes before ready");
                view.cursor = message.cursor.map(str::to_owned);
                self.check_at_ready();
            }
            "token_expiring" => assert!(connection.ready, "a client is told after ready"),
            _ => return self.event(store, &frame, &message, stats),
        }
        Reaction::None
    }

    /// Checks a piece of the list: exactly the next groups of the list at the read point.
    fn snapshot(&mut self, frame: &Bytes, more: bool, cursor: &str, stats: &mut ClientStats) {
        let Some(connection) = &mut self.connection else { return };
        let (seen, list, pending) = connection.truth.as_ref().expect("it was read");
        let rest = &list[connection.listed.len()..];
        let count = rest.len().min(SNAPSHOT_GROUPS_MAX);
        let (invitations, requests) = pending_bodies(pending);
        let groups = rest[..count].iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect();
        assert_eq!(
            *frame,
            frame::json(&ServerMessage::Snapshot {
                groups,
                invitations: (!more).then_some(invitations),
                requests: (!more).then_some(requests),
                more,
                cursor: cursor.into()
            }),
            "a piece of the list"
        );
        assert_eq!(more, rest.len() > count, "whether another piece follows");
        assert!(!more || cursor == "0", "a client could resume without the rest of its list");
        connection.listed.extend_from_slice(&rest[..count]);
        if !more {
            let rows = connection.listed.drain(..).map(|(group, role)| SidebarRow { group, role });
            self.view = Some(View {
                sidebar: Sidebar::with_pending(rows, pending.iter().cloned()),
                cursor: Some(cursor.to_owned()),
                base: seen.clone(),
                told: BTreeSet::new(),
            });
            stats.snapshots += 1;
        }
    }

    /// Checks that the list at `ready` is the one that was read.
    fn check_at_ready(&self) {
        let (Some(connection), Some(view)) = (&self.connection, &self.view) else { return };
        let (_, list, pending) = connection.truth.as_ref().expect("it was read");
        let shown: Vec<_> = view.sidebar.rows().rev_pairs();
        assert!(shown == *list, "the list at ready is not the list that was read");
        assert_eq!(view.pending(), without_previews(pending), "invitations and requests at ready");
    }

    /// Checks an event: a change that concerns the user, in the user's view, the next version of
    /// its group, and not known yet.
    fn event(&mut self, store: &Store, frame: &Bytes, message: &Message<'_>, stats: &mut ClientStats) -> Reaction {
        let (Some(connection), Some(view)) = (&self.connection, &mut self.view) else {
            panic!("an event before the list");
        };
        assert!(connection.resumed == Some(true) || connection.ready, "an event before the list");
        let (group_id, version) = (message.group_id.unwrap(), message.version.unwrap());
        let row = store.row(group_id, version).expect("an event is of a committed change");
        let event = row.told.get(&self.user_id).expect("an event of a foreign group");
        let cursor = message.cursor.unwrap();
        let is_expected = *frame == frame::json(&EventBody::new(event, cursor));
        // Those who are no longer in the group are told of what they missed as plain members.
        let plain = row.change.event(groups_domain::View::Other);
        let is_plain = *frame == frame::json(&EventBody::new(&plain, cursor));
        let may_be_plain = !connection.ready && store.leaves_after(row, self.user_id);
        assert!(is_expected || is_plain && may_be_plain, "everybody gets their own view");
        stats.plain_events += u64::from(!is_expected);

        stats.events += 1;
        let (seen, live) = (connection.truth.as_ref().expect("it was read"), connection.ready);
        assert_eq!(seen.0.sees(row.commit), !live, "missed events come before ready, later ones after it");
        let in_list = view.base.sees(row.commit);
        let known = in_list || view.told.contains(&row.seq);
        let folded = view.sidebar.fold(event);
        if known {
            assert!(!live, "an event is told twice");
            stats.repeats += 1;
            // The client remembers nothing about a group that it left before the list was read.
            assert!(in_list || folded == Folded::Stale, "a repeated event changes something");
            if folded == Folded::Gap {
                return Reaction::StartOver;
            }
        } else {
            assert_eq!(folded, Folded::Applied, "{} misses an event before version {version}", self.user_id);
            view.told.insert(row.seq);
        }
        view.cursor = Some(cursor.to_owned());
        Reaction::None
    }

    /// Whether the client is ready and has received everything that was committed.
    pub(super) fn is_settled(&self, store: &Store) -> bool {
        let (Some(connection), Some(view)) = (&self.connection, &self.view) else { return false };
        connection.ready
            && !connection.ended
            && connection.inflight.is_empty()
            && view.sidebar.rows().rev_pairs() == store.list(self.user_id)
            && view.pending() == without_previews(&store.pending(self.user_id))
            && self.expected(store, view) == view.told
    }

    fn expected(&self, store: &Store, view: &View) -> BTreeSet<u64> {
        let rows = store.rows().filter(|row| !view.base.sees(row.commit) && row.told.contains_key(&self.user_id));
        rows.map(|row| row.seq).collect()
    }

    /// Describes why the client is not settled.
    pub(super) fn describe(&self, store: &Store) -> String {
        let Some(view) = &self.view else { return format!("{} never got a list", self.user_id) };
        let connection = self.connection.as_ref().map(|connection| (connection.ready, connection.inflight.len()));
        let expected = self.expected(store, view);
        let missing: Vec<_> = expected.difference(&view.told).collect();
        let foreign: Vec<_> = view.told.difference(&expected).collect();
        format!("{}: connection {connection:?}, rows missing {missing:?}, rows too many {foreign:?}", self.user_id)
    }

    /// Everything so far was received and checked. Only later changes matter from now on.
    pub(super) fn settle(&mut self, store: &Store) {
        self.saved = None;
        if let Some(view) = &mut self.view {
            view.base = store.read_point();
            view.told.clear();
        }
    }
}

impl View {
    /// The invitations and requests to join, newest group first.
    fn pending(&self) -> Vec<(GroupId, Version, PendingKind)> {
        let mut all = without_previews(self.sidebar.pending());
        all.reverse();
        all
    }
}

/// A preview shows the group as it was when it was read or told.
fn without_previews<'a>(pending: impl IntoIterator<Item = &'a Pending>) -> Vec<(GroupId, Version, PendingKind)> {
    pending.into_iter().map(|pending| (pending.group.group_id, pending.version, pending.kind.clone())).collect()
}

trait RevPairs {
    fn rev_pairs(self) -> Vec<(Group, Role)>;
}

impl<'a, I: Iterator<Item = &'a SidebarRow>> RevPairs for I {
    /// Newest group first, like lists.
    fn rev_pairs(self) -> Vec<(Group, Role)> {
        let mut rows: Vec<_> = self.map(|row| (row.group.clone(), row.role)).collect();
        rows.reverse();
        rows
    }
}
