//! One WebSocket connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::{Uri, header};
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::verdict::End;
use crate::backoff;
use crate::box_error::BoxError;
use crate::error::Refusal;
use crate::http::{Http, sensitive};
use crate::transport::Stream;
use crate::url::add_parameter;

/// How long the upgrade may take.
const UPGRADE_WITHIN: Duration = Duration::from_secs(30);
/// How long the server has to answer a close frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// Maximum size of a message, in bytes. The server's longest have about 256 KiB.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(super) struct Socket {
    stream: WebSocketStream<Stream>,
    /// A message that was not sent yet.
    outgoing: Option<Frame>,
    unflushed: bool,
}

impl Socket {
    /// Connects with a token, and with a cursor if there is one.
    pub(super) async fn connect(http: &Http, token: &str, cursor: Option<&str>) -> Result<Self, End> {
        let mut path = "/v1/ws".to_owned();
        if let Some(cursor) = cursor {
            add_parameter(&mut path, "cursor", cursor);
        }
        let lost = |error: tungstenite::Error| End::Lost(error.into());
        let mut request = http.url.socket(&path).into_client_request().map_err(lost)?;
        request.headers_mut().insert(header::AUTHORIZATION, sensitive(token).map_err(End::Invalid)?);
        let host: Uri = http.url.http("/").parse().map_err(|error| End::Lost(BoxError::from(error)))?;
        let stream = http.transport.connect(&host).await.map_err(End::Lost)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let upgrade = client_async_with_config(request, stream, Some(config));
        let upgraded = tokio::time::timeout(UPGRADE_WITHIN, upgrade).await;
        match upgraded.map_err(|late| End::Lost(late.into()))? {
            Ok((stream, _)) => Ok(Self { stream, outgoing: None, unflushed: false }),
            Err(tungstenite::Error::Http(response)) => {
                let retry_after = response.headers().get(header::RETRY_AFTER);
                let retry_after = retry_after.and_then(|value| backoff::retry_after(value.to_str().ok()?));
                let body = response.body().as_deref().unwrap_or_default();
                Err(End::Refused(Box::new(Refusal::new(response.status().as_u16(), body, retry_after))))
            }
            Err(error) => Err(lost(error)),
        }
    }

    /// The next frame, as text if it has one. Answers pings. Cancellation-safe.
    pub(super) async fn next(&mut self) -> Result<Option<String>, End> {
        self.deliver().await?;
        match self.stream.next().await {
            Some(Ok(Frame::Text(text))) => Ok(Some(text.as_str().to_owned())),
            Some(Ok(Frame::Close(close))) => {
                let (code, reason) =
                    close.map_or((1005, String::new()), |close| (close.code.into(), close.reason.to_string()));
                Err(End::Closed { code, reason })
            }
            Some(Ok(_)) => Ok(None),
            Some(Err(error)) => Err(End::Lost(error.into())),
            None => Err(End::Lost("the server closed the connection without a close frame".into())),
        }
    }

    /// Renews the token of the connection. It is sent by [`next`](Self::next).
    pub(super) fn authenticate(&mut self, token: &Arc<str>) {
        self.outgoing = Some(Frame::text(json!({"type": "authenticate", "token": &**token}).to_string()));
    }

    /// Sends what was not sent yet. Cancellation-safe: a message is either still in its place, or in the buffer of the stream.
    async fn deliver(&mut self) -> Result<(), End> {
        let lost = |error: tungstenite::Error| End::Lost(error.into());
        if self.outgoing.is_some() {
            std::future::poll_fn(|context| self.stream.poll_ready_unpin(context)).await.map_err(lost)?;
            if let Some(frame) = self.outgoing.take() {
                self.unflushed = true;
                self.stream.start_send_unpin(frame).map_err(lost)?;
            }
        }
        if self.unflushed {
            self.stream.flush().await.map_err(lost)?;
            self.unflushed = false;
        }
        Ok(())
    }

    /// Sends a close frame and waits for the answer, for at most a second.
    pub(super) async fn close(mut self) {
        let closing = async {
            self.stream.close(None).await?;
            while let Some(frame) = self.stream.next().await {
                frame?;
            }
            Ok::<_, tungstenite::Error>(())
        };
        // The connection ends in any case.
        drop(tokio::time::timeout(CLOSE_WITHIN, closing).await);
    }
}
