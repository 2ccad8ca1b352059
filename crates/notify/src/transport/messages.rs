//! The messages of a session, for transports that are no WebSockets.

use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use groups_domain::UserId;

use super::member::Member;
use super::peer::Peer as _;
use crate::frame::{self, Decoded};
use crate::session::{Input, Transmit};

/// What a session says next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A message in JSON.
    Message(Bytes),
    /// The connection is alive.
    Heartbeat,
    /// Nothing follows.
    Close {
        /// See [`CloseCode`](groups_protocol::CloseCode).
        code: Option<u16>,
        /// As in the close frame, UTF-8.
        reason: Bytes,
    },
}

/// A session whose client only listens.
pub(super) struct Messages {
    member: Member,
    ended: bool,
}

impl Messages {
    pub(super) fn of(member: Member) -> Self {
        Self { member, ended: false }
    }

    /// Whose session it is.
    pub(super) fn user_id(&self) -> UserId {
        self.member.conn.user_id()
    }

    /// What the session says next; `None` if there is nothing now, or if it [has
    /// ended](Self::has_ended).
    pub(super) fn next(&mut self) -> Option<Said> {
        while !self.ended {
            let frame = match self.member.transmit() {
                Transmit::Frame(frame) => frame,
                Transmit::Wait => return None,
                Transmit::End => break,
            };
            match frame::decode(&frame) {
                Decoded::Message(json) => return Some(Said::Message(json)),
                Decoded::Ping => {
                    // The client cannot answer. If it takes nothing more, its queue overflows, or
                    // TCP gives it up.
                    self.member.receive(Input::Pong);
                    return Some(Said::Heartbeat);
                }
                Decoded::Close { code, reason } => {
                    self.ended = true;
                    return Some(Said::Close { code, reason });
                }
                Decoded::Other => {}
            }
        }
        self.ended = true;
        None
    }

    /// Waits for what the session says next; `None` at the end.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Said>> {
        if self.is_shut_down() {
            return Poll::Ready(None);
        }
        match self.next() {
            None if !self.ended => {
                self.set_waker(cx.waker());
                Poll::Pending
            }
            said => Poll::Ready(said),
        }
    }

    /// Whether nothing follows.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn set_waker(&mut self, waker: &Waker) {
        self.member.set_waker(waker);
    }

    /// Whether the connection must end without sending anything more.
    pub(super) fn is_shut_down(&self) -> bool {
        self.member.is_shut_down()
    }
}
