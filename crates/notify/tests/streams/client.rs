//! A client of server-sent events.

use groups_domain::UserId;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::server::Server;
use crate::world::group;

/// Groups with numbers from here on are only markers.
const MARKS: u128 = 1_000_000;

/// One stream.
pub(crate) struct Client {
    user: UserId,
    pub(crate) answer: Answer,
}

/// How a stream ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) code: u16,
    pub(crate) reason: String,
}

impl Client {
    /// Connects without reading an event.
    pub(crate) async fn connect(server: &Server, user: UserId, more: &str) -> Self {
        Self::over(TcpStream::connect(server.address).await.unwrap(), user, more).await
    }

    pub(crate) async fn over(stream: TcpStream, user: UserId, more: &str) -> Self {
        let answer = Answer::get(stream, &format!("/events?user={user}{more}")).await;
        assert_eq!(answer.status, 200);
        Self { user, answer }
    }

    /// Connects and reads up to `ready`; returns the messages before it.
    pub(crate) async fn ready(server: &Server, user: UserId) -> (Self, Vec<Value>) {
        let mut client = Self::connect(server, user, "").await;
        let opening = client.until("ready").await;
        (client, opening)
    }

    pub(crate) async fn resume(server: &Server, user: UserId, cursor: &str) -> (Self, Vec<Value>) {
        let mut client = Self::connect(server, user, &format!("&cursor={cursor}")).await;
        let opening = client.until("ready").await;
        (client, opening)
    }

    /// Returns the next message.
    pub(crate) async fn next(&mut self) -> Value {
        match self.step().await {
            Ok(message) => message,
            Err(closed) => panic!("closed with {closed:?} where a message was due"),
        }
    }

    /// Returns all messages up to and including the next one of this type.
    pub(crate) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let message = self.next().await;
            let last = message["type"] == kind;
            messages.push(message);
            if last {
                return messages;
            }
        }
    }

    /// Returns all deliveries that are in flight to the client. A group of its own follows them.
    pub(crate) async fn so_far(&mut self, server: &Server) -> Vec<Value> {
        let mark = group(MARKS + server.world().len() as u128);
        server.happen(|world| world.create(mark, self.user, &[])).await;
        let mut messages = Vec::new();
        loop {
            let message = self.next().await;
            if message["group_id"] == json!(mark) {
                return messages;
            }
            // Others are the markers of another client of this user.
            if message["group_id"].as_str().is_none_or(|id| id < &*group(MARKS).to_string()) {
                messages.push(message);
            }
        }
    }

    /// Returns how the stream ends; messages before that are ignored.
    pub(crate) async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.step().await {
                return closed;
            }
        }
    }

    /// Returns the next message or the close. Checks that the fields of the event are those of the
    /// message.
    pub(crate) async fn step(&mut self) -> Result<Value, Closed> {
        let fields = loop {
            match self.fields().await {
                None => return Err(Closed { code: 1006, reason: String::new() }),
                // A comment.
                Some(fields) if fields.is_empty() => {}
                Some(fields) => break fields,
            }
        };
        let value = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let message: Value = serde_json::from_str(value("data").unwrap()).unwrap();
        assert_eq!(value("event"), message["type"].as_str());
        assert_eq!(value("id"), message["cursor"].as_str());
        if message["type"] == "close" {
            let code = u16::try_from(message["code"].as_u64().unwrap()).unwrap();
            assert_eq!(value("retry").is_some(), code == 1012);
            assert!(self.fields().await.is_none(), "nothing follows the close");
            return Err(Closed { code, reason: message["reason"].as_str().unwrap().to_owned() });
        }
        Ok(message)
    }

    /// The fields of the next event; none for a comment, and `None` at the end.
    pub(crate) async fn fields(&mut self) -> Option<Vec<(String, String)>> {
        let mut fields = Vec::new();
        loop {
            match &*self.answer.line().await? {
                "" => return Some(fields),
                ":" => {}
                line => {
                    let (name, value) = line.split_once(": ").unwrap();
                    fields.push((name.to_owned(), value.to_owned()));
                }
            }
        }
    }
}

/// The types of messages, in order.
pub(crate) fn types(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["type"].as_str().unwrap()).collect()
}
