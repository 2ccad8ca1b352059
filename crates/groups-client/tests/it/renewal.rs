//! Renewing the token of an open connection. The peer is scripted, because a server sends `token_expiring` a minute before the end,
//! and older servers never do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures_util::{SinkExt, StreamExt};
use groups_client::{Client, TokenReason, Update};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{new_user, until_live, within};

#[tokio::test]
async fn a_token_that_expires_soon_is_renewed_on_the_open_connection() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let group_id = new_user();
    let peer = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let typing = json!({"type": "typing", "group_id": group_id, "user_id": group_id, "typing": true, "expires_in_seconds": 6});
        for message in [
            json!({"type": "welcome", "user_id": group_id, "connection_id": group_id, "resumed": false, "heartbeat_seconds": 25}),
            json!({"type": "snapshot", "groups": [], "more": false, "cursor": "c"}),
            json!({"type": "ready", "cursor": "c"}),
            json!({"type": "added_in_a_later_version", "version": 7}),
            json!({"type": "token_expiring", "expires_at": "2026-11-27T00:00:00.000Z"}),
        ] {
            socket.send(Message::text(message.to_string())).await.unwrap();
        }
        let renewal = socket.next().await.unwrap().unwrap();
        socket.send(Message::text(json!({"type": "authenticated"}).to_string())).await.unwrap();
        socket.send(Message::text(typing.to_string())).await.unwrap();
        (renewal, socket)
    });
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let provider = move |reason| {
        let number = counted.fetch_add(1, Relaxed);
        async move { Ok(format!("token {number} {}", if reason == TokenReason::Expiring { "renewed" } else { "first" })) }
    };
    let mut watch = Client::builder(url).token_provider(provider).build().unwrap().watch().start();
    until_live(&mut watch).await;
    assert!(matches!(within("typing", watch.next()).await.unwrap(), Update::Typing(_)));
    let (renewal, _socket) = within("the renewal", peer).await.unwrap();
    let renewal: Value = serde_json::from_str(renewal.to_text().unwrap()).unwrap();
    assert_eq!(renewal, json!({"type": "authenticate", "token": "token 1 renewed"}));
    assert_eq!(asked.load(Relaxed), 2);
}
