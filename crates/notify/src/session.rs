//! The session with one client, without I/O: messages, events and the time go in, frames come out.
//!
//! ```text
//! Loading ──go_live()──▶ Live ──close()──▶ Closing ──▶ the transport ends the socket
//!    └──────────────close()─────────────────▲
//! ```
//!
//! Output order: pongs and pings, which may be sent between any two messages (RFC 6455, section
//! 5.4); the opening (welcome, list or missed events, ready, changes during loading); live events;
//! finally the close frame.

mod closing;
mod context;
mod flood;
mod io;
mod lease;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use groups_domain::{Pending, UserId, View};
use groups_protocol::{ClientMessage, ErrorCode, GroupTexts, ParseError, ServerMessage, snapshot_text};

pub(crate) use closing::{Close, ProtocolError};
pub(crate) use context::Cx;
use flood::{Bucket, Verdict};
pub(crate) use io::{After, BatchMax, ClientAction, Input, Ticked, Transmit};
use lease::Lease;

use crate::clock::Moment;
use crate::counters::Counters;
use crate::frame;
use crate::queue::FrameQueue;
use crate::{Delivery, Grant, HubLimits, NotRenewed, Renewal};

/// A piece of the initial state. Frames are encoded as late as possible.
#[derive(Debug)]
pub(crate) enum Piece {
    Frame(Bytes),
    Missed(Arc<Delivery>, View),
    Snapshot {
        groups: GroupTexts,
        pending: Vec<Pending>,
        more: bool,
        cursor: String,
    },
    /// Placeholder for a list piece that is not read yet. Everything behind it waits.
    Unread,
}

#[derive(Debug)]
enum Phase {
    Loading,
    Live,
    /// Boxed, because an idle connection should be small.
    Closing(Box<Closing>),
}

#[derive(Debug)]
struct Closing {
    /// Our close frame, until it is sent.
    frame: Option<Bytes>,
    /// Whether the peer's close frame has arrived or is not needed.
    answered: bool,
    /// When the socket is shut down in any case.
    deadline: Moment,
}

/// Maximum number of queued pongs. Beyond it, the oldest is dropped.
const PONGS_MAX: usize = 16;

/// A session with one client.
#[derive(Debug)]
pub(crate) struct Session {
    phase: Phase,
    /// Until the client has taken it.
    opening: Option<Box<Opening>>,
    queue: FrameQueue,
    /// Whether the queue may still contain events from while the client was taking its opening.
    catching_up: bool,
    /// Answers to the latest pings, if any. Earlier pings need no answer (RFC 6455, section 5.5.3).
    pongs: Option<Box<FrameQueue>>,
    ping_due: bool,
    /// Whether a ping was sent and nothing has been received since.
    awaiting_life: bool,
    beat_at: Moment,
    lease: Lease,
    bucket: Bucket,
}

/// What comes before live events, never empty. Separate from the queue: one list piece at a time, or
/// the missed events, followed by the journal. It is bounded by the replay rule and the journal, not
/// by the limits of the queue.
#[derive(Debug)]
struct Opening {
    pieces: VecDeque<Piece>,
    /// When the client last took a piece.
    taken_at: Moment,
}

impl Session {
    /// Creates a session for a new client. The first ping is sent `phase_shift` earlier than one
    /// heartbeat from now, which spreads the pings of clients that connect at the same time.
    pub(crate) fn new(cx: &Cx<'_>, grant: Grant, phase_shift: Duration) -> Self {
        Self {
            phase: Phase::Loading,
            opening: None,
            queue: FrameQueue::default(),
            catching_up: false,
            pongs: None,
            ping_due: false,
            awaiting_life: false,
            beat_at: cx.now + cx.limits.heartbeat.saturating_sub(phase_shift),
            lease: Lease::new(cx, grant),
            bucket: Bucket::full(cx),
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }

    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing(_))
    }

    /// Whether the queue is more than half full, so that the connection should send now.
    pub(crate) fn is_crowded(&self, limits: &HubLimits) -> bool {
        self.queue.len() * 2 > limits.queue_frames_max || self.queue.bytes() * 2 > limits.queue_bytes_max
    }

    /// Starts live delivery: sends the opening, followed by live events.
    pub(crate) fn go_live(&mut self, cx: &Cx<'_>, pieces: VecDeque<Piece>) {
        if matches!(self.phase, Phase::Loading) {
            self.phase = Phase::Live;
            self.opening = (!pieces.is_empty()).then(|| Box::new(Opening { pieces, taken_at: cx.now }));
            self.catching_up = true;
            self.lease.warn(cx.now);
        }
    }

    /// Adds the next piece of the list.
    pub(crate) fn list_piece(&mut self, cx: &Cx<'_>, piece: Piece, more: bool) {
        let Some(opening) = self.opening.as_mut().filter(|opening| opening.is_next_unread()) else {
            // The connection is closing.
            return;
        };
        if !more {
            opening.pieces.pop_front();
        }
        opening.pieces.push_front(piece);
        // The client had nothing to take while the piece was read.
        opening.taken_at = cx.now;
    }

    /// Whether the client has taken all pieces read so far, and more follow.
    pub(crate) fn wants_piece(&self) -> bool {
        self.opening.as_ref().is_some_and(|opening| opening.is_next_unread())
    }

    /// Queues an event. Events cannot be dropped, so if the queue is full, the connection is closed
    /// and the client has to resume.
    pub(crate) fn event(&mut self, cx: &Cx<'_>, frame: Bytes) {
        if !self.is_live() {
            return;
        }
        self.catching_up &= self.opening.is_some() || self.is_crowded(cx.limits);
        let (frames_max, bytes_max) = if self.catching_up {
            (cx.limits.opening_queue_frames_max, cx.limits.opening_queue_bytes_max)
        } else {
            (cx.limits.queue_frames_max, cx.limits.queue_bytes_max)
        };
        let full = self.queue.len() >= frames_max || self.queue.bytes() + frame.len() > bytes_max;
        // A frame of any size fits into an empty queue.
        if full && !self.queue.is_empty() {
            Counters::one(&cx.counters.overflows);
            self.close(cx, Close::slow_consumer());
            return;
        }
        self.enqueue(cx, frame);
    }

    /// Queues a message that may be dropped; it is if the queue is more than half full.
    pub(crate) fn ephemeral(&mut self, cx: &Cx<'_>, frame: Bytes) {
        if self.is_closing() {
            return;
        }
        if self.is_crowded(cx.limits) {
            Counters::one(&cx.counters.ephemerals_dropped);
            return;
        }
        self.enqueue(cx, frame);
    }

    /// Tells the client that its message was ignored.
    pub(crate) fn error(&mut self, cx: &Cx<'_>, code: ErrorCode, detail: &str) {
        self.ephemeral(cx, frame::json(&ServerMessage::Error { code, detail: detail.into() }));
    }

    /// Handles input from the client.
    pub(crate) fn receive(&mut self, cx: &Cx<'_>, input: Input<'_>) -> Option<ClientAction> {
        self.awaiting_life = false;
        if let Phase::Closing(closing) = &mut self.phase {
            // After our close frame, only the peer's close frame matters.
            closing.answered |= matches!(input, Input::Close(_));
            return None;
        }
        Counters::one(&cx.counters.frames_received);
        match input {
            Input::Close(code) => {
                self.close(cx, Close::answer(code));
                return None;
            }
            Input::ProtocolError(fault) => {
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
                let pongs = self.pongs.get_or_insert_default();
                if pongs.len() == PONGS_MAX {
                    pongs.pop();
                }
                pongs.push(frame::pong(payload));
            }
            Input::Pong | Input::Fragment | Input::Close(_) | Input::ProtocolError(_) => {}
        }
        None
    }

    fn message(&mut self, cx: &Cx<'_>, text: &str) -> Option<ClientAction> {
        match groups_protocol::parse(text) {
            Ok(ClientMessage::Ping) => self.ephemeral(cx, frame::json(&ServerMessage::Pong)),
            Ok(ClientMessage::Authenticate { token }) => {
                if self.lease.begin_renewal() {
                    return Some(ClientAction::Authenticate { token });
                }
                self.error(cx, ErrorCode::RateLimited, "a token is already being checked; wait for the answer");
            }
            Ok(ClientMessage::Typing { .. }) if self.lease.is_read_only() => {
                self.error(cx, ErrorCode::Forbidden, "this token only allows reading (`groups:read`)");
            }
            // The user's groups are not known before the list is loaded. Typing may be dropped.
            Ok(ClientMessage::Typing { group_id, typing }) if self.is_live() => {
                return Some(ClientAction::Typing { group_id, typing });
            }
            Ok(ClientMessage::Typing { .. }) => {}
            Err(error @ ParseError::Malformed(_)) => self.error(cx, ErrorCode::MalformedMessage, &error.to_string()),
            Err(error @ ParseError::UnknownType(_)) => self.error(cx, ErrorCode::UnknownType, &error.to_string()),
        }
        None
    }

    /// Takes the result of checking a token. An invalid one changes nothing: the earlier token stays in
    /// force.
    pub(crate) fn renewed(&mut self, cx: &Cx<'_>, user_id: UserId, checked: Result<Renewal, NotRenewed>) {
        self.lease.end_renewal();
        if self.is_closing() {
            return;
        }
        match checked {
            Ok(renewal) if renewal.user_id != user_id => self.close(cx, Close::other_user()),
            Ok(Renewal { grant, .. }) => {
                self.lease = Lease::new(cx, grant);
                let expires_at = grant.expires_at.to_string();
                self.ephemeral(cx, frame::json(&ServerMessage::Authenticated { expires_at: expires_at.into() }));
                // If it expires soon as well, the next tick says so: after the answer.
            }
            Err(NotRenewed { code, detail }) => self.error(cx, code, &detail),
        }
    }

    /// The next deadline. It may move without notice to a later time; to an earlier time only in
    /// [`go_live`](Self::go_live), [`list_piece`](Self::list_piece), [`renewed`](Self::renewed), and when
    /// the connection is closed.
    pub(crate) fn deadline(&self, limits: &HubLimits) -> Moment {
        if let Phase::Closing(closing) = &self.phase {
            return closing.deadline;
        }
        let deadline = self.lease.deadline(self.is_live()).min(self.beat_at);
        self.waiting_since().map_or(deadline, |since| deadline.min(since + limits.opening_stall))
    }

    /// Checks all deadlines.
    pub(crate) fn tick(&mut self, cx: &Cx<'_>) -> Ticked {
        if let Phase::Closing(closing) = &mut self.phase {
            if cx.now < closing.deadline {
                return Ticked::Nothing;
            }
            // If the socket cannot be shut down, the transport closes the connection when it polls
            // again.
            closing.answered = true;
            closing.deadline = cx.now + cx.limits.close_grace;
            return Ticked::ShutDown;
        }
        if cx.now >= self.lease.expires_at() {
            self.close(cx, Close::token_expired());
        } else if self.waiting_since().is_some_and(|since| cx.now >= since + cx.limits.opening_stall) {
            Counters::one(&cx.counters.overflows);
            self.close(cx, Close::slow_consumer());
        } else if cx.now < self.beat_at {
            let warns = self.is_live() && self.lease.warn(cx.now);
            return if warns { Ticked::Wake } else { Ticked::Nothing };
        } else if self.awaiting_life {
            self.close(cx, Close::heartbeat_missed());
        } else {
            self.awaiting_life = true;
            self.ping_due = true;
            self.beat_at = cx.now + cx.limits.heartbeat;
        }
        Ticked::Wake
    }

    /// If a piece of the opening is waiting for the client: when the client took the last one.
    fn waiting_since(&self) -> Option<Moment> {
        self.opening.as_ref().filter(|opening| !opening.is_next_unread()).map(|opening| opening.taken_at)
    }

    /// Starts to close the connection; a no-op if it is closing. The client gets the close frame,
    /// and has until the deadline to answer it.
    pub(crate) fn close(&mut self, cx: &Cx<'_>, close: Close) {
        if self.is_closing() {
            return;
        }
        cx.counters.close(close.counted_as());
        self.pongs = None;
        self.ping_due = false;
        // Without the rest of the opening, live events would be out of order.
        if close.drops_queue() || self.opening.is_some() || matches!(self.phase, Phase::Loading) {
            self.opening = None;
            self.discard_queue(cx);
        }
        let deadline = if close.at_once() { cx.now } else { cx.now + cx.limits.close_grace };
        let answered = close.answered();
        self.phase = Phase::Closing(Box::new(Closing { frame: Some(close.into_frame()), answered, deadline }));
    }

    /// Returns what to send next.
    pub(crate) fn transmit(&mut self, cx: &Cx<'_>) -> Transmit {
        if let Some(frame) = self.next_frame(cx) {
            Counters::one(&cx.counters.frames_sent);
            Counters::add(&cx.counters.bytes_sent, frame.len());
            return Transmit::Frame(frame);
        }
        match &self.phase {
            Phase::Closing(closing) if closing.answered => Transmit::End,
            Phase::Closing(_) | Phase::Loading | Phase::Live => Transmit::Wait,
        }
    }

    /// Moves what to send next into an empty batch, as much as fits.
    pub(crate) fn transmit_batch(&mut self, cx: &Cx<'_>, batch: &mut FrameQueue, max: BatchMax) -> After {
        let fits = self.queue.len() <= max.frames && self.queue.bytes() <= max.bytes;
        if !(fits && self.has_only_events()) {
            return max.fill(batch, || self.transmit(cx));
        }
        std::mem::swap(batch, &mut self.queue);
        Counters::subtract(&cx.counters.queue_bytes, batch.bytes());
        Counters::add(&cx.counters.frames_sent, batch.len());
        Counters::add(&cx.counters.bytes_sent, batch.bytes());
        After::Wait
    }

    /// Whether nothing but the queue is to be sent.
    fn has_only_events(&self) -> bool {
        self.is_live() && self.opening.is_none() && self.pongs.is_none() && !self.ping_due && !self.lease.warns()
    }

    /// Drops the queued messages. Also called when the connection has ended, so that they no longer
    /// count.
    pub(crate) fn discard_queue(&mut self, cx: &Cx<'_>) {
        Counters::subtract(&cx.counters.queue_bytes, self.queue.bytes());
        self.queue.clear();
    }

    fn enqueue(&mut self, cx: &Cx<'_>, frame: Bytes) {
        Counters::one(&cx.counters.frames_queued);
        Counters::add(&cx.counters.queue_bytes, frame.len());
        self.queue.push(frame);
    }

    fn next_frame(&mut self, cx: &Cx<'_>) -> Option<Bytes> {
        if let Some(pongs) = &mut self.pongs {
            if let Some(pong) = pongs.pop() {
                return Some(pong);
            }
            self.pongs = None;
        }
        if std::mem::take(&mut self.ping_due) {
            return Some(frame::PING);
        }
        if let Some(opening) = &mut self.opening {
            if opening.is_next_unread() {
                return None;
            }
            opening.taken_at = cx.now;
            let piece = opening.pieces.pop_front();
            if opening.pieces.is_empty() {
                self.opening = None;
            }
            return piece?.encode();
        }
        // Nothing is sent before the welcome.
        if matches!(self.phase, Phase::Loading) {
            return None;
        }
        if !self.is_closing()
            && let Some(expires_at) = self.lease.take_warning()
        {
            let expires_at = expires_at.to_string();
            return Some(frame::json(&ServerMessage::TokenExpiring { expires_at: expires_at.into() }));
        }
        if let Some(frame) = self.queue.pop() {
            Counters::subtract(&cx.counters.queue_bytes, frame.len());
            return Some(frame);
        }
        match &mut self.phase {
            Phase::Closing(closing) => closing.frame.take(),
            Phase::Loading | Phase::Live => None,
        }
    }
}

impl Opening {
    /// Whether the next piece is not read yet.
    fn is_next_unread(&self) -> bool {
        matches!(self.pieces.front(), Some(Piece::Unread))
    }
}

impl Piece {
    /// `None` if the piece is not read yet.
    fn encode(self) -> Option<Bytes> {
        Some(match self {
            Self::Frame(frame) => frame,
            Self::Missed(delivery, view) => delivery.frame(view),
            Self::Snapshot { groups, pending, more, cursor } => {
                frame::text(&snapshot_text(&groups, (!more).then_some(&pending), &cursor))
            }
            Self::Unread => return None,
        })
    }
}
