//! The session with one client, without IO: messages, events and the clock go in, frames come out.
//!
//! ```text
//! Loading ──go_live()──▶ Live ──close()──▶ Closing ──▶ the transport ends the socket
//!    └──────────────close()─────────────────▲
//! ```
//!
//! What comes out is in this order: pongs and pings, which may stand between any two messages (RFC 6455, section 5.4); the
//! opening (welcome, list or missed events, ready, what came meanwhile); then what is live; at last the close frame.

mod closing;
mod flood;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use groups_domain::{Group, GroupId, Role, View};

pub(crate) use closing::Close;
use flood::{Bucket, Verdict};

use crate::clock::Moment;
use crate::counters::Counters;
use crate::frame;
use crate::queue::FrameQueue;
use crate::{Delivery, HubLimits};
use groups_protocol::{ClientMessage, ErrorCode, GroupBody, ParseError, ServerMessage};

/// What surrounds a session: the time, and what all sessions share.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    pub(crate) now: Moment,
    pub(crate) limits: &'a HubLimits,
    pub(crate) counters: &'a Counters,
}

/// Something that came from the client.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    /// A fragment that does not end its message.
    Fragment,
    /// The client's close frame, and its code.
    Close(Option<u16>),
    Fault(Fault),
}

/// What ends a connection by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    TooLong,
    BadUtf8,
    Protocol,
}

/// What the client wants that the session alone cannot give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Typing { group_id: GroupId, typing: bool },
}

/// What the transport has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Transmit {
    /// Send this whole frame.
    Frame(Bytes),
    /// Wait to be woken.
    Wait,
    /// End the connection.
    End,
}

/// What the clock has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticked {
    Nothing,
    /// There is something to send.
    Wake,
    /// The client had its time: the socket has to be shut down.
    ShutDown,
}

/// What a client begins with, encoded as late as it can take it.
#[derive(Debug)]
pub(crate) enum Piece {
    Frame(Bytes),
    Missed(Box<Delivery>, View),
    Snapshot {
        groups: Vec<(Group, Role)>,
        more: bool,
        cursor: String,
    },
    /// Where the next piece of the list goes once it is read. What follows waits for it.
    Unread,
}

#[derive(Debug)]
enum Phase {
    Loading,
    Live,
    Closing {
        /// Our close frame, until it was sent.
        frame: Option<Bytes>,
        /// Whether the peer's close frame has come, or need not come.
        answered: bool,
        /// When the socket is shut down, whatever the peer does.
        deadline: Moment,
    },
}

/// Pongs that wait for one connection: with one more, the oldest need not be sent.
const PONGS_MAX: usize = 16;

/// The session with one client.
#[derive(Debug)]
pub(crate) struct Session {
    phase: Phase,
    /// Kept apart from the queue: one piece of the list at a time, or what was missed, and what the journal had. The rule of the
    /// replay and the journal bound it, not the queue's limits.
    opening: VecDeque<Piece>,
    queue: FrameQueue,
    /// Whether the queue may still hold what came while the client was taking its opening.
    catching_up: bool,
    /// The answers to the client's latest pings, so many at most; earlier ones need none (RFC 6455, section 5.5.3).
    pongs: FrameQueue,
    ping_due: bool,
    /// Whether a ping went out and nothing was received since.
    awaiting_life: bool,
    beat_at: Moment,
    expires_at: Moment,
    /// When the client last took a piece of its opening.
    opening_taken_at: Moment,
    bucket: Bucket,
}

impl Session {
    /// A client that came in now. `phase_shift` says how much earlier than a heartbeat from now the first ping goes out,
    /// so that the pings of clients that came in together do not stay together.
    pub(crate) fn new(cx: &Cx<'_>, expires_in: Duration, phase_shift: Duration) -> Self {
        Self {
            phase: Phase::Loading,
            opening: VecDeque::new(),
            queue: FrameQueue::default(),
            catching_up: false,
            pongs: FrameQueue::default(),
            ping_due: false,
            awaiting_life: false,
            beat_at: cx.now + cx.limits.heartbeat.saturating_sub(phase_shift),
            expires_at: cx.now + expires_in,
            opening_taken_at: cx.now,
            bucket: Bucket::full(cx),
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }

    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing { .. })
    }

    /// More than half of the queue is taken: a good moment to let the connection send.
    pub(crate) fn is_crowded(&self, limits: &HubLimits) -> bool {
        self.queue.len() * 2 > limits.queue_frames_max || self.queue.bytes() * 2 > limits.queue_bytes_max
    }

    /// The list is read: this comes first, and then whatever is live.
    pub(crate) fn go_live(&mut self, cx: &Cx<'_>, opening: VecDeque<Piece>) {
        if matches!(self.phase, Phase::Loading) {
            self.phase = Phase::Live;
            self.opening_taken_at = cx.now;
            self.opening = opening;
            self.catching_up = true;
        }
    }

    /// The next piece of the list.
    pub(crate) fn list_piece(&mut self, cx: &Cx<'_>, piece: Piece, more: bool) {
        if !self.wants_piece() {
            // It is closing.
            return;
        }
        if !more {
            self.opening.pop_front();
        }
        self.opening.push_front(piece);
        // While it was read, the client had nothing to take.
        self.opening_taken_at = cx.now;
    }

    /// Whether the client has taken all of the list that was read, and there is more.
    pub(crate) fn wants_piece(&self) -> bool {
        matches!(self.opening.front(), Some(Piece::Unread))
    }

    /// An event. Where there is no room for it, the client has to come again: it cannot be left out.
    pub(crate) fn event(&mut self, cx: &Cx<'_>, frame: Bytes) {
        if !self.is_live() {
            return;
        }
        self.catching_up &= !self.opening.is_empty() || self.is_crowded(cx.limits);
        let (frames_max, bytes_max) = if self.catching_up {
            (cx.limits.opening_queue_frames_max, cx.limits.opening_queue_bytes_max)
        } else {
            (cx.limits.queue_frames_max, cx.limits.queue_bytes_max)
        };
        let full = self.queue.len() >= frames_max || self.queue.bytes() + frame.len() > bytes_max;
        // A lone frame always has room, however long it is.
        if full && !self.queue.is_empty() {
            Counters::one(&cx.counters.overflows);
            self.close(cx, Close::slow_consumer());
            return;
        }
        Counters::one(&cx.counters.frames_queued);
        self.queue.push(frame);
    }

    /// Something that may be left out, and is where the queue is more than half full.
    pub(crate) fn ephemeral(&mut self, cx: &Cx<'_>, frame: Bytes) {
        if self.is_closing() {
            return;
        }
        if self.is_crowded(cx.limits) {
            Counters::one(&cx.counters.ephemerals_dropped);
            return;
        }
        Counters::one(&cx.counters.frames_queued);
        self.queue.push(frame);
    }

    /// Tells the client that its message had no effect.
    pub(crate) fn error(&mut self, cx: &Cx<'_>, code: ErrorCode, detail: &str) {
        self.ephemeral(cx, frame::json(&ServerMessage::Error { code, detail: detail.into() }));
    }

    /// Something came from the client.
    pub(crate) fn receive(&mut self, cx: &Cx<'_>, input: Input<'_>) -> Option<Wish> {
        self.awaiting_life = false;
        if let Phase::Closing { answered, .. } = &mut self.phase {
            // After our close frame nothing counts but the peer's.
            *answered |= matches!(input, Input::Close(_));
            return None;
        }
        Counters::one(&cx.counters.frames_received);
        match input {
            Input::Close(code) => {
                self.close(cx, Close::answer(code));
                return None;
            }
            Input::Fault(fault) => {
                self.close(cx, Close::fault(fault));
                return None;
            }
            Input::Text(_) | Input::Binary(_) | Input::Ping(_) | Input::Pong | Input::Fragment => {}
        }
        match self.bucket.take(cx) {
            Verdict::Fine => {}
            Verdict::Low => self.error(cx, ErrorCode::RateLimited, "too many messages; the connection will be closed"),
            Verdict::Empty => {
                self.close(cx, Close::flood());
                return None;
            }
        }
        match input {
            Input::Text(text) => return self.message(cx, text),
            Input::Binary(_) => self.error(cx, ErrorCode::MalformedMessage, "messages are text frames"),
            Input::Ping(payload) => {
                if self.pongs.len() == PONGS_MAX {
                    self.pongs.pop();
                }
                self.pongs.push(frame::pong(payload));
            }
            Input::Pong | Input::Fragment | Input::Close(_) | Input::Fault(_) => {}
        }
        None
    }

    fn message(&mut self, cx: &Cx<'_>, text: &str) -> Option<Wish> {
        match groups_protocol::parse(text) {
            Ok(ClientMessage::Ping) => self.ephemeral(cx, frame::json(&ServerMessage::Pong)),
            // Before the list is there, nobody can say where the user may type; typing may be dropped.
            Ok(ClientMessage::Typing { group_id, typing }) if self.is_live() => {
                return Some(Wish::Typing { group_id, typing });
            }
            Ok(ClientMessage::Typing { .. }) => {}
            Err(error @ ParseError::Malformed(_)) => self.error(cx, ErrorCode::MalformedMessage, &error.to_string()),
            Err(error @ ParseError::UnknownType(_)) => self.error(cx, ErrorCode::UnknownType, &error.to_string()),
        }
        None
    }

    /// The clock has moved.
    pub(crate) fn tick(&mut self, cx: &Cx<'_>) -> Ticked {
        if let Phase::Closing { deadline, answered, .. } = &mut self.phase {
            if cx.now < *deadline {
                return Ticked::Nothing;
            }
            // Where the socket cannot be shut down: the transport ends it, if it ever asks again.
            *answered = true;
            *deadline = cx.now + cx.limits.close_grace;
            return Ticked::ShutDown;
        }
        if cx.now >= self.expires_at {
            self.close(cx, Close::token_expired());
        } else if self.has_to_take() && cx.now >= self.opening_taken_at + cx.limits.opening_stall {
            Counters::one(&cx.counters.overflows);
            self.close(cx, Close::slow_consumer());
        } else if cx.now < self.beat_at {
            return Ticked::Nothing;
        } else if self.awaiting_life {
            self.close(cx, Close::heartbeat_missed());
        } else {
            self.awaiting_life = true;
            self.ping_due = true;
            self.beat_at = cx.now + cx.limits.heartbeat;
        }
        Ticked::Wake
    }

    /// Whether there is a piece of the opening that the client does not take.
    fn has_to_take(&self) -> bool {
        !self.opening.is_empty() && !self.wants_piece()
    }

    /// Begins the end, once. The client gets the close frame, and has until its deadline to answer it.
    pub(crate) fn close(&mut self, cx: &Cx<'_>, close: Close) {
        if self.is_closing() {
            return;
        }
        cx.counters.close(close.counted_as());
        self.pongs.clear();
        self.ping_due = false;
        // Without the rest of the opening, what is live would come too early.
        if close.drops_queue() || !self.opening.is_empty() || matches!(self.phase, Phase::Loading) {
            self.opening = VecDeque::new();
            self.queue.clear();
        }
        let deadline = if close.at_once() { cx.now } else { cx.now + cx.limits.close_grace };
        let answered = close.answered();
        self.phase = Phase::Closing { frame: Some(close.into_frame()), answered, deadline };
    }

    /// What to send next.
    pub(crate) fn transmit(&mut self, cx: &Cx<'_>) -> Transmit {
        if let Some(frame) = self.next_frame(cx) {
            Counters::one(&cx.counters.frames_sent);
            Counters::add(&cx.counters.bytes_sent, frame.len());
            return Transmit::Frame(frame);
        }
        match self.phase {
            Phase::Closing { answered: true, .. } => Transmit::End,
            Phase::Closing { .. } | Phase::Loading | Phase::Live => Transmit::Wait,
        }
    }

    fn next_frame(&mut self, cx: &Cx<'_>) -> Option<Bytes> {
        if let Some(pong) = self.pongs.pop() {
            return Some(pong);
        }
        if std::mem::take(&mut self.ping_due) {
            return Some(frame::PING);
        }
        if self.wants_piece() {
            return None;
        }
        if let Some(piece) = self.opening.pop_front() {
            if self.opening.is_empty() {
                // Give the memory back: it is needed once.
                self.opening = VecDeque::new();
            }
            self.opening_taken_at = cx.now;
            return piece.encode();
        }
        // Nothing comes before the welcome.
        if matches!(self.phase, Phase::Loading) {
            return None;
        }
        if let Some(frame) = self.queue.pop() {
            return Some(frame);
        }
        match &mut self.phase {
            Phase::Closing { frame, .. } => frame.take(),
            Phase::Loading | Phase::Live => None,
        }
    }
}

impl Piece {
    /// `None` for what is not read yet.
    fn encode(self) -> Option<Bytes> {
        Some(match self {
            Self::Frame(frame) => frame,
            Self::Missed(delivery, view) => delivery.frame(view),
            Self::Snapshot { groups, more, cursor } => {
                let groups = groups.iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect();
                frame::json(&ServerMessage::Snapshot { groups, more, cursor: cursor.as_str().into() })
            }
            Self::Unread => return None,
        })
    }
}
