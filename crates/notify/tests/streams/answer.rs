//! The answer to a plain request.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A response whose body is read as it comes.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The lines of the head in lower case, without the first.
    pub(crate) headers: Vec<String>,
    stream: BufReader<TcpStream>,
    is_chunked: bool,
    /// What has arrived of the body and was not read.
    body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn get(mut stream: TcpStream, path: &str) -> Self {
        let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            match line.trim_end() {
                "" => break,
                line => headers.push(line.to_lowercase()),
            }
        }
        let status = headers.remove(0).split(' ').nth(1).unwrap().parse().unwrap();
        let is_chunked = headers.iter().any(|line| line == "transfer-encoding: chunked");
        Self { status, headers, stream, is_chunked, body: Vec::new() }
    }

    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|line| line == header)
    }

    /// The next line of the body; `None` if it ends before.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.body.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.body.drain(..=end).collect();
                return Some(String::from_utf8(line).unwrap().trim_end_matches('\n').to_owned());
            }
            if !self.receive().await {
                return None;
            }
        }
    }

    /// The whole body.
    pub(crate) async fn text(mut self) -> String {
        while self.receive().await {}
        String::from_utf8(self.body).unwrap()
    }

    /// Receives a part of the body. Returns whether there was one.
    async fn receive(&mut self) -> bool {
        if !self.is_chunked {
            return self.stream.read_buf(&mut self.body).await.unwrap_or_default() > 0;
        }
        let mut size = String::new();
        // A connection that was shut down ends without a last chunk.
        self.stream.read_line(&mut size).await.unwrap_or_default();
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap_or_default();
        let mut chunk = vec![0; size + 2];
        if self.stream.read_exact(&mut chunk).await.is_err() {
            return false;
        }
        self.body.extend_from_slice(&chunk[..size]);
        size > 0
    }
}
