//! One type for every kind of peer, so that the transports need not be generic.

use std::task::Waker;

use super::echo::Echo;
use super::event_stream::EventStream;
use super::member::Member;
use super::peer::Peer;
use crate::queue::FrameQueue;
use crate::session::{After, BatchMax, Input, Transmit};

/// Every kind of peer.
pub(super) enum AnyPeer {
    Member(Member),
    Echo(Box<Echo>),
    EventStream(Box<EventStream>),
}

impl AnyPeer {
    /// Whether the client sends WebSocket frames. Otherwise, its bytes are discarded.
    pub(super) fn sends_frames(&self) -> bool {
        !matches!(self, Self::EventStream(_))
    }
}

impl Peer for AnyPeer {
    fn receive(&mut self, input: Input<'_>) {
        match self {
            Self::Member(member) => member.receive(input),
            Self::Echo(echo) => echo.receive(input),
            Self::EventStream(events) => events.receive(input),
        }
    }

    fn transmit(&mut self) -> Transmit {
        match self {
            Self::Member(member) => member.transmit(),
            Self::Echo(echo) => echo.transmit(),
            Self::EventStream(events) => events.transmit(),
        }
    }

    fn transmit_batch(&mut self, batch: &mut FrameQueue, max: BatchMax) -> After {
        match self {
            Self::Member(member) => member.transmit_batch(batch, max),
            Self::Echo(echo) => echo.transmit_batch(batch, max),
            Self::EventStream(events) => events.transmit_batch(batch, max),
        }
    }

    fn set_waker(&mut self, waker: &Waker) {
        match self {
            Self::Member(member) => member.set_waker(waker),
            Self::Echo(echo) => echo.set_waker(waker),
            Self::EventStream(events) => events.set_waker(waker),
        }
    }

    fn is_shut_down(&self) -> bool {
        match self {
            Self::Member(member) => member.is_shut_down(),
            Self::Echo(echo) => echo.is_shut_down(),
            Self::EventStream(events) => events.is_shut_down(),
        }
    }
}
