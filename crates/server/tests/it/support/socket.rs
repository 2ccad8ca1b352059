//! A client with full control: how it authenticates, what it sends, whether it reads, how it
//! disconnects. Usually a WebSocket; see [`Road`].

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        handshake::client::Request,
        http::{HeaderName, HeaderValue},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::heard::{Heard, Refused};
use super::listening::{EventStream, Polls, Request as Listening};
use super::{Answer, people::escaped, within};

/// The transport of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Road {
    #[default]
    WebSocket,
    EventStream,
    Polling,
}

impl Road {
    pub(crate) const ALL: [Self; 3] = [Self::WebSocket, Self::EventStream, Self::Polling];
}

/// An upgrade request to be sent.
#[derive(Clone)]
pub(crate) struct Dial {
    address: SocketAddr,
    road: Road,
    user_id: String,
    prefix: &'static str,
    cursor: Option<String>,
    headers: Vec<(&'static str, String)>,
    receive_buffer_bytes: Option<u32>,
}

impl Dial {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self {
            address,
            road: Road::WebSocket,
            user_id: String::new(),
            prefix: "",
            cursor: None,
            headers: Vec::new(),
            receive_buffer_bytes: None,
        }
    }

    /// Authenticates like programs, with a header.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Authenticates like browsers, with a subprotocol.
    pub(crate) fn protocols(self, token: &str) -> Self {
        self.header("Sec-WebSocket-Protocol", format!("groups.v1, bearer.{token}"))
    }

    /// The path prefix of the service.
    pub(crate) fn below(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    pub(crate) fn cursor(mut self, cursor: &str) -> Self {
        self.cursor = Some(cursor.to_owned());
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Uses another transport for this user.
    pub(crate) fn over(mut self, road: Road, user_id: &str) -> Self {
        self.road = road;
        user_id.clone_into(&mut self.user_id);
        self
    }

    /// Sets the kernel's receive buffer, which bounds what a client that does not read receives.
    pub(crate) fn receive_buffer_bytes(mut self, bytes: u32) -> Self {
        self.receive_buffer_bytes = Some(bytes);
        self
    }

    fn request(&self) -> Request {
        let query = self.cursor.as_ref().map(|cursor| format!("?cursor={}", escaped(cursor))).unwrap_or_default();
        let mut request = format!("ws://{}{}/v1/ws{query}", self.address, self.prefix)
            .into_client_request()
            .expect("a URL of the server");
        for (name, value) in &self.headers {
            let value = HeaderValue::from_str(value).expect("a header's value");
            request.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).expect("a header's name"), value);
        }
        request
    }

    /// Connects, or returns why it cannot.
    pub(crate) async fn try_open(&self) -> Result<Socket, Refused> {
        if self.road != Road::WebSocket {
            return self.listen().await;
        }
        let socket = TcpSocket::new_v4().map_err(Refused::lost)?;
        if let Some(bytes) = self.receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes).map_err(Refused::lost)?;
        }
        let stream = socket.connect(self.address).await.map_err(Refused::lost)?;
        stream.set_nodelay(true).map_err(Refused::lost)?;
        match client_async(self.request(), stream).await {
            Ok((socket, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.map(|value| value.to_str().expect("a protocol's name").to_owned());
                Ok(Socket { line: Line::WebSocket(Box::new(socket)), protocol, opening: Vec::new() })
            }
            Err(Error::Http(response)) => Err(Refused::Answered(Answer {
                status: response.status().as_u16(),
                headers: response
                    .headers()
                    .iter()
                    .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                    .collect(),
                body: response.into_body().unwrap_or_default(),
            })),
            Err(error) => Err(Refused::Lost(error.to_string())),
        }
    }

    async fn listen(&self) -> Result<Socket, Refused> {
        let path = format!("{}/v1/events", self.prefix);
        let request =
            Listening { address: self.address, path, cursor: self.cursor.clone(), headers: self.headers.clone() };
        let line = if self.road == Road::EventStream {
            Line::EventStream(EventStream::open(&request).await?)
        } else {
            let mut polls = Polls::new(request, self.user_id.clone());
            match polls.ask().await.map_err(Refused::lost)? {
                answer if answer.status == 200 => polls.take(&answer.value()),
                answer => return Err(Refused::Answered(answer)),
            }
            Line::Polls(polls)
        };
        Ok(Socket { line, protocol: None, opening: Vec::new() })
    }

    /// Connects; must succeed.
    pub(crate) async fn open(&self) -> Socket {
        match within("the upgrade", self.try_open()).await {
            Ok(socket) => socket,
            Err(refused) => panic!("no upgrade: {refused:?}"),
        }
    }

    /// Connects and reads up to and including `ready`.
    pub(crate) async fn ready(&self) -> Socket {
        let mut socket = self.open().await;
        socket.read_opening().await;
        socket
    }

    /// Returns the response to an upgrade that must be rejected.
    pub(crate) async fn refused(&self) -> Answer {
        match within("the upgrade", self.try_open()).await {
            Ok(_) => panic!("the upgrade was not refused"),
            Err(Refused::Answered(answer)) => answer,
            Err(Refused::Lost(what)) => panic!("no answer to the upgrade: {what}"),
        }
    }
}

/// A connection.
pub(crate) struct Socket {
    line: Line,
    /// The subprotocol that the server chose.
    pub(crate) protocol: Option<String>,
    /// The messages up to and including `ready`, as read by [`read_opening`](Self::read_opening).
    pub(crate) opening: Vec<Value>,
}

enum Line {
    WebSocket(Box<WebSocketStream<TcpStream>>),
    EventStream(EventStream),
    Polls(Polls),
}

impl Socket {
    /// Receives the next item, without a timeout.
    pub(crate) async fn hear(&mut self) -> Heard {
        let socket = match &mut self.line {
            Line::WebSocket(socket) => socket,
            Line::EventStream(stream) => return stream.hear().await,
            Line::Polls(polls) => return polls.hear().await,
        };
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let value = serde_json::from_str(&text);
                    return Heard::Message(value.unwrap_or_else(|error| panic!("{error} in {text}")));
                }
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) =
                        frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                    // Sends the answering close frame and closes the connection.
                    while let Some(Ok(_)) = socket.next().await {}
                    return Heard::Closed(code, reason);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => panic!("the server sent {other:?}"),
                Some(Err(Error::Protocol(error))) if !error.to_string().contains("closing handshake") => {
                    panic!("the server breaks the protocol: {error}")
                }
                Some(Err(_)) | None => return Heard::Lost,
            }
        }
    }

    /// Receives the next message; must succeed.
    pub(crate) async fn message(&mut self) -> Value {
        match within("a message", self.hear()).await {
            Heard::Message(message) => message,
            other => panic!("instead of a message: {other:?}"),
        }
    }

    /// Receives the next message, which must have this type.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        let message = self.message().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// Receives the next event, which must be valid for this user and have this type.
    pub(crate) async fn event(&mut self, user_id: &str, kind: &str) -> Value {
        let event = self.expect(kind).await;
        if let Err(what) = super::check_event(&event, user_id) {
            panic!("{what}");
        }
        event
    }

    /// Reads up to and including `ready`, checking the order: welcome, then the snapshot or the
    /// missed events, then ready.
    pub(crate) async fn read_opening(&mut self) {
        let welcome = self.expect("welcome").await;
        let resumed = welcome["resumed"].as_bool().expect("whether it is resumed");
        self.opening.push(welcome);
        let mut more = true;
        loop {
            let message = self.message().await;
            let done = message["type"] == "ready";
            match message["type"].as_str().expect("a type") {
                "ready" => assert!(resumed || !more, "ready before the last piece of the snapshot"),
                "snapshot" => {
                    assert!(!resumed && more, "an unexpected snapshot: {message}");
                    more = message["more"].as_bool().expect("whether there is more");
                }
                _ => assert!(resumed, "before ready: {message}"),
            }
            self.opening.push(message);
            if done {
                return;
            }
        }
    }

    /// Whether the server resumed from the cursor.
    pub(crate) fn resumed(&self) -> bool {
        self.opening[0]["resumed"] == true
    }

    /// The groups of the snapshot.
    pub(crate) fn snapshot(&self) -> Vec<Value> {
        let pieces = self.opening.iter().filter(|message| message["type"] == "snapshot");
        pieces.flat_map(|piece| piece["groups"].as_array().expect("groups").clone()).collect()
    }

    /// The missed events.
    pub(crate) fn missed(&self) -> &[Value] {
        match &self.opening[..] {
            [_, missed @ .., _] if self.resumed() => missed,
            _ => &[],
        }
    }

    /// The cursor of `ready`.
    pub(crate) fn cursor(&self) -> String {
        let ready = self.opening.last().expect("ready was read");
        ready["cursor"].as_str().expect("a cursor").to_owned()
    }

    /// Returns the close frame, ignoring messages before it.
    pub(crate) async fn goodbye(&mut self) -> (u16, String) {
        within("a goodbye", async {
            loop {
                match self.hear().await {
                    Heard::Message(_) => {}
                    Heard::Closed(code, reason) => return (code, reason),
                    Heard::Lost => panic!("the connection broke off without a goodbye"),
                }
            }
        })
        .await
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.web_socket().send(Message::text(text)).await.expect("the message is sent");
    }

    /// Whether the client can send.
    pub(crate) fn can_send(&self) -> bool {
        matches!(self.line, Line::WebSocket(_))
    }

    fn web_socket(&mut self) -> &mut WebSocketStream<TcpStream> {
        match &mut self.line {
            Line::WebSocket(socket) => socket,
            Line::EventStream(_) | Line::Polls(_) => panic!("this client only listens"),
        }
    }

    /// Sends any kind of message. Returns whether the connection accepted it.
    pub(crate) async fn send_raw(&mut self, message: Message) -> bool {
        self.web_socket().send(message).await.is_ok()
    }

    /// Asserts that nothing is in flight to this client: the next message is the response to a
    /// `ping`.
    pub(crate) async fn hears_nothing(&mut self) {
        self.send(json!({"type": "ping"})).await;
        self.expect("pong").await;
    }

    /// Closes the connection with a close frame.
    pub(crate) async fn close(mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let socket = self.web_socket();
        socket.close(Some(frame)).await.expect("the close frame is sent");
        within("the answer to a goodbye", async { while let Some(Ok(_)) = socket.next().await {} }).await;
    }

    /// The raw TCP connection, for clients that will not answer.
    pub(crate) fn into_stream(self) -> TcpStream {
        match self.line {
            Line::WebSocket(socket) => socket.into_inner(),
            Line::EventStream(_) | Line::Polls(_) => panic!("this client only listens"),
        }
    }
}
