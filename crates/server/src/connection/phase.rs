//! The state machine of a connection, without I/O: what it waits for, how many bytes the HTTP layer
//! may see, and when it ends.

use std::time::{Duration, Instant};

use super::framing::{Body, Head};
use crate::door_metrics::CloseReason;

/// Deadlines, and limits on bytes that are read and discarded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// Idle time between two requests.
    pub(crate) idle: Duration,
    /// For a request head.
    pub(crate) head: Duration,
    /// For a body that a handler is reading. Longer than the handler's own timeout, which answers
    /// with 408.
    pub(crate) body: Duration,
    /// Maximum size of such a body. More than a handler's own limit, which answers with 413.
    pub(crate) body_bytes_max: u64,
    /// For the rest of a body after its response.
    pub(crate) rest: Duration,
    /// Maximum size of that rest. At least as large as the largest accepted body.
    pub(crate) rest_bytes_max: u64,
    /// For a response that makes no progress.
    pub(crate) stall: Duration,
}

/// Extra time for each response byte that the client reads: 1 KiB/s on average.
const TIME_FOR_BYTE: Duration = Duration::from_micros(976);

/// Minimum idle time of an HTTP/2 connection: its last answer may still be on its way.
const MULTIPLEXED_IDLE_MIN: Duration = Duration::from_secs(1);

/// How much longer than a handler the guard waits for a body.
const BODY_SLACK: Duration = Duration::from_secs(5);

impl Deadlines {
    /// `body` is the handlers' own limit.
    pub(crate) fn new(idle: Duration, head: Duration, body: Duration) -> Self {
        Self {
            idle,
            head,
            body: body + BODY_SLACK,
            body_bytes_max: 17 * 1024 * 1024,
            rest: Duration::from_secs(10),
            rest_bytes_max: 512 * 1024,
            stall: Duration::from_secs(30),
        }
    }
}

/// How long a client may pause while it reads one answer of several on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    left: Duration,
    max: Duration,
}

impl Patience {
    pub(crate) fn new(limits: Deadlines) -> Self {
        Self { left: limits.stall, max: limits.stall }
    }

    pub(crate) fn left(self) -> Duration {
        self.left
    }

    /// Called when the client has made room for more bytes after this time.
    pub(crate) fn spend(&mut self, waited: Duration, bytes: usize) {
        let earned = TIME_FOR_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.left = (self.left.saturating_sub(waited) + earned).min(self.max);
    }
}

#[derive(Debug)]
enum Phase {
    /// Between two requests, or within a head.
    Head { head: Head, begun: bool },
    /// The HTTP layer has the head and is about to call the service or to reject the request.
    HandedOver,
    /// The request is being processed.
    Exchange { body: Body, bytes_left: u64 },
    /// HTTP/2: any number of requests, with framing and flow control of its own.
    Multiplexed { answering: u32 },
    /// The response is complete, but the request body is not.
    Rest { body: Body, bytes_left: u64 },
    /// The connection is closing. Incoming bytes are discarded, so that the client can read the
    /// response.
    Lingering { bytes_left: u64 },
    /// The client has exceeded a limit of time or bytes, and the connection must close.
    Over,
}

/// The deadline that a client has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// No request was started, so no 408 is sent.
    Idle,
    /// A head is incomplete.
    Head,
    /// A body, or the rest of one, is incomplete.
    Body,
    /// The client does not read the response.
    Answer,
}

impl Overdue {
    pub(super) fn reason(self) -> CloseReason {
        match self {
            Self::Idle => CloseReason::Idle,
            Self::Head => CloseReason::HeadTimeout,
            Self::Body => CloseReason::BodyTimeout,
            Self::Answer => CloseReason::AnswerTimeout,
        }
    }
}

/// The current state of a connection.
#[derive(Debug)]
pub(super) struct Phases {
    phase: Phase,
    limits: Deadlines,
    /// Deadline for bytes from the client.
    deadline: Option<Instant>,
    /// Deadline for the client to read.
    write_deadline: Option<Instant>,
}

impl Phases {
    pub(super) fn new(limits: Deadlines, now: Instant) -> Self {
        let phase = Phase::Head { head: Head::default(), begun: false };
        Self { phase, deadline: Some(now + limits.head), write_deadline: None, limits }
    }

    /// For HTTP/2.
    pub(super) fn multiplexed(limits: Deadlines, now: Instant) -> Self {
        let phase = Phase::Multiplexed { answering: 0 };
        Self { phase, deadline: Some(now + limits.head), write_deadline: None, limits }
    }

    /// Whether the HTTP layer may read now. Otherwise, incoming bytes are kept for the next
    /// request.
    pub(super) fn hands_out(&self) -> bool {
        match self.phase {
            Phase::Head { .. } | Phase::Multiplexed { .. } | Phase::Lingering { .. } => true,
            Phase::HandedOver | Phase::Over => false,
            Phase::Exchange { body, .. } | Phase::Rest { body, .. } => !body.is_complete(),
        }
    }

    /// Returns how many of the bytes the HTTP layer may have; at least one.
    pub(super) fn take(&mut self, bytes: &[u8], now: Instant) -> usize {
        match &mut self.phase {
            Phase::Head { head, begun } => {
                if !*begun {
                    *begun = true;
                    let deadline = now + self.limits.head;
                    self.deadline = Some(self.deadline.map_or(deadline, |set| set.min(deadline)));
                }
                match head.take(bytes) {
                    Some(taken) => {
                        self.phase = Phase::HandedOver;
                        self.deadline = Some(now + self.limits.head);
                        taken
                    }
                    None => bytes.len(),
                }
            }
            Phase::Exchange { body, bytes_left } => {
                let taken = body.take(bytes);
                *bytes_left = bytes_left.saturating_sub(taken as u64);
                if body.is_complete() {
                    self.deadline = None;
                } else if *bytes_left == 0 {
                    self.phase = Phase::Over;
                }
                taken
            }
            Phase::Rest { body, bytes_left } => {
                let taken = body.take(bytes);
                *bytes_left = bytes_left.saturating_sub(taken as u64);
                if body.is_complete() {
                    self.next_request(now);
                } else if *bytes_left == 0 {
                    self.phase = Phase::Over;
                }
                taken
            }
            Phase::Lingering { bytes_left } => {
                *bytes_left = bytes_left.saturating_sub(bytes.len() as u64);
                if *bytes_left == 0 {
                    self.phase = Phase::Over;
                }
                bytes.len()
            }
            Phase::Multiplexed { .. } | Phase::HandedOver | Phase::Over => bytes.len(),
        }
    }

    /// Called when the service receives the request whose head was passed on last.
    pub(super) fn begin(&mut self, body: Body, now: Instant) {
        if let Phase::Multiplexed { answering } = &mut self.phase {
            *answering = answering.saturating_add(1);
            self.deadline = None;
            return;
        }
        self.deadline = (!body.is_complete()).then(|| now + self.limits.body);
        self.phase = Phase::Exchange { body, bytes_left: self.limits.body_bytes_max };
    }

    /// Called when the response is complete.
    pub(super) fn answered(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Exchange { body, .. } if body.is_complete() => self.next_request(now),
            Phase::Exchange { body, .. } => {
                self.phase = Phase::Rest { body: *body, bytes_left: self.limits.rest_bytes_max };
                self.deadline = Some(now + self.limits.rest);
            }
            Phase::Multiplexed { answering } => {
                *answering = answering.saturating_sub(1);
                if *answering == 0 {
                    self.deadline = Some(now + self.limits.idle.max(MULTIPLEXED_IDLE_MIN));
                }
            }
            _ => {}
        }
    }

    fn next_request(&mut self, now: Instant) {
        self.phase = Phase::Head { head: Head::default(), begun: false };
        self.deadline = Some(now + self.limits.idle);
    }

    /// Called when the HTTP layer closes the connection. Returns whether to linger until the client
    /// closes its side. `unread`: whether unread bytes have arrived.
    pub(super) fn close(&mut self, unread: bool, now: Instant) -> bool {
        let bytes_left = match self.phase {
            Phase::Lingering { .. } => return true,
            Phase::Over => return false,
            Phase::Rest { bytes_left, .. } => bytes_left,
            Phase::Exchange { body, .. } if !body.is_complete() => self.limits.rest_bytes_max,
            _ if unread => self.limits.rest_bytes_max,
            _ => return false,
        };
        self.phase = Phase::Lingering { bytes_left };
        self.deadline = Some(now + self.limits.rest);
        true
    }

    /// Called when the kernel has accepted response bytes. `all`: whether nothing is left to send.
    pub(super) fn written(&mut self, bytes: usize, all: bool, now: Instant) {
        let Some(deadline) = self.write_deadline else { return };
        // Not before the response is complete: a client that reads only a little of every part is
        // also slow.
        if all && !matches!(self.phase, Phase::Exchange { .. }) {
            self.write_deadline = None;
            return;
        }
        let earned = TIME_FOR_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.write_deadline = Some((deadline + earned).min(now + self.limits.stall));
    }

    /// Called when the kernel's send buffer is full.
    pub(super) fn write_blocked(&mut self, now: Instant) {
        self.write_deadline.get_or_insert(now + self.limits.stall);
    }

    /// The next deadline.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match (self.deadline, self.write_deadline) {
            (Some(read), Some(write)) => Some(read.min(write)),
            (read, write) => read.or(write),
        }
    }

    /// The deadline that the client has missed, if any.
    pub(super) fn overdue(&self, now: Instant) -> Option<Overdue> {
        let passed = |deadline: Option<Instant>| deadline.is_some_and(|deadline| now >= deadline);
        if passed(self.write_deadline) {
            return Some(Overdue::Answer);
        }
        passed(self.deadline).then_some(match self.phase {
            Phase::Head { begun: false, .. } | Phase::Multiplexed { .. } => Overdue::Idle,
            Phase::Head { .. } | Phase::HandedOver => Overdue::Head,
            _ => Overdue::Body,
        })
    }

    /// Ends the connection: nothing more is passed on.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Over;
        self.deadline = None;
    }

    /// Whether a request is being processed, or its response is not yet complete.
    pub(super) fn is_answering(&self) -> bool {
        matches!(self.phase, Phase::Exchange { .. } | Phase::Multiplexed { answering: 1.. })
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn begun() -> (Phases, Instant) {
        let now = Instant::now();
        (Phases::new(Deadlines::new(seconds(90), seconds(10), seconds(30)), now), now)
    }

    #[test]
    fn every_request_head_must_arrive_within_ten_seconds() {
        let (mut phases, start) = begun();
        assert_eq!(phases.overdue(start + seconds(9)), None);
        assert_eq!(phases.overdue(start + seconds(10)), Some(Overdue::Idle));
        phases.take(b"G", start + seconds(9));
        assert_eq!(phases.overdue(start + seconds(10)), Some(Overdue::Head), "a byte gains no time");
        phases.take(&HEAD[1..], start + seconds(9));
        phases.begin(Body::Complete, start + seconds(9));
        assert_eq!(phases.deadline(), None, "nothing is asked of the client while it is answered");
        phases.answered(start + seconds(20));
        assert_eq!(phases.deadline(), Some(start + seconds(110)), "keep-alive");
        phases.take(b"G", start + seconds(30));
        phases.take(b"E", start + seconds(39));
        assert_eq!(phases.overdue(start + seconds(40)), Some(Overdue::Head));
    }

    #[test]
    fn one_request_is_passed_on_at_a_time() {
        let (mut phases, now) = begun();
        let two = [HEAD, HEAD].concat();
        assert_eq!(phases.take(&two, now), HEAD.len());
        assert!(!phases.hands_out());
        phases.begin(Body::Complete, now);
        assert!(!phases.hands_out());
        phases.answered(now);
        assert!(phases.hands_out());
        assert_eq!(phases.take(&two, now), HEAD.len());
        phases.begin(Body::of_length(3), now);
        assert_eq!(phases.take(b"abcGET", now), 3);
        assert!(!phases.hands_out());
    }

    #[test]
    fn a_body_is_limited_in_time_and_bytes_and_more_strictly_after_the_answer() {
        let (mut phases, now) = begun();
        phases.take(HEAD, now);
        phases.begin(Body::chunked(), now);
        assert_eq!(phases.overdue(now + seconds(34)), None);
        assert_eq!(phases.overdue(now + seconds(35)), Some(Overdue::Body));
        phases.answered(now);
        assert_eq!(phases.overdue(now + seconds(10)), Some(Overdue::Body));
        phases.take(b"fffffff\r\n", now);
        phases.take(&vec![0; 512 * 1024], now);
        assert!(phases.is_over());
        assert!(!phases.close(true, now), "all patience is used up");

        let (mut phases, now) = begun();
        phases.take(HEAD, now);
        phases.begin(Body::of_length(u64::MAX), now);
        for _ in 0..17 {
            assert!(phases.hands_out());
            phases.take(&vec![0; 1024 * 1024], now);
        }
        assert!(phases.is_over());
    }

    #[test]
    fn the_connection_stays_open_if_the_rest_of_a_body_arrives() {
        let (mut phases, now) = begun();
        phases.take(HEAD, now);
        phases.begin(Body::of_length(300), now);
        phases.answered(now);
        assert!(phases.hands_out());
        phases.take(&[0; 300], now);
        assert_eq!(phases.take(HEAD, now), HEAD.len());
    }

    #[test]
    fn an_http2_connection_is_idle_when_every_answer_is_complete() {
        let start = Instant::now();
        let limits = Deadlines::new(seconds(90), seconds(10), seconds(30));
        let mut phases = Phases::multiplexed(limits, start);
        assert_eq!(phases.overdue(start + seconds(10)), Some(Overdue::Idle));
        phases.begin(Body::Complete, start);
        phases.begin(Body::of_length(3), start);
        assert_eq!((phases.deadline(), phases.take(b"frames", start)), (None, 6));
        phases.answered(start);
        assert!(phases.is_answering() && phases.hands_out());
        phases.answered(start + seconds(1));
        assert!(!phases.is_answering());
        assert_eq!(phases.overdue(start + seconds(90)), None);
        assert_eq!(phases.overdue(start + seconds(91)), Some(Overdue::Idle));
        phases.write_blocked(start);
        assert_eq!(phases.overdue(start + seconds(30)), Some(Overdue::Answer));
    }

    #[test]
    fn a_client_that_makes_room_too_slowly_loses_patience() {
        let mut patience = Patience::new(Deadlines::new(seconds(90), seconds(10), seconds(30)));
        for _ in 0..100 {
            patience.spend(seconds(1), 2_048);
        }
        assert_eq!(patience.left(), seconds(30));
        for _ in 0..31 {
            patience.spend(seconds(1), 10);
        }
        assert!(patience.left() < seconds(1));
    }

    #[test]
    fn a_close_waits_for_a_client_that_is_still_sending() {
        let (mut phases, now) = begun();
        phases.take(HEAD, now);
        phases.begin(Body::of_length(300), now);
        phases.answered(now);
        assert!(phases.close(false, now) && phases.close(false, now));
        assert_eq!(phases.overdue(now + seconds(10)), Some(Overdue::Body));
        let (mut phases, now) = begun();
        assert!(!phases.close(false, now), "there is nothing to wait for");
        assert!(phases.close(true, now), "something has come that nobody read");
    }

    #[test]
    fn a_client_that_reads_an_answer_below_one_kibibyte_a_second_is_disconnected() {
        let (mut phases, start) = begun();
        phases.take(HEAD, start);
        phases.begin(Body::Complete, start);
        phases.written(1_000, true, start);
        assert_eq!(phases.deadline(), None, "a client that reads is not timed");
        phases.write_blocked(start);
        assert_eq!(phases.overdue(start + seconds(30)), Some(Overdue::Answer));
        // One KiB in ten seconds is too slow.
        let mut now = start;
        for _ in 0..3 {
            now += seconds(10);
            phases.written(1_024, false, now);
            phases.write_blocked(now);
        }
        assert_eq!(phases.overdue(start + seconds(34)), Some(Overdue::Answer));
        // Two KiB in a second are fast enough.
        let (mut phases, start) = begun();
        phases.take(HEAD, start);
        phases.begin(Body::Complete, start);
        phases.write_blocked(start);
        for second in 1..1_000 {
            phases.written(2_048, false, start + seconds(second));
            assert_eq!(phases.overdue(start + seconds(second)), None);
        }
        phases.answered(start + seconds(1_000));
        phases.written(10, true, start + seconds(1_000));
        assert_eq!(phases.deadline(), Some(start + seconds(1_090)));
    }
}
