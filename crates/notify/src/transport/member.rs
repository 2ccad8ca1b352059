//! A client of the hub.

use std::rc::Rc;
use std::task::Waker;

use super::peer::Peer;
use crate::conn::Conn;
use crate::queue::FrameQueue;
use crate::session::{After, BatchMax, Input, Transmit};
use crate::worker::Worker;

/// A client of the hub.
pub(super) struct Member {
    pub(super) worker: Rc<Worker>,
    pub(super) conn: Rc<Conn>,
}

impl Peer for Member {
    fn receive(&mut self, input: Input<'_>) {
        self.worker.receive(&self.conn, input);
    }

    fn transmit(&mut self) -> Transmit {
        self.worker.transmit(&self.conn)
    }

    fn transmit_batch(&mut self, batch: &mut FrameQueue, max: BatchMax) -> After {
        self.worker.transmit_batch(&self.conn, batch, max)
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.conn.set_waker(waker);
    }

    fn is_shut_down(&self) -> bool {
        self.conn.is_shut_down()
    }
}

impl Drop for Member {
    /// The body is dropped before the socket, so the descriptor has not been reused by another
    /// connection yet.
    fn drop(&mut self) {
        self.worker.disconnect(&self.conn);
    }
}
