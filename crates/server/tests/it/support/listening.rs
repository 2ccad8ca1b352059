//! Clients that use no WebSocket: a stream of server-sent events, and polling. They report the
//! messages of a [`Socket`](super::Socket).

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::heard::{Heard, Refused};
use super::{Answer, Http, people::escaped};

/// What a client asks for.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) address: SocketAddr,
    pub(super) path: String,
    pub(super) cursor: Option<String>,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// A stream of events.
pub(super) struct EventStream {
    stream: TcpStream,
    is_chunked: bool,
    /// Bytes that have arrived and were not decoded.
    raw: Vec<u8>,
    /// The body that was not read.
    body: Vec<u8>,
    ended: bool,
}

impl EventStream {
    pub(super) async fn open(request: &Request) -> Result<Self, Refused> {
        let Request { address, path, cursor, headers } = request;
        let mut stream = TcpStream::connect(address).await.map_err(Refused::lost)?;
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n");
        if let Some(cursor) = cursor {
            head.push_str(&format!("Last-Event-ID: {cursor}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.map_err(Refused::lost)?;
        let mut raw = Vec::new();
        let end = loop {
            if let Some(end) = raw.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut raw).await.map_err(Refused::lost)? == 0 {
                return Err(Refused::Lost("the connection ended".to_owned()));
            }
        };
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        raw.drain(..end + 4);
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        if status != 200 {
            let _ = stream.read_to_end(&mut raw).await;
            return Err(Refused::Answered(Answer { status, headers, body: raw }));
        }
        let is_chunked = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
        Ok(Self { stream, is_chunked, raw, body: Vec::new(), ended: false })
    }

    /// Receives the next item. Cancellation-safe.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            self.decode();
            if let Some(event) = self.event() {
                if let Some(heard) = heard(&event) {
                    return heard;
                }
                continue;
            }
            if self.ended || self.stream.read_buf(&mut self.raw).await.unwrap_or_default() == 0 {
                return Heard::Lost;
            }
        }
    }

    /// Moves what has arrived to the body.
    fn decode(&mut self) {
        if !self.is_chunked {
            self.body.append(&mut self.raw);
            return;
        }
        while let Some(line) = self.raw.windows(2).position(|bytes| bytes == b"\r\n") {
            let size = std::str::from_utf8(&self.raw[..line]).expect("a size");
            let size = usize::from_str_radix(size, 16).expect("a size");
            let end = line + 2 + size + 2;
            if self.raw.len() < end {
                return;
            }
            self.body.extend_from_slice(&self.raw[line + 2..end - 2]);
            self.raw.drain(..end);
            self.ended |= size == 0;
        }
    }

    fn event(&mut self) -> Option<String> {
        let end = self.body.windows(2).position(|bytes| bytes == b"\n\n")?;
        let event: Vec<u8> = self.body.drain(..end + 2).collect();
        Some(String::from_utf8(event).expect("UTF-8"))
    }
}

/// What an event says; `None` for a comment.
fn heard(event: &str) -> Option<Heard> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let message: Value = serde_json::from_str(field("data")?).expect("JSON in one line");
    assert_eq!(field("event"), message["type"].as_str(), "{event}");
    assert_eq!(field("id"), message["cursor"].as_str(), "{event}");
    if message["type"] == "close" {
        let code = message["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(1005);
        return Some(Heard::Closed(code, message["reason"].as_str().expect("a reason").to_owned()));
    }
    Some(Heard::Message(message))
}

/// A client that asks again and again.
pub(super) struct Polls {
    request: Request,
    http: Http,
    user_id: String,
    /// Whether the first answer is still to come.
    opens: bool,
    waiting: VecDeque<Value>,
    /// The newest version of each group in earlier answers. Each answer is a resume, which may repeat events.
    known: HashMap<String, u64>,
}

impl Polls {
    pub(super) fn new(request: Request, user_id: String) -> Self {
        let http = Http::new(request.address);
        Self { request, http, user_id, opens: true, waiting: VecDeque::new(), known: HashMap::new() }
    }

    /// Receives the next item. Cancellation-safe.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Heard::Message(message);
            }
            match self.ask().await {
                Ok(answer) if answer.status == 200 => {
                    let answer = answer.value();
                    if !self.opens && answer["resumed"] == false {
                        // A cursor becomes invalid if the user is erased. Then everything is read again.
                        return Heard::Closed(4001, "the cursor is not valid any more".to_owned());
                    }
                    self.take(&answer);
                }
                _ => return Heard::Lost,
            }
        }
    }

    pub(super) async fn ask(&self) -> Result<Answer, std::io::Error> {
        let cursor = self.request.cursor.as_deref().map(escaped).unwrap_or_default();
        let mut call = self.http.call("GET", &format!("{}?wait=1&cursor={cursor}", self.request.path));
        for (name, value) in &self.request.headers {
            call = call.header(name, value);
        }
        call.try_send().await
    }

    /// Converts an answer into the messages of a socket.
    pub(super) fn take(&mut self, answer: &Value) {
        let resumed = answer["resumed"].as_bool().expect("whether it is resumed");
        let cursor = answer["cursor"].as_str().expect("a cursor");
        let events = answer["events"].as_array().expect("events");
        let ready = json!({"type": "ready", "cursor": cursor});
        if std::mem::take(&mut self.opens) {
            self.waiting.push_back(json!({"type": "welcome", "user_id": self.user_id, "resumed": resumed}));
            if resumed {
                self.waiting.extend(events.iter().cloned());
                self.waiting.push_back(ready);
            } else {
                for (at, groups) in
                    pieces(answer["groups"].as_array().expect("groups")).into_iter().rev().enumerate().rev()
                {
                    let mut piece = json!({"type": "snapshot", "groups": groups, "more": at > 0});
                    if at == 0 {
                        piece["invitations"] = answer["invitations"].clone();
                        piece["requests"] = answer["requests"].clone();
                    }
                    self.waiting.push_back(piece);
                }
                // The cursor is that of the whole document. A device that leaves before its events has none.
                self.waiting.push_back(if events.is_empty() { ready } else { json!({"type": "ready", "cursor": ""}) });
                self.waiting.extend(events.iter().cloned());
            }
        } else {
            let known = &self.known;
            let is_new = |event: &&Value| version(event) > known.get(&group(event)).copied();
            self.waiting.extend(events.iter().filter(is_new).cloned());
        }
        for event in events {
            let newest = self.known.entry(group(event)).or_default();
            *newest = version(event).unwrap_or_default().max(*newest);
        }
        self.request.cursor = Some(cursor.to_owned());
    }
}

fn group(event: &Value) -> String {
    event["group_id"].as_str().expect("a group").to_owned()
}

fn version(event: &Value) -> Option<u64> {
    event["version"].as_u64()
}

/// The pieces in which a socket would get these groups; at least one.
fn pieces(groups: &[Value]) -> Vec<Vec<Value>> {
    if groups.is_empty() { vec![Vec::new()] } else { groups.chunks(500).map(<[Value]>::to_vec).collect() }
}
