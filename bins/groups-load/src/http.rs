//! A small HTTP/1.1 client: one keep-alive connection, one request at a time. It is simple in order
//! to use little of the CPU of the machine under test.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Maximum idle time of a reused connection. After a longer time the server may have closed it.
const IDLE_MAX: Duration = Duration::from_secs(2);
/// Timeout for a response.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why there is no response. Whether the request was executed is unknown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("no response within {} s", ANSWER_WITHIN.as_secs())]
    Late,
    #[error("the response is not supported HTTP/1.1: {0}")]
    Malformed(&'static str),
}

/// A response with any status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after_seconds: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// A client with one connection, which is opened on first use.
pub(crate) struct Http {
    address: SocketAddr,
    authority: String,
    connection: Option<(TcpStream, Instant)>,
    buffer: Vec<u8>,
}

impl Http {
    pub(crate) fn new(address: SocketAddr, authority: &str) -> Self {
        Self { address, authority: authority.to_owned(), connection: None, buffer: Vec::new() }
    }

    /// Sends one request and waits for its response. Never retries.
    pub(crate) async fn request(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&str>,
    ) -> Result<Answer, HttpError> {
        let head = self.head(method, path, token, body);
        timeout(ANSWER_WITHIN, self.exchange(head, body.unwrap_or_default())).await.unwrap_or(Err(HttpError::Late))
    }

    fn head(&self, method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> String {
        let authority = &self.authority;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(token) = token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some(body) = body {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        head
    }

    async fn exchange(&mut self, mut request: String, body: &str) -> Result<Answer, HttpError> {
        // Taken out while in use, so that a cancelled call leaves no connection with a half-read
        // response.
        let mut stream = match self.connection.take() {
            Some((stream, used)) if used.elapsed() < IDLE_MAX => stream,
            _ => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        request.push_str(body);
        // The server's idle time starts with its response, which is later than this, so the
        // client's limit is reached first.
        let used = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let head_length = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(HttpError::Malformed("its head does not end"));
            }
            read_some(&mut stream, &mut self.buffer).await?;
        };
        let head = Head::parse(&self.buffer[..head_length])?;
        while self.buffer.len() < head_length + head.content_length {
            read_some(&mut stream, &mut self.buffer).await?;
        }
        let body = self.buffer[head_length..head_length + head.content_length].to_vec();
        if !head.closes {
            self.connection = Some((stream, used));
        }
        Ok(Answer { status: head.status, retry_after_seconds: head.retry_after_seconds, body })
    }
}

async fn read_some(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), HttpError> {
    match stream.read_buf(buffer).await? {
        0 => Err(HttpError::Io(std::io::ErrorKind::UnexpectedEof.into())),
        _ => Ok(()),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    content_length: usize,
    retry_after_seconds: Option<u64>,
    closes: bool,
}

impl Head {
    /// Parses a response head (RFC 9112). Supports only responses with `Content-Length` or without
    /// a body.
    fn parse(head: &[u8]) -> Result<Self, HttpError> {
        let head = std::str::from_utf8(head).map_err(|_| HttpError::Malformed("its head is not text"))?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).and_then(|line| line.get(..3));
        let status: u16 =
            status.and_then(|digits| digits.parse().ok()).ok_or(HttpError::Malformed("its status line"))?;
        let (mut content_length, mut retry_after_seconds, mut closes) = (None, None, false);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                content_length = Some(value.parse().map_err(|_| HttpError::Malformed("its Content-Length"))?);
            } else if name.eq_ignore_ascii_case("retry-after") {
                retry_after_seconds = value.parse().ok();
            } else if name.eq_ignore_ascii_case("connection") {
                closes = value.eq_ignore_ascii_case("close");
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(HttpError::Malformed("a body in chunks"));
            }
        }
        let content_length = match (status, content_length) {
            (204 | 304, _) => 0,
            (_, Some(length)) if length <= BODY_BYTES_MAX => length,
            (_, Some(_)) => return Err(HttpError::Malformed("a body above 8 MiB")),
            (_, None) => return Err(HttpError::Malformed("no Content-Length")),
        };
        Ok(Self { status, content_length, retry_after_seconds, closes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_head_contains_the_status_the_length_and_whether_the_connection_closes() {
        let head = Head::parse(b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 2\r\nContent-Length: 17\r\n\r\n").ok();
        assert_eq!(head, Some(Head { status: 429, content_length: 17, retry_after_seconds: Some(2), closes: false }));
        let head = Head::parse(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").ok();
        assert_eq!(head, Some(Head { status: 204, content_length: 0, retry_after_seconds: None, closes: true }));
    }

    #[test]
    fn a_malformed_head_is_an_error() {
        for head in
            ["HTTP/2 200\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"]
        {
            assert!(matches!(Head::parse(head.as_bytes()), Err(HttpError::Malformed(_))), "{head}");
        }
    }
}
