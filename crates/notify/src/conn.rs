//! A connection as its worker sees it: the session, its waker, and its socket. It never leaves its
//! thread.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use groups_domain::{ReadPoint, UserId};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::hub::ConnectionPermit;
use crate::session::Session;

/// What the core needs from the transport.
pub(crate) trait Socket {
    /// Shuts down the connection in both directions, dropping unsent data. Returns `false` if that
    /// is impossible.
    fn shut_down(&self) -> bool;
}

/// A WebSocket connection.
pub(crate) struct Conn {
    pub(crate) user_id: UserId,
    pub(crate) connection_id: Uuid,
    pub(crate) session: RefCell<Session>,
    /// The read point of its initial state. Live deliveries that it has seen are skipped. Set when
    /// the connection goes live.
    pub(crate) seen: OnceCell<ReadPoint>,
    /// Key in the shard's list of connections.
    pub(crate) key: Cell<Option<usize>>,
    /// The tick at which the shard checks its deadlines next.
    pub(crate) due: Cell<Option<u64>>,
    /// Start of its part of the journal, while it loads.
    pub(crate) loading_from: Cell<Option<u64>>,
    /// Whether it is queued to be woken.
    pub(crate) dirty: Cell<bool>,
    /// Notified when the client has taken the last piece of its list.
    pub(crate) piece_wanted: Notify,
    /// Aborts the loading task, which then releases its permit and its read.
    pub(crate) loading: Cell<Option<AbortHandle>>,
    waker: Cell<Option<Waker>>,
    socket: Box<dyn Socket>,
    shut_down: Cell<bool>,
    /// Counts against the user's connection limit while it exists. `None` if the connection was
    /// over the limit.
    _place: Option<ConnectionPermit>,
}

impl Conn {
    pub(crate) fn new(
        user_id: UserId,
        connection_id: Uuid,
        session: Session,
        place: Option<ConnectionPermit>,
        socket: Box<dyn Socket>,
    ) -> Rc<Self> {
        Rc::new(Self {
            user_id,
            connection_id,
            session: RefCell::new(session),
            seen: OnceCell::new(),
            key: Cell::new(None),
            due: Cell::new(None),
            loading_from: Cell::new(None),
            dirty: Cell::new(false),
            piece_wanted: Notify::new(),
            loading: Cell::new(None),
            waker: Cell::new(None),
            socket,
            shut_down: Cell::new(false),
            _place: place,
        })
    }

    /// Wakes the transport, so that it polls for output. Repeated calls before it does are free.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Sets the waker of the transport.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        match self.waker.take() {
            Some(known) if known.will_wake(waker) => self.waker.set(Some(known)),
            _ => self.waker.set(Some(waker.clone())),
        }
    }

    /// Whether the transport must end the connection without sending anything more.
    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.get()
    }

    pub(crate) fn shut_down(&self) -> bool {
        self.shut_down.set(true);
        let done = self.socket.shut_down();
        // If the socket cannot be shut down, at least wake the transport, in case it still makes
        // progress.
        self.wake();
        done
    }
}
