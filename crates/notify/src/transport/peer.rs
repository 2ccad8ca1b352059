//! The application side of a connection.

use std::task::Waker;

use crate::queue::FrameQueue;
use crate::session::{After, BatchMax, Input, Transmit};

/// The application side of a connection.
pub(super) trait Peer {
    fn receive(&mut self, input: Input<'_>);
    fn transmit(&mut self) -> Transmit;

    /// Moves what to send next into an empty batch.
    fn transmit_batch(&mut self, batch: &mut FrameQueue, max: BatchMax) -> After {
        max.fill(batch, || self.transmit())
    }

    fn set_waker(&mut self, waker: &Waker);
    /// Whether the connection must end without sending anything more.
    fn is_shut_down(&self) -> bool;
}
