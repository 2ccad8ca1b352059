//! A peer that echoes messages, for the conformance suite: the real transport and session with an
//! echo on top.

use std::task::Waker;
use std::time::{Duration, Instant};

use super::peer::Peer;
use crate::clock::Moment;
use crate::counters::Counters;
use crate::frame;
use crate::session::{Cx, Input, Session, Transmit};
use crate::{Grant, HubLimits};

pub(super) struct Echo {
    session: Session,
    limits: HubLimits,
    counters: Counters,
    started: Instant,
    /// Whether the client broke the protocol: the connection ends once the close frame is sent. The
    /// server waits for the client, with a deadline.
    failed: bool,
}

impl Echo {
    /// Its limits are high enough for the suite, and it has no deadlines.
    pub(super) fn new(message_bytes_max: usize) -> Self {
        let limits = HubLimits {
            queue_frames_max: usize::MAX / 2,
            queue_bytes_max: usize::MAX / 2,
            opening_queue_frames_max: usize::MAX / 2,
            opening_queue_bytes_max: usize::MAX / 2,
            messages_burst: u32::MAX,
            message_bytes_max,
            ..HubLimits::default()
        };
        let counters = Counters::default();
        let cx = Cx { now: Moment::default(), limits: &limits, counters: &counters };
        let mut session = Session::new(&cx, Grant::lasting(Duration::MAX), Duration::ZERO);
        session.go_live(&cx, std::collections::VecDeque::new());
        Self { session, limits, counters, started: Instant::now(), failed: false }
    }
}

impl Peer for Echo {
    fn receive(&mut self, input: Input<'_>) {
        self.failed |= matches!(input, Input::ProtocolError(_));
        let Self { session, limits, counters, started, .. } = self;
        let cx = Cx { now: Moment::since_start(started.elapsed()), limits, counters };
        match input {
            Input::Text(text) => session.event(&cx, frame::encode(frame::TEXT, text.as_bytes())),
            Input::Binary(bytes) => session.event(&cx, frame::encode(frame::BINARY, bytes)),
            Input::Fragment => {}
            other => {
                session.receive(&cx, other);
            }
        }
    }

    fn transmit(&mut self) -> Transmit {
        let Self { session, limits, counters, started, failed } = self;
        match session.transmit(&Cx { now: Moment::since_start(started.elapsed()), limits, counters }) {
            Transmit::Wait if *failed => Transmit::End,
            transmit => transmit,
        }
    }

    /// Only input produces output, and the connection is polled for input anyway.
    fn set_waker(&mut self, _: &Waker) {}

    fn is_shut_down(&self) -> bool {
        false
    }
}
