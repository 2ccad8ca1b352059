//! One connection as its worker holds it: the session, whom to wake, and how to end it. It never leaves its thread.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use groups_domain::UserId;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::ReadPoint;
use crate::hub::Place;
use crate::session::Session;

/// What the transport lends the core.
pub(crate) trait Socket {
    /// Ends the connection in both directions, whatever is still to be sent. `false` where that cannot be done.
    fn shut_down(&self) -> bool;
}

/// One connection.
pub(crate) struct Conn {
    pub(crate) user_id: UserId,
    pub(crate) connection_id: Uuid,
    pub(crate) session: RefCell<Session>,
    /// What the read that its list came from has seen; live deliveries of it are passed over. Set when it goes live.
    pub(crate) seen: OnceCell<ReadPoint>,
    /// Its place among the shard's connections.
    pub(crate) key: Cell<Option<usize>>,
    /// Where the journal begins for it, while it loads.
    pub(crate) loading_from: Cell<Option<u64>>,
    /// Whether it is among those to be woken.
    pub(crate) dirty: Cell<bool>,
    /// Told when the client has taken what was read of its list.
    pub(crate) piece_wanted: Notify,
    /// Ends the task that loads, which then gives up its turn and its read.
    pub(crate) loading: Cell<Option<AbortHandle>>,
    waker: Cell<Option<Waker>>,
    socket: Box<dyn Socket>,
    /// Counts it among its user's connections, as long as it lives. Without one it was refused.
    _place: Option<Place>,
}

impl Conn {
    pub(crate) fn new(
        user_id: UserId,
        connection_id: Uuid,
        session: Session,
        place: Option<Place>,
        socket: Box<dyn Socket>,
    ) -> Rc<Self> {
        Rc::new(Self {
            user_id,
            connection_id,
            session: RefCell::new(session),
            seen: OnceCell::new(),
            key: Cell::new(None),
            loading_from: Cell::new(None),
            dirty: Cell::new(false),
            piece_wanted: Notify::new(),
            loading: Cell::new(None),
            waker: Cell::new(None),
            socket,
            _place: place,
        })
    }

    /// Has the transport ask again what to do. A second call before it does costs nothing.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Whom to wake from now on.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        match self.waker.take() {
            Some(known) if known.will_wake(waker) => self.waker.set(Some(known)),
            _ => self.waker.set(Some(waker.clone())),
        }
    }

    pub(crate) fn shut_down(&self) -> bool {
        let done = self.socket.shut_down();
        // Where the socket cannot be reached, the transport is asked at least, in case that it can still be.
        self.wake();
        done
    }
}
