//! A session as one JSON document: what a client has missed, for clients that poll.
//!
//! ```text
//! {"user_id":"…","resumed":true,"events":[…],"cursor":"…"}
//! {"user_id":"…","resumed":false,"groups":[…],"invitations":[…],"requests":[…],"events":[…],"cursor":"…"}
//! ```

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use groups_protocol::CloseCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::messages::{Messages, Said};
use super::slices::Slices;

/// No further event is added to a document that has this many bytes of events. The client asks for
/// the others with the cursor of the last one.
const EVENTS_BYTES_MAX: usize = 1024 * 1024;

/// Why there is no document: the session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended (close code {code:?})")]
pub struct CatchUpError {
    /// The close code of the session, see [`CloseCode`](groups_protocol::CloseCode). `None` if its
    /// worker has failed.
    pub code: Option<u16>,
}

/// Answers with what was missed. A session that ends meanwhile ends the wait.
pub(super) async fn respond(mut messages: Messages, wait: Duration) -> Result<HttpResponse, CatchUpError> {
    let mut missed = Missed::default();
    loop {
        let json = match poll_fn(|cx| messages.poll_next(cx)).await {
            Some(Said::Message(json)) => json,
            Some(Said::Heartbeat) => continue,
            Some(Said::Close { code, .. }) => return Err(CatchUpError { code }),
            None => return Err(CatchUpError { code: None }),
        };
        match Parsed::of(&json) {
            Parsed::Welcome { resumed: false } => {
                let body = ListBody { messages, missed, stage: Stage::Begin, unsent: Slices::default() };
                return Ok(HttpResponse::Ok().content_type("application/json").body(body));
            }
            Parsed::Ready(cursor) => {
                missed.cursor = cursor.into_owned();
                break;
            }
            parsed => {
                missed.add(&json, parsed);
                if missed.events.len() >= EVENTS_BYTES_MAX {
                    break;
                }
            }
        }
    }
    if missed.events.is_empty() && !wait.is_zero() {
        let first = async { while missed.events.is_empty() && missed.next(&mut messages).await {} };
        // Either way, the document is complete.
        let _ = tokio::time::timeout(wait, first).await;
        if missed.events.is_empty() && missed.close == Some(CloseCode::SessionEnded.get()) {
            return Err(CatchUpError { code: missed.close });
        }
    }
    poll_fn(|cx| {
        missed.add_available(&mut messages, cx);
        Poll::Ready(())
    })
    .await;
    let mut document = format!("{{\"user_id\":\"{}\",\"resumed\":true,", messages.user_id()).into_bytes();
    missed.write(&mut document);
    Ok(HttpResponse::Ok().content_type("application/json").body(document))
}

/// The events of a document, and the cursor after them.
#[derive(Default)]
struct Missed {
    /// JSON, separated by commas.
    events: Vec<u8>,
    cursor: String,
    /// The close code, if the session has ended.
    close: Option<u16>,
}

impl Missed {
    fn add(&mut self, json: &[u8], parsed: Parsed<'_>) {
        if let Parsed::Event { cursor } = parsed {
            if !self.events.is_empty() {
                self.events.push(b',');
            }
            self.events.extend_from_slice(json);
            self.cursor = cursor.into_owned();
        }
    }

    /// Waits for the next message. Returns whether there was one.
    async fn next(&mut self, messages: &mut Messages) -> bool {
        match poll_fn(|cx| messages.poll_next(cx)).await {
            Some(Said::Message(json)) => {
                self.add(&json, Parsed::of(&json));
                true
            }
            Some(Said::Heartbeat) => true,
            Some(Said::Close { code, .. }) => {
                self.close = code;
                false
            }
            None => false,
        }
    }

    /// Adds the events that are there.
    fn add_available(&mut self, messages: &mut Messages, cx: &mut Context<'_>) {
        while self.events.len() < EVENTS_BYTES_MAX {
            match messages.poll_next(cx) {
                Poll::Ready(Some(Said::Message(json))) => self.add(&json, Parsed::of(&json)),
                Poll::Ready(Some(Said::Heartbeat)) => {}
                Poll::Ready(Some(Said::Close { .. }) | None) | Poll::Pending => return,
            }
        }
    }

    /// The end of the document.
    fn write(&self, document: &mut Vec<u8>) {
        document.extend_from_slice(b"\"events\":[");
        document.extend_from_slice(&self.events);
        document.extend_from_slice(b"],\"cursor\":");
        document.extend_from_slice(serde_json::Value::from(&*self.cursor).to_string().as_bytes());
        document.push(b'}');
    }
}

/// What a message means for a document.
enum Parsed<'a> {
    Welcome {
        resumed: bool,
    },
    Ready(Cow<'a, str>),
    Event {
        cursor: Cow<'a, str>,
    },
    /// Not part of a document, such as `typing`.
    Other,
}

impl<'a> Parsed<'a> {
    fn of(json: &'a [u8]) -> Self {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(rename = "type", borrow)]
            kind: Cow<'a, str>,
            #[serde(borrow, default)]
            cursor: Option<Cow<'a, str>>,
            /// Every event of a group has one.
            #[serde(default)]
            version: Option<u64>,
            #[serde(default)]
            resumed: bool,
        }
        match serde_json::from_slice(json) {
            Ok(Head { kind, resumed, .. }) if kind == "welcome" => Self::Welcome { resumed },
            Ok(Head { kind, cursor: Some(cursor), .. }) if kind == "ready" => Self::Ready(cursor),
            Ok(Head { cursor: Some(cursor), version: Some(_), .. }) => Self::Event { cursor },
            _ => Self::Other,
        }
    }
}

/// A piece of the list, with its parts as they are.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow)]
    groups: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    invitations: Option<&'a RawValue>,
    #[serde(borrow, default)]
    requests: Option<&'a RawValue>,
    more: bool,
}

/// What follows in a document with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begin,
    /// Pieces of the list; whether there was a group before.
    List {
        began: bool,
    },
    Ready,
    Done,
}

/// A document with a list, which is read as the client takes it.
struct ListBody {
    messages: Messages,
    missed: Missed,
    stage: Stage,
    unsent: Slices,
}

impl ListBody {
    /// Takes a message, and adds what it means to the document.
    fn take(&mut self, json: &[u8], document: &mut Vec<u8>) {
        match (self.stage, Parsed::of(json)) {
            (Stage::List { began }, Parsed::Other) => {
                if let Ok(piece) = serde_json::from_slice(json) {
                    self.stage = write_piece(&piece, began, document);
                }
            }
            (Stage::Ready, Parsed::Ready(cursor)) => {
                self.missed.cursor = cursor.into_owned();
                self.stage = Stage::Done;
            }
            (_, parsed) => self.missed.add(json, parsed),
        }
    }

    /// The next part of the document. The client sees that a document without an end is not complete.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, CatchUpError>> {
        if self.stage == Stage::Begin {
            self.stage = Stage::List { began: false };
            let user_id = self.messages.user_id();
            let begin = format!("{{\"user_id\":\"{user_id}\",\"resumed\":false,\"groups\":[");
            return Poll::Ready(Ok(begin.into_bytes()));
        }
        let mut part = Vec::new();
        loop {
            let json = match ready!(self.messages.poll_next(cx)) {
                Some(Said::Message(json)) => json,
                Some(Said::Heartbeat) => continue,
                Some(Said::Close { code, .. }) => return Poll::Ready(Err(CatchUpError { code })),
                None => return Poll::Ready(Err(CatchUpError { code: None })),
            };
            self.take(&json, &mut part);
            if self.stage == Stage::Done {
                self.missed.add_available(&mut self.messages, cx);
                self.missed.write(&mut part);
            }
            if !part.is_empty() {
                return Poll::Ready(Ok(part));
            }
        }
    }
}

/// Adds a piece of the list. `began`: whether there was a group before it. Returns what follows.
fn write_piece(piece: &Piece<'_>, mut began: bool, document: &mut Vec<u8>) -> Stage {
    for group in &piece.groups {
        if std::mem::replace(&mut began, true) {
            document.push(b',');
        }
        document.extend_from_slice(group.get().as_bytes());
    }
    if piece.more {
        return Stage::List { began };
    }
    for (name, list) in [("],\"invitations\":", piece.invitations), (",\"requests\":", piece.requests)] {
        document.extend_from_slice(name.as_bytes());
        document.extend_from_slice(list.map_or("[]", RawValue::get).as_bytes());
    }
    document.push(b',');
    Stage::Ready
}

impl MessageBody for ListBody {
    type Error = actix_web::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.unsent.is_empty() {
            if this.stage == Stage::Done {
                return Poll::Ready(None);
            }
            match ready!(this.poll_part(cx)) {
                Ok(part) => this.unsent.set(part.into()),
                Err(error) => return Poll::Ready(Some(Err(actix_web::error::ErrorServiceUnavailable(error)))),
            }
        }
        Poll::Ready(Some(Ok(this.unsent.next())))
    }
}
