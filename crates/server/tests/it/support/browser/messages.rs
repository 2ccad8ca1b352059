//! Calls and events as JSON messages of one WebSocket, as both the DevTools protocol and WebDriver
//! BiDi have them.

use std::cell::Cell;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::Mutex};
use tokio_tungstenite::{WebSocketStream, client_async_with_config, tungstenite::Message};

use crate::support::within;

pub(super) struct Messages {
    socket: Mutex<WebSocketStream<TcpStream>>,
    last_id: Cell<u64>,
}

impl Messages {
    pub(super) async fn connect(url: &str) -> Self {
        let address = url.trim_start_matches("ws://").split('/').next().expect("an address");
        let stream = TcpStream::connect(address).await.expect("the browser listens");
        let (socket, _) = client_async_with_config(url, stream, None).await.expect("the browser answers");
        Self { socket: Mutex::new(socket), last_id: Cell::new(0) }
    }

    /// Sends a call and returns its answer. Events that come before are passed to `note`.
    pub(super) async fn call(&self, method: &str, mut request: Value, note: impl Fn(&Value)) -> Value {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        request["id"] = json!(id);
        within(method, async {
            let mut socket = self.socket.lock().await;
            socket.send(Message::text(request.to_string())).await.expect("the call is sent");
            loop {
                let message = match socket.next().await {
                    Some(Ok(Message::Text(text))) => serde_json::from_str::<Value>(&text).expect("JSON"),
                    Some(Ok(_)) => continue,
                    other => panic!("the browser is gone: {other:?}"),
                };
                if message["id"] == id {
                    return message;
                }
                note(&message);
            }
        })
        .await
    }
}
