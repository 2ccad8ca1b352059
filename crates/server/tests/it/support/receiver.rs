//! A receiver of webhooks, which can be stopped and started, and misbehave.

use std::{
    collections::BTreeMap,
    io::{Error, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{PATIENCE, server::free_address};

/// How often threads look whether the receiver was stopped.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A message that was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// Whether the receiver has said so.
    pub(crate) accepted: bool,
}

impl Received {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The group and version in the id of a message about a change.
    fn change(&self) -> (String, u64) {
        let (group, version) = self.id().rsplit_once('.').expect("an id");
        (group.to_owned(), version.parse().expect("a version"))
    }
}

/// How a receiver answers a message.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With this status and these headers.
    Status(u16, &'static str),
    /// Not at all, until it is stopped.
    Stall,
    /// It closes the connection without an answer, although it has the message.
    BreakOff,
    /// With 200 and a body that does not end.
    Endless,
}

/// How a receiver answers each message.
type Replies = Box<dyn Fn(&Received) -> Reply + Send>;

/// A receiver on loopback. Stopped on drop.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    replies: Mutex<Replies>,
    connections: AtomicUsize,
}

impl Receiver {
    /// Starts a receiver that accepts everything.
    pub(crate) fn start() -> Self {
        let replies: Replies = Box::new(|_| Reply::Status(204, ""));
        let shared =
            Shared { received: Mutex::default(), replies: Mutex::new(replies), connections: AtomicUsize::new(0) };
        let mut receiver = Self { address: free_address(), shared: Arc::new(shared), listening: None };
        receiver.launch();
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers like this from now on.
    pub(crate) fn replies(&self, replies: impl Fn(&Received) -> Reply + Send + 'static) {
        *lock(&self.shared.replies) = Box::new(replies);
    }

    /// Everything that was received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until messages with these ids were accepted, in any order and among others.
    pub(crate) async fn accepts(&self, ids: impl IntoIterator<Item = String>) {
        let ids: Vec<String> = ids.into_iter().collect();
        let from = Instant::now();
        loop {
            let received = self.received();
            let accepted = |id: &&String| received.iter().any(|message| message.accepted && message.id() == *id);
            let Some(missing) = ids.iter().find(|id| !accepted(id)) else { return };
            let ids: Vec<_> = received.iter().map(|message| (message.id(), message.accepted)).collect();
            assert!(from.elapsed() < 2 * PATIENCE, "{missing} was not accepted, of {}: {ids:?}", ids.len());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the first versions of a group were accepted.
    pub(crate) async fn accepts_versions(&self, group: &str, versions: impl IntoIterator<Item = u64>) {
        self.accepts(versions.into_iter().map(|version| format!("{group}.{version}"))).await;
    }

    /// Asserts that each group came in order: nothing before an earlier version was accepted.
    /// Returns how many messages came more than once.
    pub(crate) fn assert_in_order(&self) -> usize {
        let mut accepted = BTreeMap::<String, u64>::new();
        let mut bodies = BTreeMap::<String, Value>::new();
        let mut repeated = 0;
        for message in self.received() {
            let (group, version) = message.change();
            let mut body = message.value();
            assert_eq!((&body["group_id"], &body["version"]), (&group.clone().into(), &version.into()));
            // Positions can differ between servers.
            body.as_object_mut().expect("an object").remove("cursor");
            match bodies.get(message.id()) {
                Some(earlier) => {
                    assert_eq!(*earlier, body, "a repetition is the same message");
                    repeated += 1;
                }
                None => drop(bodies.insert(message.id().to_owned(), body)),
            }
            let newest = accepted.entry(group.clone()).or_insert(version - 1);
            assert!(version <= *newest + 1, "{group}: {version} came after {newest}");
            if message.accepted {
                *newest = (*newest).max(version);
            }
        }
        repeated
    }

    /// Stops it like a crash: connections end, and new ones are refused.
    pub(crate) fn kill(&mut self) {
        let (stopped, thread) = self.listening.take().expect("it runs");
        stopped.store(true, Ordering::SeqCst);
        thread.join().expect("the thread ends");
    }

    /// Starts it again on the same port.
    pub(crate) fn launch(&mut self) {
        let from = Instant::now();
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(error) => assert!(from.elapsed() < PATIENCE, "{error}"),
            }
        };
        listener.set_nonblocking(true).expect("a socket");
        let stopped = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (Arc::clone(&self.shared), Arc::clone(&stopped));
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                let Ok((socket, _)) = listener.accept() else {
                    std::thread::sleep(LOOK_EVERY);
                    continue;
                };
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, stop) = (Arc::clone(&shared), Arc::clone(&stop));
                // A sender that gives up is no concern of the test's.
                std::thread::spawn(move || serve(socket, &shared, &stop).ok());
            }
        });
        self.listening = Some((stopped, thread));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some((stopped, _)) = &self.listening {
            stopped.store(true, Ordering::SeqCst);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut socket: TcpStream, shared: &Shared, stop: &AtomicBool) -> Result<(), Error> {
    socket.set_nonblocking(false)?;
    let mut message = read(&mut socket)?;
    let reply = (lock(&shared.replies))(&message);
    if stop.load(Ordering::SeqCst) {
        return Ok(());
    }
    message.accepted = matches!(reply, Reply::Status(200..=299, _) | Reply::Endless);
    lock(&shared.received).push(message);
    match reply {
        Reply::Status(status, headers) => {
            socket.write_all(format!("HTTP/1.1 {status} It\r\nContent-Length: 0\r\n{headers}\r\n").as_bytes())
        }
        Reply::BreakOff => Ok(()),
        Reply::Stall => {
            while !stop.load(Ordering::SeqCst) {
                std::thread::sleep(LOOK_EVERY);
            }
            Ok(())
        }
        Reply::Endless => {
            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                socket.write_all(&[b'x'; 1_024])?;
            }
        }
    }
}

/// Reads one request with a `Content-Length`.
fn read(socket: &mut TcpStream) -> Result<Received, Error> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    assert!(head.starts_with("POST /hook HTTP/1.1\r\n"), "{head}");
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.ok_or(ErrorKind::InvalidData)?];
    socket.read_exact(&mut body)?;
    Ok(Received { headers, body: String::from_utf8_lossy(&body).into_owned(), accepted: false })
}
