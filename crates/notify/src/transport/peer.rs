//! The application side of a connection.

use std::task::Waker;

use crate::session::{Input, Transmit};

/// The application side of a connection.
pub(super) trait Peer {
    fn receive(&mut self, input: Input<'_>);
    fn transmit(&mut self) -> Transmit;
    fn set_waker(&mut self, waker: &Waker);
    /// Whether the connection must end without sending anything more.
    fn is_shut_down(&self) -> bool;
}
