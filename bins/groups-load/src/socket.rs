//! WebSocket of one client.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message as Frame, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Why a connection failed or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error("refused with HTTP {0}")]
    Refused(u16),
    #[error("closed with {code} {reason}")]
    Closed { code: u16, reason: String },
    #[error("{0}")]
    Broken(Box<tungstenite::Error>),
}

impl From<tungstenite::Error> for SocketError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Http(response) => Self::Refused(response.status().as_u16()),
            // The connection was lost, for which RFC 6455 section 7.1.5 reserves 1006.
            tungstenite::Error::Io(error) => Self::Closed { code: 1006, reason: error.to_string() },
            tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Self::Closed { code: 1006, reason: String::new() }
            }
            error => Self::Broken(Box::new(error)),
        }
    }
}

/// An upgraded connection.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub(crate) async fn connect(
        address: SocketAddr,
        authority: &str,
        token: &str,
        cursor: Option<&str>,
    ) -> Result<Self, SocketError> {
        // A cursor is opaque, so everything except unreserved characters (RFC 3986 section 2.3) is
        // escaped.
        let cursor = cursor.map(|cursor| format!("?cursor={}", escape(cursor))).unwrap_or_default();
        let mut request = format!("ws://{authority}/v1/ws{cursor}").into_client_request()?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(tungstenite::http::Error::from);
        request.headers_mut().insert(header::AUTHORIZATION, bearer.map_err(tungstenite::Error::from)?);
        let stream = TcpStream::connect(address).await.map_err(tungstenite::Error::from)?;
        stream.set_nodelay(true).map_err(tungstenite::Error::from)?;
        // The default buffers take 128 KiB per connection, too much for thousands of clients in one
        // process.
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(0);
        let (stream, _) = client_async_with_config(request, stream, Some(config)).await?;
        Ok(Self(stream))
    }

    /// Returns the next message, answering pings on the way.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes, SocketError> {
        loop {
            match self.0.next().await {
                Some(Ok(Frame::Text(text))) => return Ok(text),
                Some(Ok(Frame::Close(close))) => {
                    let (code, reason) =
                        close.map_or((1005, String::new()), |close| (close.code.into(), close.reason.to_string()));
                    // Sends the answering close frame. A failure does not matter.
                    let _ = self.0.flush().await;
                    return Err(SocketError::Closed { code, reason });
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(SocketError::Closed { code: 1006, reason: String::new() }),
            }
        }
    }
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn a_cursor_survives_a_query() {
        assert_eq!(escape("aZ09-._~"), "aZ09-._~");
        assert_eq!(escape("a+b/c=&"), "a%2Bb%2Fc%3D%26");
    }
}
