//! The phases of a connection: what it waits for, how many bytes the HTTP layer may see, and when it is over. Without IO.

use std::time::{Duration, Instant};

use super::framing::{Body, Head};

/// How long a client may take, and how many bytes that nobody wants are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// Between two requests.
    pub(crate) idle: Duration,
    /// For a request's head.
    pub(crate) head: Duration,
    /// For a body that a handler waits for. Longer than the handler waits, which answers with 408.
    pub(crate) body: Duration,
    /// Of such a body. More than a handler takes, which answers with 413.
    pub(crate) body_bytes_max: u64,
    /// For the rest of a body after its answer.
    pub(crate) rest: Duration,
    /// Of that rest: room for every body that would have been taken.
    pub(crate) rest_bytes_max: u64,
    /// Without any progress while an answer is written.
    pub(crate) stall: Duration,
}

/// The time that a client gains with each byte of an answer that it reads: 1 KiB/s on average.
const TIME_FOR_BYTE: Duration = Duration::from_micros(976);

impl Deadlines {
    pub(crate) fn new(idle: Duration) -> Self {
        Self {
            idle,
            head: Duration::from_secs(10),
            body: Duration::from_secs(35),
            body_bytes_max: 17 * 1024 * 1024,
            rest: Duration::from_secs(10),
            rest_bytes_max: 512 * 1024,
            stall: Duration::from_secs(30),
        }
    }
}

#[derive(Debug)]
enum Phase {
    /// Between two requests, or within a head.
    Head { head: Head, begun: bool },
    /// The head is with the HTTP layer, which is about to call the service, or to refuse the request.
    HandedOver,
    /// The request is being answered.
    Exchange { body: Body, bytes_left: u64 },
    /// It is answered, and its body has not ended.
    Rest { body: Body, bytes_left: u64 },
    /// The connection is being closed, and what still comes is discarded, so that the client can read the answer.
    Lingering { bytes_left: u64 },
    /// It is no longer one of HTTP.
    Upgraded,
    /// The client has run out of time or bytes. It is to be closed.
    Over,
}

/// What a client has run out of time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// Nothing has come: it is not told either.
    Idle,
    /// A head has begun.
    Head,
    /// A body, or the rest of one.
    Body,
    /// It does not read.
    Answer,
}

/// Where a connection stands.
#[derive(Debug)]
pub(super) struct Phases {
    phase: Phase,
    limits: Deadlines,
    /// When it is over, unless the client sends what it waits for.
    deadline: Option<Instant>,
    /// When it is over, unless the client reads.
    write_deadline: Option<Instant>,
}

impl Phases {
    pub(super) fn new(limits: Deadlines, now: Instant) -> Self {
        let phase = Phase::Head { head: Head::default(), begun: false };
        Self { phase, deadline: Some(now + limits.head), write_deadline: None, limits }
    }

    /// Whether the HTTP layer may have bytes now. Otherwise those that come are kept for the next request.
    pub(super) fn hands_out(&self) -> bool {
        match self.phase {
            Phase::Head { .. } | Phase::Lingering { .. } | Phase::Upgraded => true,
            Phase::HandedOver | Phase::Over => false,
            Phase::Exchange { body, .. } | Phase::Rest { body, .. } => !body.is_complete(),
        }
    }

    /// Bytes are on their way to the HTTP layer: how many of them it may have, at least one.
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
            Phase::HandedOver | Phase::Upgraded | Phase::Over => bytes.len(),
        }
    }

    /// The service is called with the request whose head was handed over last.
    pub(super) fn begin(&mut self, body: Body, now: Instant) {
        self.deadline = (!body.is_complete()).then(|| now + self.limits.body);
        self.phase = Phase::Exchange { body, bytes_left: self.limits.body_bytes_max };
    }

    /// The answer is `101 Switching Protocols`.
    pub(super) fn upgrade(&mut self) {
        self.phase = Phase::Upgraded;
        self.deadline = None;
        self.write_deadline = None;
    }

    /// The HTTP layer has the answer to its end.
    pub(super) fn answered(&mut self, now: Instant) {
        if let Phase::Exchange { body, .. } = self.phase {
            if body.is_complete() {
                self.next_request(now);
            } else {
                self.phase = Phase::Rest { body, bytes_left: self.limits.rest_bytes_max };
                self.deadline = Some(now + self.limits.rest);
            }
        }
    }

    fn next_request(&mut self, now: Instant) {
        self.phase = Phase::Head { head: Head::default(), begun: false };
        self.deadline = Some(now + self.limits.idle);
    }

    /// The HTTP layer closes the connection: whether to wait for the client's end of it. `unread`: bytes have come that nobody reads.
    pub(super) fn close(&mut self, unread: bool, now: Instant) -> bool {
        let bytes_left = match self.phase {
            Phase::Lingering { .. } => return true,
            Phase::Over | Phase::Upgraded => return false,
            Phase::Rest { bytes_left, .. } => bytes_left,
            Phase::Exchange { body, .. } if !body.is_complete() => self.limits.rest_bytes_max,
            _ if unread => self.limits.rest_bytes_max,
            _ => return false,
        };
        self.phase = Phase::Lingering { bytes_left };
        self.deadline = Some(now + self.limits.rest);
        true
    }

    /// So many bytes of an answer were taken by the kernel, `all` that there were or less.
    pub(super) fn written(&mut self, bytes: usize, all: bool, now: Instant) {
        let Some(deadline) = self.write_deadline else { return };
        // Not before the answer is out as a whole: a client that reads a little of every piece is a slow one too.
        if all && !matches!(self.phase, Phase::Exchange { .. }) {
            self.write_deadline = None;
            return;
        }
        let earned = TIME_FOR_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.write_deadline = Some((deadline + earned).min(now + self.limits.stall));
    }

    /// The kernel takes nothing more of an answer.
    pub(super) fn write_blocked(&mut self, now: Instant) {
        if !self.is_upgraded() {
            self.write_deadline.get_or_insert(now + self.limits.stall);
        }
    }

    /// When to look at the time next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match (self.deadline, self.write_deadline) {
            (Some(read), Some(write)) => Some(read.min(write)),
            (read, write) => read.or(write),
        }
    }

    /// What the client has run out of time for.
    pub(super) fn overdue(&self, now: Instant) -> Option<Overdue> {
        let passed = |deadline: Option<Instant>| deadline.is_some_and(|deadline| now >= deadline);
        if passed(self.write_deadline) {
            return Some(Overdue::Answer);
        }
        passed(self.deadline).then_some(match self.phase {
            Phase::Head { begun: false, .. } => Overdue::Idle,
            Phase::Head { .. } | Phase::HandedOver => Overdue::Head,
            _ => Overdue::Body,
        })
    }

    /// Nothing more is handed out.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Over;
        self.deadline = None;
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    pub(super) fn is_upgraded(&self) -> bool {
        matches!(self.phase, Phase::Upgraded)
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
        (Phases::new(Deadlines::new(seconds(90)), now), now)
    }

    #[test]
    fn a_silent_client_has_ten_seconds_and_so_has_every_head() {
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
    fn one_request_is_handed_out_at_a_time() {
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
    fn a_body_has_its_time_and_its_bytes_and_after_the_answer_less_of_both() {
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
    fn the_rest_of_a_body_that_ends_leaves_the_connection_open() {
        let (mut phases, now) = begun();
        phases.take(HEAD, now);
        phases.begin(Body::of_length(300), now);
        phases.answered(now);
        assert!(phases.hands_out());
        phases.take(&[0; 300], now);
        assert_eq!(phases.take(HEAD, now), HEAD.len());
    }

    #[test]
    fn a_close_waits_for_a_client_that_still_sends() {
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
    fn an_answer_is_read_at_a_kibibyte_a_second_or_the_connection_ends() {
        let (mut phases, start) = begun();
        phases.take(HEAD, start);
        phases.begin(Body::Complete, start);
        phases.written(1_000, true, start);
        assert_eq!(phases.deadline(), None, "a client that reads is not timed");
        phases.write_blocked(start);
        assert_eq!(phases.overdue(start + seconds(30)), Some(Overdue::Answer));
        // A kibibyte in ten seconds is too little.
        let mut now = start;
        for _ in 0..3 {
            now += seconds(10);
            phases.written(1_024, false, now);
            phases.write_blocked(now);
        }
        assert_eq!(phases.overdue(start + seconds(34)), Some(Overdue::Answer));
        // Two in a second are not.
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

    #[test]
    fn an_upgraded_connection_has_no_deadline_here() {
        let (mut phases, now) = begun();
        phases.take(HEAD, now);
        phases.begin(Body::Complete, now);
        phases.upgrade();
        phases.write_blocked(now);
        phases.answered(now);
        assert_eq!(phases.deadline(), None);
        assert!(!phases.close(true, now));
    }
}
