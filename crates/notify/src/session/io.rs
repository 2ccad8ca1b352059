//! What goes into a session, and what comes out.

use bytes::Bytes;
use groups_domain::GroupId;

use super::closing::ProtocolError;
use crate::queue::FrameQueue;

/// Input from the client.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    /// A fragment that does not complete its message.
    Fragment,
    /// The client's close frame, with its code.
    Close(Option<u16>),
    ProtocolError(ProtocolError),
}

/// A client request that needs more than the session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ClientAction {
    Typing {
        group_id: GroupId,
        typing: bool,
    },
    /// Check this token, and then call [`Session::renewed`].
    Authenticate {
        token: String,
    },
}

/// What the transport must do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Transmit {
    /// Send this complete frame.
    Frame(Bytes),
    /// Wait to be woken.
    Wait,
    /// Close the connection.
    End,
}

/// How much to send together. The frame that reaches the bytes is the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchMax {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

impl BatchMax {
    /// Moves frames into an empty batch, as many as fit.
    pub(crate) fn fill(self, batch: &mut FrameQueue, mut transmit: impl FnMut() -> Transmit) -> After {
        while batch.len() < self.frames && batch.bytes() < self.bytes {
            match transmit() {
                Transmit::Frame(frame) => batch.push(frame),
                Transmit::Wait => return After::Wait,
                Transmit::End => return After::End,
            }
        }
        After::More
    }
}

/// What comes after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// There may be more to send.
    More,
    /// Wait to be woken.
    Wait,
    /// Close the connection.
    End,
}

/// Result of a clock tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticked {
    Nothing,
    /// There is something to send.
    Wake,
    /// The close deadline has passed: shut down the socket.
    ShutDown,
}
