//! A small HTTP/1.1 client (RFC 9112) that sends exactly what it is given, including malformed
//! requests.

use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{PATIENCE, assert_group};

/// Maximum idle time of a reused connection; the server may close older ones.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// A server's address and its idle connections.
pub(crate) struct Http {
    address: SocketAddr,
    idle: Mutex<Idle>,
}

/// Idle connections, and since when they are idle.
#[derive(Default)]
struct Idle {
    connections: Vec<(Instant, TcpStream)>,
    /// Number of server restarts. Connections from before a restart are discarded.
    restarts: u32,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::default() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Discards all connections after a restart.
    pub(crate) fn forget_connections(&self) {
        let mut idle = self.idle();
        idle.connections.clear();
        idle.restarts += 1;
    }

    /// Starts a request without a body.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call { http: self, method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    /// A connection, and the number of restarts when it was taken.
    async fn connection(&self) -> Result<(u32, TcpStream), Error> {
        let (restarts, free) = {
            let mut idle = self.idle();
            idle.connections.retain(|(since, _)| since.elapsed() < IDLE_MAX);
            (idle.restarts, idle.connections.pop())
        };
        let connection = match free {
            Some((_, connection)) => connection,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        Ok((restarts, connection))
    }

    /// Returns a connection to the pool unless the server was restarted in the meantime: the last
    /// response of a killed server may be read after its successor is up.
    fn release(&self, restarts: u32, connection: TcpStream) {
        let mut idle = self.idle();
        if idle.restarts == restarts {
            idle.connections.push((Instant::now(), connection));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request to be sent.
pub(crate) struct Call<'a> {
    http: &'a Http,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    /// Sends the request and returns the response, which must exist.
    pub(crate) async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        self.try_send().await.unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// Sends the request and returns the response, if the server lives long enough.
    pub(crate) async fn try_send(self) -> Result<Answer, Error> {
        match tokio::time::timeout(PATIENCE, self.exchange()).await {
            Ok(result) => result,
            Err(_) => Err(ErrorKind::TimedOut.into()),
        }
    }

    async fn exchange(self) -> Result<Answer, Error> {
        let http = self.http;
        let (restarts, mut connection) = http.connection().await?;
        let (reader, mut writer) = connection.split();
        let mut reader = BufReader::new(reader);
        let request = self.bytes();
        let sending = async {
            // A server that rejects a large body stops reading it; its response still counts.
            let sent = writer.write_all(&request).await;
            sent.is_ok()
        };
        let (sent, answer) = tokio::join!(sending, receive(&mut reader));
        let answer = answer?;
        let clean = sent && answer.status != 101 && reader.buffer().is_empty();
        if clean && !answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            http.release(restarts, connection);
        }
        Ok(answer)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("Host: {}\r\n", self.http.address));
        }
        let chunked = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
        if !chunked && (!self.body.is_empty() || self.method != "GET") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(&self.body);
        bytes
    }
}

async fn receive(from: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> Result<Answer, Error> {
    let malformed = || Error::new(ErrorKind::InvalidData, "this is not HTTP");
    let status = line(from).await?;
    let status: u16 = status.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(malformed)?;
    let mut headers = Vec::new();
    loop {
        let line = line(from).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(malformed)?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if let Some(length) = answer.header("content-length") {
        answer.body = vec![0; length.parse().map_err(|_| malformed())?];
        from.read_exact(&mut answer.body).await?;
    } else if answer.header("transfer-encoding").is_some() {
        loop {
            let length = usize::from_str_radix(&line(from).await?, 16).map_err(|_| malformed())?;
            let mut chunk = vec![0; length + 2];
            from.read_exact(&mut chunk).await?;
            answer.body.extend(&chunk[..length]);
            if length == 0 {
                break;
            }
        }
    }
    Ok(answer)
}

async fn line(from: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> Result<String, Error> {
    use tokio::io::AsyncBufReadExt;
    let mut line = String::new();
    if from.read_line(&mut line).await? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// A response of the server.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text()))
    }

    /// The JSON body of a response with this status.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/json"), "the answer is {kind}");
        self.value()
    }

    /// The group in a response with this status.
    #[track_caller]
    pub(crate) fn group(&self, status: u16) -> Value {
        let group = self.ok(status);
        assert_group(&group, true);
        group
    }

    /// Asserts success without a body.
    #[track_caller]
    pub(crate) fn no_content(&self) {
        assert_eq!(self.status, 204, "{}", self.text());
        assert!(self.body.is_empty(), "204 has no body");
    }

    /// Asserts a problem (RFC 9457) with this status and code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{problem}");
        problem
    }

    /// Asserts a problem with one of these codes.
    #[track_caller]
    pub(crate) fn problem_of(&self, codes: &[(u16, &str)]) -> Value {
        let problem = self.any_problem();
        let code = problem["code"].as_str().unwrap_or_default();
        assert!(codes.contains(&(self.status, code)), "{} {problem} is not one of {codes:?}", self.status);
        problem
    }

    /// Asserts a valid problem that reveals no internals.
    #[track_caller]
    pub(crate) fn any_problem(&self) -> Value {
        assert!(self.status >= 400, "{} {}", self.status, self.text());
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "{} is {kind}: {}", self.status, self.text());
        let mut problem = self.value();
        // An application's own route has no request id.
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{problem}");
        for field in ["type", "title", "detail", "code"] {
            assert!(problem[field].is_string(), "{field} of {problem}");
        }
        assert_eq!(problem["status"].as_u64(), Some(u64::from(self.status)), "{problem}");
        let text = problem.to_string().to_lowercase();
        for leak in ["sqlite", "diesel", "select ", "insert ", ".rs:", "/home", "/tmp", "panicked", "backtrace"] {
            assert!(!text.contains(leak), "{leak:?} in {problem}");
        }
        // So that problems can be compared.
        problem.as_object_mut().expect("an object").remove("request_id");
        problem
    }
}
