//! Tests of the session without sockets or waiting; the tests set the clock.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use groups_domain::{Description, Group, Role};
use groups_protocol::group_text;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::world::{ADA, group, user};

/// A session with its context.
struct Bench {
    session: Session,
    limits: HubLimits,
    counters: Counters,
    now: Moment,
}

impl Bench {
    fn new(limits: HubLimits) -> Self {
        let (counters, now) = (Counters::default(), Moment::default());
        let cx = Cx { now, limits: &limits, counters: &counters };
        let session = Session::new(&cx, Grant::lasting(Duration::from_secs(3_600)), Duration::ZERO);
        Self { session, limits, counters, now }
    }

    fn live(limits: HubLimits) -> Self {
        let mut bench = Self::new(limits);
        bench.with(|session, cx| session.go_live(cx, VecDeque::new()));
        bench
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Session, &Cx<'_>) -> T) -> T {
        let cx = Cx { now: self.now, limits: &self.limits, counters: &self.counters };
        act(&mut self.session, &cx)
    }

    fn pass(&mut self, millis: u64) -> Ticked {
        self.now = self.now + Duration::from_millis(millis);
        self.with(|session, cx| session.tick(cx))
    }

    fn says(&mut self, text: &str) -> Option<ClientAction> {
        self.with(|session, cx| session.receive(cx, Input::Text(text)))
    }

    fn event(&mut self, bytes: usize) {
        self.with(|session, cx| session.event(cx, frame::encode(frame::TEXT, &vec![b'e'; bytes])));
    }

    /// Everything that is sent until the queue is empty, and whether the connection ends.
    fn sent(&mut self) -> (Vec<String>, bool) {
        let mut sent = Vec::new();
        loop {
            match self.with(|session, cx| session.transmit(cx)) {
                Transmit::Frame(frame) => sent.push(describe(&frame)),
                Transmit::Wait => return (sent, false),
                Transmit::End => return (sent, true),
            }
        }
    }
}

fn describe(frame: &Bytes) -> String {
    let payload = &frame[2..];
    match frame[0] & 0x0F {
        1 => {
            let start = frame.iter().position(|byte| matches!(byte, b'{' | b'e')).unwrap();
            match serde_json::from_slice::<Value>(&frame[start..]) {
                Ok(message) => message["code"].as_str().or(message["type"].as_str()).unwrap().to_owned(),
                Err(_) => "event".to_owned(),
            }
        }
        8 if payload.is_empty() => "close".to_owned(),
        8 => format!("close {}", u16::from_be_bytes([payload[0], payload[1]])),
        9 => "ping frame".to_owned(),
        10 => format!("pong frame {}", std::str::from_utf8(payload).unwrap()),
        other => panic!("an odd frame: {other}"),
    }
}

fn sent(frames: &[&str]) -> (Vec<String>, bool) {
    (frames.iter().map(|frame| (*frame).to_owned()).collect(), false)
}

fn last(frames: &[&str]) -> (Vec<String>, bool) {
    (frames.iter().map(|frame| (*frame).to_owned()).collect(), true)
}

const PING: &str = r#"{"type":"ping"}"#;

#[test]
fn only_control_frames_are_sent_before_the_opening() {
    let mut bench = Bench::new(HubLimits::default());
    bench.says(PING);
    bench.with(|session, cx| session.receive(cx, Input::Ping(b"x")));
    assert_eq!(bench.sent(), sent(&["pong frame x"]));
    let welcome = frame::json(&ServerMessage::Welcome {
        user_id: ADA,
        connection_id: uuid::Uuid::nil(),
        resumed: false,
        heartbeat_seconds: 25,
    });
    let pieces = VecDeque::from([
        Piece::Frame(welcome),
        Piece::Snapshot {
            groups: GroupTexts::from_iter([(group_text(&a_group()), Role::Owner)]),
            pending: Vec::new(),
            more: false,
            cursor: "c".to_owned(),
        },
    ]);
    bench.with(|session, cx| session.go_live(cx, pieces));
    bench.event(10);
    assert_eq!(bench.sent(), sent(&["welcome", "snapshot", "pong", "event"]));
}

fn a_group() -> Group {
    Group {
        group_id: group(1),
        name: groups_domain::GroupName::parse("A").unwrap(),
        description: Description::parse("").unwrap(),
        owner_id: ADA,
        join_policy: groups_domain::JoinPolicy::Closed,
        member_count: 1,
        version: groups_domain::Version::FIRST,
        created_at: groups_domain::Timestamp::from_unix_millis(0),
        updated_at: groups_domain::Timestamp::from_unix_millis(0),
    }
}

#[test]
fn events_during_loading_are_not_queued_because_the_journal_has_them() {
    let mut bench = Bench::new(HubLimits::default());
    bench.event(10);
    bench.with(|session, cx| session.go_live(cx, VecDeque::new()));
    assert_eq!(bench.sent(), sent(&[]));
}

#[test]
fn the_queue_is_bounded_in_frames() {
    let mut bench = Bench::live(HubLimits { queue_frames_max: 3, ..HubLimits::default() });
    for _ in 0..3 {
        bench.event(10);
    }
    assert!(!bench.session.is_closing());
    bench.event(10);
    assert_eq!(bench.sent(), sent(&["close 4001"]), "what was queued is dropped");
    assert_eq!(bench.counters.overflows.into_inner(), 1);
}

#[test]
fn the_queue_is_bounded_in_bytes_but_a_single_event_always_fits() {
    let mut bench = Bench::live(HubLimits { queue_bytes_max: 1_000, ..HubLimits::default() });
    bench.event(5_000);
    assert_eq!(bench.sent(), sent(&["event"]));
    bench.event(600);
    bench.event(300);
    assert_eq!(bench.sent(), sent(&["event", "event"]));
    bench.event(600);
    bench.event(600);
    assert_eq!(bench.sent(), sent(&["close 4001"]));
}

#[test]
fn the_opening_does_not_count_towards_the_queue_limit() {
    let mut bench = Bench::new(HubLimits { queue_frames_max: 1, ..HubLimits::default() });
    let pieces = (0..10).map(|_| Piece::Frame(frame::encode(frame::TEXT, b"e"))).collect();
    bench.with(|session, cx| session.go_live(cx, pieces));
    bench.event(1);
    assert_eq!(bench.sent(), sent(&["event"; 11]));
}

#[test]
fn a_client_that_receives_its_opening_has_a_larger_queue_until_it_has_caught_up() {
    let mut bench = Bench::new(HubLimits { queue_frames_max: 2, opening_queue_frames_max: 5, ..HubLimits::default() });
    let pieces = (0..2).map(|_| Piece::Frame(frame::encode(frame::TEXT, b"e"))).collect();
    bench.with(|session, cx| session.go_live(cx, pieces));
    for _ in 0..5 {
        bench.event(1);
    }
    assert_eq!(bench.sent(), sent(&["event"; 2 + 5]), "nothing is lost");
    for _ in 0..3 {
        bench.event(1);
    }
    assert_eq!(bench.sent(), sent(&["close 4001"]), "then it is a client like all others");

    let mut bench = Bench::new(HubLimits { opening_queue_frames_max: 5, ..HubLimits::default() });
    bench.with(|session, cx| session.go_live(cx, VecDeque::from([Piece::Frame(frame::encode(frame::TEXT, b"e"))])));
    for _ in 0..6 {
        bench.event(1);
    }
    assert_eq!(bench.sent(), sent(&["close 4001"]), "and that has its limit too");
}

#[test]
fn pings_are_answered_in_order_and_an_excess_drops_the_oldest() {
    let mut bench = Bench::live(HubLimits::default());
    for payload in ["a", "b"] {
        bench.with(|session, cx| session.receive(cx, Input::Ping(payload.as_bytes())));
    }
    assert_eq!(bench.sent(), sent(&["pong frame a", "pong frame b"]));
    for number in 0..=PONGS_MAX {
        bench.with(|session, cx| session.receive(cx, Input::Ping(number.to_string().as_bytes())));
    }
    let (pongs, _) = bench.sent();
    assert_eq!((pongs.len(), pongs[0].as_str()), (PONGS_MAX, "pong frame 1"));
}

#[test]
fn ephemeral_frames_are_dropped_when_the_queue_is_half_full_and_never_overflow_it() {
    let mut bench = Bench::live(HubLimits { queue_frames_max: 4, ..HubLimits::default() });
    let typing = |bench: &mut Bench| {
        let typing = ServerMessage::Typing { group_id: group(1), user_id: ADA, typing: true, expires_in_seconds: 6 };
        bench.with(|session, cx| session.ephemeral(cx, frame::json(&typing)));
    };
    for _ in 0..3 {
        bench.event(1);
    }
    typing(&mut bench);
    bench.says(PING);
    assert_eq!(bench.sent(), sent(&["event"; 3]));
    for _ in 0..10 {
        typing(&mut bench);
    }
    assert_eq!(bench.sent(), sent(&["typing"; 3]));
    assert_eq!(bench.counters.ephemerals_dropped.into_inner(), 2 + 7);
}

#[test]
fn a_client_that_answers_no_ping_is_closed_at_the_next_heartbeat() {
    let mut bench = Bench::live(HubLimits::default());
    assert_eq!(bench.pass(24_999), Ticked::Nothing);
    assert_eq!(bench.pass(1), Ticked::Wake);
    assert_eq!(bench.sent(), sent(&["ping frame"]));
    assert_eq!(bench.pass(24_999), Ticked::Nothing);
    assert_eq!(bench.pass(1), Ticked::Wake);
    assert_eq!(bench.sent(), last(&["close 4002"]), "nobody waits for a peer that is gone");
    assert_eq!(bench.pass(1), Ticked::ShutDown);
}

#[test]
fn anything_received_counts_as_a_sign_of_life() {
    for input in [Input::Pong, Input::Text("nonsense"), Input::Binary(b""), Input::Ping(b""), Input::Fragment] {
        let mut bench = Bench::live(HubLimits::default());
        bench.pass(25_000);
        bench.with(|session, cx| session.receive(cx, input));
        bench.pass(25_000);
        assert!(!bench.session.is_closing());
    }
}

#[test]
fn pings_of_clients_that_connected_together_are_spread() {
    let limits = HubLimits::default();
    let counters = Counters::default();
    let cx = Cx { now: Moment::default(), limits: &limits, counters: &counters };
    let mut session = Session::new(&cx, Grant::lasting(Duration::MAX), Duration::from_secs(10));
    let at = |seconds| Cx { now: Moment::since_start(Duration::from_secs(seconds)), ..cx };
    assert_eq!(session.tick(&at(14)), Ticked::Nothing);
    assert_eq!(session.tick(&at(15)), Ticked::Wake, "earlier than the others, and never later");
    assert_eq!(session.tick(&at(39)), Ticked::Nothing);
    assert_eq!(session.tick(&at(40)), Ticked::Wake);
}

#[test]
fn an_expired_token_closes_the_session_after_the_queued_frames() {
    let mut bench = Bench::live(HubLimits { heartbeat: Duration::from_secs(10_000), ..HubLimits::default() });
    assert_eq!(bench.pass(3_539_999), Ticked::Nothing);
    assert_eq!(bench.pass(1), Ticked::Wake);
    assert_eq!(bench.sent(), sent(&["token_expiring"]));
    assert_eq!(bench.pass(59_999), Ticked::Nothing);
    bench.event(1);
    assert_eq!(bench.pass(1), Ticked::Wake);
    assert_eq!(bench.sent(), sent(&["event", "close 4003"]));
}

#[test]
fn an_opening_may_take_long_while_the_client_makes_progress() {
    let mut bench = Bench::new(HubLimits { heartbeat: Duration::from_secs(10_000), ..HubLimits::default() });
    let pieces = (0..4).map(|_| Piece::Frame(frame::encode(frame::TEXT, b"e"))).collect();
    bench.with(|session, cx| session.go_live(cx, pieces));
    for _ in 0..3 {
        assert_eq!(bench.pass(29_999), Ticked::Nothing);
        bench.with(|session, cx| session.transmit(cx));
    }
    assert_eq!(bench.pass(30_000), Ticked::Wake);
    assert_eq!(bench.sent(), sent(&["close 4001"]), "without the rest, and so without anything live");
}

#[test]
fn the_list_is_sent_in_pieces_before_later_frames() {
    let mut bench = Bench::new(HubLimits { heartbeat: Duration::from_secs(10_000), ..HubLimits::default() });
    let frame = || Piece::Frame(frame::encode(frame::TEXT, b"e"));
    let piece = |more| Piece::Snapshot {
        groups: GroupTexts::from_iter([(group_text(&a_group()), Role::Owner)]),
        pending: Vec::new(),
        more,
        cursor: "c".to_owned(),
    };
    bench.with(|session, cx| session.go_live(cx, VecDeque::from([frame(), Piece::Unread, frame()])));
    bench.event(1);
    assert_eq!(bench.sent(), sent(&["event"]), "then it waits for the piece");
    assert!(bench.session.wants_piece());
    assert_eq!(bench.pass(60_000), Ticked::Nothing, "it is not the client that is slow");
    bench.with(|session, cx| session.list_piece(cx, piece(true), true));
    assert!(!bench.session.wants_piece());
    assert_eq!(bench.sent(), sent(&["snapshot"]));
    bench.with(|session, cx| session.list_piece(cx, piece(false), false));
    assert_eq!(bench.sent(), sent(&["snapshot", "event", "event"]));
    assert!(!bench.session.wants_piece());
}

#[test]
fn a_client_that_is_closed_while_its_list_is_read_receives_no_more_pieces() {
    let mut bench = Bench::new(HubLimits::default());
    bench.with(|session, cx| session.go_live(cx, VecDeque::from([Piece::Unread])));
    bench.with(|session, cx| session.close(cx, Close::restarting((1, 2))));
    let piece = Piece::Snapshot {
        groups: GroupTexts::from_iter([(group_text(&a_group()), Role::Owner)]),
        pending: Vec::new(),
        more: false,
        cursor: "c".to_owned(),
    };
    bench.with(|session, cx| session.list_piece(cx, piece, false));
    assert_eq!(bench.sent(), sent(&["close 1012"]));
}

#[test]
fn a_close_frame_of_the_server_is_sent_once_and_completed_by_the_clients() {
    let mut bench = Bench::live(HubLimits::default());
    bench.with(|session, cx| session.close(cx, Close::restarting((1, 2))));
    assert_eq!(bench.sent(), sent(&["close 1012"]));
    bench.event(1);
    bench.says(PING);
    bench.with(|session, cx| session.close(cx, Close::flood()));
    assert_eq!(bench.sent(), sent(&[]), "nothing comes after it, and it closes once");
    bench.with(|session, cx| session.receive(cx, Input::Close(Some(1012))));
    assert_eq!(bench.sent(), last(&[]));
}

#[test]
fn a_socket_is_shut_down_if_the_client_does_not_answer_the_close_frame() {
    let mut bench = Bench::live(HubLimits::default());
    bench.with(|session, cx| session.close(cx, Close::slow_consumer()));
    assert_eq!(bench.pass(4_999), Ticked::Nothing);
    assert_eq!(bench.pass(1), Ticked::ShutDown);
    assert_eq!(bench.pass(1), Ticked::Nothing, "it is not tried at every tick");
    assert_eq!(bench.sent(), last(&["close 4001"]));
}

#[test]
fn a_close_frame_of_the_client_is_answered_immediately_with_its_code() {
    for (code, answer) in [(Some(1000), "close 1000"), (Some(4123), "close 4123"), (None, "close")] {
        let mut bench = Bench::live(HubLimits::default());
        bench.event(1);
        bench.with(|session, cx| session.receive(cx, Input::Close(code)));
        assert_eq!(bench.sent(), last(&[answer]));
    }
}

#[test]
fn the_message_rate_limit_refills_over_time() {
    let mut bench = Bench::live(HubLimits { messages_per_second: 10, messages_burst: 20, ..HubLimits::default() });
    for _ in 0..20 {
        bench.says(PING);
    }
    assert_eq!(bench.sent().0.iter().filter(|frame| *frame == "rate_limited").count(), 1);
    bench.pass(100);
    bench.says(PING);
    assert!(!bench.session.is_closing(), "a tenth of a second is worth a message");
    bench.pass(99);
    bench.says(PING);
    assert!(bench.session.is_closing());
    assert_eq!(bench.sent(), sent(&["close 4501"]));
}

#[test]
fn a_client_at_the_average_message_rate_is_never_rate_limited() {
    let mut bench = Bench::live(HubLimits { heartbeat: Duration::from_secs(100_000), ..HubLimits::default() });
    for _ in 0..10_000 {
        bench.pass(50);
        bench.says(PING);
        assert_eq!(bench.sent(), sent(&["pong"]));
    }
}

#[test]
fn a_typing_message_is_returned_as_an_action() {
    let mut bench = Bench::live(HubLimits::default());
    let text = format!(r#"{{"type":"typing","group_id":"{}","typing":true}}"#, group(1));
    let action = ClientAction::Typing { group_id: group(1), typing: true };
    assert_eq!(bench.says(&text), Some(action));
}

#[test]
fn typing_messages_before_the_list_are_ignored() {
    let mut bench = Bench::new(HubLimits::default());
    let text = format!(r#"{{"type":"typing","group_id":"{}","typing":true}}"#, group(1));
    assert_eq!(bench.says(&text), None);
    bench.with(|session, cx| session.go_live(cx, VecDeque::new()));
    assert_eq!(bench.sent(), sent(&[]));
}

#[test]
fn an_idle_connection_is_small() {
    let _ = user(0);
    assert!(size_of::<Session>() <= 144, "{} bytes", size_of::<Session>());
    let idle = Bench::live(HubLimits::default()).session;
    assert!(idle.opening.is_none() && idle.queue.is_empty(), "no memory but its own");
}

/// What happens to a session.
#[derive(Clone, Debug)]
enum Act {
    Event(usize),
    Says,
    Pings,
    /// The client sends its close frame.
    Closes,
    Pass(u64),
    /// The list begins with this piece; more follow.
    GoesLive,
    /// The next piece is read; whether more follow.
    Piece(bool),
    /// The transport sends everything.
    Send,
}

impl Act {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            12 => (1..400usize).prop_map(Self::Event),
            2 => Just(Self::Says),
            2 => Just(Self::Pings),
            1 => Just(Self::Closes),
            3 => (1..20_000u64).prop_map(Self::Pass),
            3 => Just(Self::GoesLive),
            3 => any::<bool>().prop_map(Self::Piece),
            4 => Just(Self::Send),
        ]
    }

    fn piece() -> Piece {
        Piece::Frame(frame::encode(frame::TEXT, &[b'e'; 200]))
    }

    fn apply(&self, bench: &mut Bench) {
        match self {
            Self::Event(bytes) => bench.event(*bytes),
            Self::Says => drop(bench.says(PING)),
            Self::Pings => drop(bench.with(|session, cx| session.receive(cx, Input::Ping(b"x")))),
            Self::Closes => drop(bench.with(|session, cx| session.receive(cx, Input::Close(Some(1000))))),
            Self::Pass(millis) => drop(bench.pass(*millis)),
            Self::GoesLive => {
                let pieces = VecDeque::from([Self::piece(), Piece::Unread, Self::piece()]);
                bench.with(|session, cx| session.go_live(cx, pieces));
            }
            Self::Piece(more) => bench.with(|session, cx| session.list_piece(cx, Self::piece(), *more)),
            Self::Send => {}
        }
    }
}

impl Bench {
    /// Everything that is sent in batches, and whether the connection ends.
    fn sent_in_batches(&mut self, max: BatchMax) -> (Vec<String>, bool) {
        let mut sent = Vec::new();
        loop {
            let mut batch = FrameQueue::default();
            let after = self.with(|session, cx| session.transmit_batch(cx, &mut batch, max));
            assert!(batch.len() <= max.frames);
            while let Some(frame) = batch.pop() {
                sent.push(describe(&frame));
                // Only the last frame reaches the limit.
                assert!(batch.is_empty() || frame.len() < max.bytes);
            }
            match after {
                After::More => {}
                After::Wait => return (sent, false),
                After::End => return (sent, true),
            }
        }
    }
}

proptest! {
    #[test]
    fn batches_of_any_size_have_the_same_frames_as_one_after_the_other(
        acts in proptest::collection::vec(Act::any(), 0..60),
        is_live in any::<bool>(),
        frames in 1..8usize,
        bytes in 1..1_000usize,
    ) {
        let limits = HubLimits { queue_frames_max: 40, ..HubLimits::default() };
        let new = |limits| if is_live { Bench::live(limits) } else { Bench::new(limits) };
        let (mut one, mut batches) = (new(limits.clone()), new(limits));
        for act in acts.iter().chain([&Act::Send]) {
            act.apply(&mut one);
            act.apply(&mut batches);
            if matches!(act, Act::Send) {
                prop_assert_eq!(one.sent(), batches.sent_in_batches(BatchMax { frames, bytes }));
            }
        }
        let counts = |bench: &Bench| {
            let Counters { queue_bytes, frames_sent, bytes_sent, .. } = &bench.counters;
            [queue_bytes, frames_sent, bytes_sent].map(|counter| counter.load(std::sync::atomic::Ordering::Relaxed))
        };
        prop_assert_eq!(counts(&one), counts(&batches));
    }
}
