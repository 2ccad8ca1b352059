//! A client on a real socket.

use futures_util::{SinkExt as _, StreamExt as _};
use groups_domain::UserId;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::server::Server;
use crate::world::group;

/// Groups with numbers from here on are only markers.
const MARKS: u128 = 1_000_000;

/// One connection.
pub(crate) struct Client {
    user: UserId,
    pub(crate) socket: WebSocketStream<TcpStream>,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) code: u16,
    pub(crate) reason: String,
}

impl Client {
    /// Connects without reading anything.
    pub(crate) async fn connect(server: &Server, user: UserId, more: &str) -> Self {
        Self::try_connect(server, user, more).await.unwrap()
    }

    pub(crate) async fn try_connect(server: &Server, user: UserId, more: &str) -> Result<Self, tungstenite::Error> {
        Self::over(TcpStream::connect(server.address).await?, server, user, more).await
    }

    pub(crate) async fn over(
        stream: TcpStream,
        server: &Server,
        user: UserId,
        more: &str,
    ) -> Result<Self, tungstenite::Error> {
        let request = format!("ws://{}/ws?user={user}{more}", server.address).into_client_request()?;
        let config = WebSocketConfig::default().accept_unmasked_frames(false);
        let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
        Ok(Self { user, socket })
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

    /// Returns the next message. The library answers pings.
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

    /// Returns everything in flight to the client: responses to its messages, and all deliveries.
    pub(crate) async fn so_far(&mut self, server: &Server) -> Vec<Value> {
        let mut messages = self.settled(server).await;
        let is_mark = |message: &Value| message["group_id"].as_str().is_some_and(|id| id >= &*group(MARKS).to_string());
        messages.retain(|message| message["type"] != "pong" && !is_mark(message));
        messages
    }

    /// The same, including the markers: a `pong`, which follows the responses, and a group of its
    /// own, which follows the deliveries.
    pub(crate) async fn settled(&mut self, server: &Server) -> Vec<Value> {
        self.say(json!({"type": "ping"})).await;
        let mut messages = self.until("pong").await;
        let mark = group(MARKS + server.world().len() as u128);
        server.happen(|world| world.create(mark, self.user, &[])).await;
        while messages.last().is_none_or(|message| message["group_id"] != json!(mark)) {
            messages.push(self.next().await);
        }
        messages
    }

    /// Returns how the connection ends; messages before that are ignored.
    pub(crate) async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.step().await {
                return closed;
            }
        }
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Returns the next message or the close.
    pub(crate) async fn step(&mut self) -> Result<Value, Closed> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    let closed = frame.map_or(Closed { code: 1005, reason: String::new() }, |frame| Closed {
                        code: frame.code.into(),
                        reason: frame.reason.to_string(),
                    });
                    // Sends the answering close frame, and waits for the server to close the
                    // connection.
                    while let Some(Ok(_)) = self.socket.next().await {}
                    return Err(closed);
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Closed { code: 1006, reason: error.to_string() }),
                None => return Err(Closed { code: 1006, reason: String::new() }),
            }
        }
    }
}

/// The types of messages, in order.
pub(crate) fn types(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["type"].as_str().unwrap()).collect()
}
