//! A session as server-sent events (the section of that name in the HTML standard).

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::Waker;

use bytes::Bytes;
use groups_protocol::CloseCode;
use serde::{Deserialize, Serialize};

use super::messages::{Messages, Said};
use super::peer::Peer;
use crate::session::{Input, Transmit};

/// An event without data, which clients ignore.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// How many encoded events a thread keeps for its other streams, and their total size in bytes. Older ones
/// are encoded again.
const SHARED_MAX: usize = 64;
const SHARED_BYTES_MAX: usize = 128 * 1024;

thread_local! {
    static SHARED: RefCell<SharedEvents> = RefCell::default();
}

/// The events of a session.
pub(super) struct EventStream {
    messages: Messages,
    retry_seed: u8,
}

impl EventStream {
    /// `retry_seed` spreads the times at which the clients reconnect.
    pub(super) fn new(messages: Messages, retry_seed: u8) -> Self {
        Self { messages, retry_seed }
    }
}

impl Peer for EventStream {
    /// The client has nothing to say.
    fn receive(&mut self, _: Input<'_>) {}

    fn transmit(&mut self) -> Transmit {
        match self.messages.next() {
            Some(Said::Message(json)) => Transmit::Frame(SHARED.with_borrow_mut(|shared| shared.event(json))),
            Some(Said::Heartbeat) => Transmit::Frame(COMMENT),
            Some(Said::Close { code, reason }) => Transmit::Frame(close(code, &reason, self.retry_seed)),
            None if self.messages.has_ended() => Transmit::End,
            None => Transmit::Wait,
        }
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.messages.set_waker(waker);
    }

    fn is_shut_down(&self) -> bool {
        self.messages.is_shut_down()
    }
}

/// The last encoded events, oldest first. A change reaches many streams, soon after each other and
/// with the same frame.
#[derive(Default)]
struct SharedEvents {
    events: VecDeque<SharedEvent>,
    bytes: usize,
}

struct SharedEvent {
    /// Kept, so that no other message gets its address.
    json: Bytes,
    event: Bytes,
}

impl SharedEvents {
    /// Encodes a message, unless it is one of the last.
    fn event(&mut self, json: Bytes) -> Bytes {
        if json.is_unique() {
            // Nobody else gets it.
            return event(&json);
        }
        let is_same = |shared: &&SharedEvent| shared.json.as_ptr_range() == json.as_ptr_range();
        if let Some(shared) = self.events.iter().rfind(is_same) {
            return shared.event.clone();
        }
        let event = event(&json);
        self.bytes += json.len() + event.len();
        self.events.push_back(SharedEvent { json, event: event.clone() });
        while (self.bytes > SHARED_BYTES_MAX || self.events.len() > SHARED_MAX)
            && let Some(oldest) = self.events.pop_front()
        {
            self.bytes -= oldest.json.len() + oldest.event.len();
        }
        event
    }
}

/// The fields of a message that an event repeats.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    cursor: Option<Cow<'a, str>>,
}

/// Encodes a message, which is JSON in one line.
fn event(json: &[u8]) -> Bytes {
    let mut event = Vec::with_capacity(json.len() + 160);
    if let Ok(Head { kind, cursor }) = serde_json::from_slice(json) {
        field(&mut event, "event", &kind);
        if let Some(cursor) = cursor {
            field(&mut event, "id", &cursor);
        }
    }
    event.extend_from_slice(b"data: ");
    event.extend_from_slice(json);
    event.extend_from_slice(b"\n\n");
    Bytes::from(event)
}

/// Adds a field, unless its value would end it early.
fn field(event: &mut Vec<u8>, name: &str, value: &str) {
    if !value.contains(['\n', '\r', '\0']) {
        event.extend_from_slice(name.as_bytes());
        event.extend_from_slice(b": ");
        event.extend_from_slice(value.as_bytes());
        event.push(b'\n');
    }
}

/// The last event.
#[derive(Serialize)]
struct CloseBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    reason: &'a str,
}

fn close(code: Option<u16>, reason: &[u8], retry_seed: u8) -> Bytes {
    let reason = std::str::from_utf8(reason).unwrap_or_default();
    let mut last = Vec::new();
    if let (Some(code), Some([min_ms, max_ms])) = (code, retry_ms(reason))
        && code == CloseCode::Restarting.get()
    {
        // Clients that follow only the standard return at different times, too.
        let spread_ms = u64::from(max_ms.saturating_sub(min_ms)) * u64::from(retry_seed) / 255;
        field(&mut last, "retry", &(u64::from(min_ms) + spread_ms).to_string());
    }
    let body = CloseBody { kind: "close", code, reason };
    #[expect(clippy::expect_used, reason = "a number and a text serialize to memory without I/O")]
    let json = serde_json::to_vec(&body).expect("a close serializes to JSON");
    last.extend_from_slice(&event(&json));
    Bytes::from(last)
}

/// The range in the reason of a close with 1012.
fn retry_ms(reason: &str) -> Option<[u32; 2]> {
    #[derive(Deserialize)]
    struct Reason {
        retry_ms: [u32; 2],
    }
    serde_json::from_str::<Reason>(reason).ok().map(|reason| reason.retry_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    #[test]
    fn a_message_becomes_an_event_with_its_type_and_its_cursor() {
        let json = br#"{"type":"group_deleted","group_id":"1","cursor":"abc","group_name":"\"cursor\":\"x\""}"#;
        let encoded = event(json);
        let expected = format!("event: group_deleted\nid: abc\ndata: {}\n\n", String::from_utf8_lossy(json));
        assert_eq!(text(&encoded), expected);
        assert_eq!(text(&event(br#"{"type":"welcome"}"#)), "event: welcome\ndata: {\"type\":\"welcome\"}\n\n");
    }

    fn message(cursor: &str, bytes: usize) -> Bytes {
        Bytes::from(format!(r#"{{"type":"group_deleted","cursor":"{cursor}","name":"{}"}}"#, "x".repeat(bytes)))
    }

    #[test]
    fn streams_that_get_the_same_frame_share_its_event() {
        let mut shared = SharedEvents::default();
        let (json, equal) = (message("a", 1), message("a", 1));
        let (first, second) = (shared.event(json.clone()), shared.event(json.clone()));
        assert_eq!((&first, first.as_ptr()), (&event(&json), second.as_ptr()));
        let other = shared.event(equal.clone());
        assert_eq!(other, first);
        assert_ne!(other.as_ptr(), first.as_ptr(), "of another frame");
        drop((equal, first, second, other));
        let address = json.as_ptr();
        drop(json);
        assert_eq!(shared.events[0].json.as_ptr(), address, "no other frame gets the address of a known one");
    }

    #[test]
    fn a_message_of_one_stream_is_not_kept_and_others_only_up_to_a_limit() {
        let mut shared = SharedEvents::default();
        shared.event(message("alone", 1));
        assert!(shared.events.is_empty());
        let messages: Vec<Bytes> = (0..3 * SHARED_MAX).map(|number| message(&number.to_string(), 1)).collect();
        messages.iter().for_each(|json| drop(shared.event(json.clone())));
        assert_eq!(shared.events.len(), SHARED_MAX);
        assert_eq!(shared.events[0].json, messages[2 * SHARED_MAX]);
        let long = message("long", SHARED_BYTES_MAX / 3);
        assert_eq!(shared.event(long.clone()), event(&long));
        assert!(shared.bytes <= SHARED_BYTES_MAX, "{} bytes", shared.bytes);
        let endless = message("endless", SHARED_BYTES_MAX);
        assert_eq!(shared.event(endless.clone()), event(&endless));
        assert_eq!((shared.events.len(), shared.bytes), (0, 0));
    }

    #[test]
    fn a_cursor_that_would_end_its_field_is_left_out() {
        let encoded = event(br#"{"type":"ready","cursor":"a\nevent: forged"}"#);
        assert!(!text(&encoded).contains("id:"), "{}", text(&encoded));
    }

    #[test]
    fn the_last_event_has_the_code_the_reason_and_for_a_restart_when_to_return() {
        for (seed, retry) in [(0, 1_000), (51, 3_800), (255, 15_000)] {
            let closed = close(Some(1012), br#"{"retry_ms":[1000,15000]}"#, seed);
            let data = r#"{"type":"close","code":1012,"reason":"{\"retry_ms\":[1000,15000]}"}"#;
            assert_eq!(text(&closed), format!("retry: {retry}\nevent: close\ndata: {data}\n\n"));
        }
        let closed = close(Some(4003), b"token expired", 7);
        let data = r#"{"type":"close","code":4003,"reason":"token expired"}"#;
        assert_eq!(text(&closed), format!("event: close\ndata: {data}\n\n"));
    }
}
