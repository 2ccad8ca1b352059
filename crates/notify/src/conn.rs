//! A connection as its worker sees it: the session, its waker, and its socket. It never leaves its
//! thread.

use std::cell::{Cell, OnceCell, RefCell};
use std::num::NonZeroU64;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use groups_domain::{ReadPoint, UserId};
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

/// A connection. Small, because most are idle.
pub(crate) struct Conn {
    /// The slot of its user, with the id of the user.
    permit: ConnectionPermit,
    pub(crate) connection_id: Uuid,
    pub(crate) session: RefCell<Session>,
    /// What the read of its initial state has seen. Live deliveries that it has seen are skipped. Set
    /// when the connection goes live.
    pub(crate) seen: OnceCell<Seen>,
    /// Key in the shard's list of connections.
    pub(crate) key: Cell<Option<u32>>,
    /// The tick at which the shard checks its deadlines next.
    pub(crate) due: Cell<Option<NonZeroU64>>,
    /// Whether it is queued to be woken.
    pub(crate) dirty: Cell<bool>,
    /// The task that reads the next piece of the list when the client has taken every piece read so far.
    piece_reader: Cell<Option<Waker>>,
    /// Aborts the loading task, which then releases its permit and its read.
    pub(crate) loading: Cell<Option<AbortHandle>>,
    waker: Cell<Option<Waker>>,
    socket: Box<dyn Socket>,
    shut_down: Cell<bool>,
}

/// A [`ReadPoint`] in less memory.
#[derive(Debug)]
pub(crate) struct Seen {
    below: u64,
    except: Box<[u64]>,
}

impl Seen {
    /// Whether the read has seen this commit.
    pub(crate) fn sees(&self, commit: u64) -> bool {
        commit < self.below && !self.except.contains(&commit)
    }
}

impl From<ReadPoint> for Seen {
    fn from(ReadPoint { below, except }: ReadPoint) -> Self {
        Self { below, except: except.into() }
    }
}

impl Conn {
    pub(crate) fn new(
        connection_id: Uuid,
        session: Session,
        permit: ConnectionPermit,
        socket: Box<dyn Socket>,
    ) -> Rc<Self> {
        Rc::new(Self {
            permit,
            connection_id,
            session: RefCell::new(session),
            seen: OnceCell::new(),
            key: Cell::new(None),
            due: Cell::new(None),
            dirty: Cell::new(false),
            piece_reader: Cell::new(None),
            loading: Cell::new(None),
            waker: Cell::new(None),
            socket,
            shut_down: Cell::new(false),
        })
    }

    pub(crate) fn user_id(&self) -> UserId {
        self.permit.user_id()
    }

    /// Ready when the client has taken every piece of its list that was read so far. `false`: the
    /// connection is closing.
    pub(crate) fn poll_piece_wanted(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let session = self.session.borrow();
        if session.is_closing() {
            return Poll::Ready(false);
        }
        if session.wants_piece() {
            return Poll::Ready(true);
        }
        self.piece_reader.set(Some(cx.waker().clone()));
        Poll::Pending
    }

    /// Wakes the task that waits for [`poll_piece_wanted`](Self::poll_piece_wanted), if it is ready.
    pub(crate) fn wake_piece_reader(&self) {
        if self.session.borrow().wants_piece()
            && let Some(reader) = self.piece_reader.take()
        {
            reader.wake();
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_read_point_in_less_memory_has_seen_the_same(
            below in 0..20u64,
            except in proptest::collection::vec(0..20u64, 0..5),
        ) {
            let point = ReadPoint { below, except };
            let seen = Seen::from(point.clone());
            for commit in 0..25 {
                prop_assert_eq!(seen.sees(commit), point.sees(commit), "{} in {:?}", commit, &point);
            }
        }
    }
}
